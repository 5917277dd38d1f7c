export { type ResNetConfig, type ResNetParams, resnet, resnetSpec, resnetTrains } from './resnet.js';
export { deepStemSpec, maxPoolOfRelu, stem, stemSpec } from './stem.js';
export { resnetVariants } from './variants.js';
