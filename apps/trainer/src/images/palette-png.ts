import type { LabelMap } from '@gss/maskige';
import { indexPng } from './write.js';

type Rgb = readonly [number, number, number];

const table = Int32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

/** CRC-32 of a PNG chunk: type and data. */
function crc(bytes: Uint8Array): number {
  let c = -1;
  for (const byte of bytes) c = table[(c ^ byte) & 255]! ^ (c >>> 8);
  return (c ^ -1) >>> 0;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length + 12);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(data, 8);
  view.setUint32(data.length + 8, crc(out.subarray(4, data.length + 8)));
  return out;
}

const signature = 8;
const header = 25; // IHDR with length, type and CRC
const colourType = signature + 8 + 9;

/**
 * A label map as a palette PNG: ids as indices, shown in the classes' colours. It is the grey index PNG with a PLTE chunk: pixel data
 * of 8 bits are the same in both. Ids without a colour (255: unlabelled) are black.
 * @throws RangeError for ids of 16 bits; a PNG palette has 256 entries.
 */
export function palettePng(labels: LabelMap, colours: readonly Rgb[]): Uint8Array {
  if (labels.data instanceof Uint16Array)
    throw new RangeError(
      `palettePng: expected ids of 8 bits, got ${colours.length} classes. Write index or colour PNGs instead.`,
    );
  const grey = indexPng(labels);
  const head = grey.slice(signature + 8, signature + header - 4);
  head[9] = 3; // indexed colour
  if (grey[colourType] !== 0) throw new Error('palettePng: expected a grey PNG to put the palette into.');
  const palette = new Uint8Array(256 * 3);
  for (const [id, colour] of colours.entries()) palette.set(colour, id * 3);
  return Buffer.concat([
    grey.subarray(0, signature),
    chunk('IHDR', head),
    chunk('PLTE', palette),
    grey.subarray(signature + header),
  ]);
}
