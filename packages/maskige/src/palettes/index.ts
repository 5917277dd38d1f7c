export { isPaletteName, type NamedPalette, namedPalette, type PaletteName, paletteNames } from './named.js';
