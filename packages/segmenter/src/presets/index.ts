export type { PresetDataset } from './data-sets.js';
export type { InverseSchedule, PaperRow, Preset, PresetClass, PriorSchedule } from './preset.js';
export { type PresetOptions, preset, presetNames } from './presets.js';
