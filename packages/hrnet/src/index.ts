export { type HRNetConfig, type HRNetParams, hrnet, hrnetSpec, hrnetTrains } from './hrnet.js';
export { type StageConfig, type StageParams, stage, stageSpec, transition, transitionSpec } from './stage.js';
export { hrnetVariants } from './variants.js';
