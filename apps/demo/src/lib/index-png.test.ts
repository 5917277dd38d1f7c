import { decode } from 'fast-png';
import { expect, test } from 'vitest';
import { encodeIndexPng } from './index-png.js';

const palette = [
  [255, 0, 0],
  [0, 255, 0],
  [10, 20, 30],
] as const;

test('another decoder reads ids and colours of an 8-bit map', async () => {
  const data = Uint8Array.from({ length: 7 * 5 }, (_, i) => (i === 9 ? 255 : i % 3));
  const blob = await encodeIndexPng({ data, width: 7, height: 5 }, palette);
  const png = decode(new Uint8Array(await blob.arrayBuffer()), { checkCrc: true });
  expect([png.width, png.height, png.depth, png.channels]).toEqual([7, 5, 8, 1]);
  expect([...png.data]).toEqual([...data]);
  expect(png.palette?.slice(0, 3)).toEqual(palette.map((color) => [...color]));
});

test('ids beyond 255 become 16-bit grey', async () => {
  const data = Uint16Array.of(0, 256, 700, 65535, 3, 4);
  const blob = await encodeIndexPng({ data, width: 3, height: 2 }, palette);
  const png = decode(new Uint8Array(await blob.arrayBuffer()), { checkCrc: true });
  expect([png.depth, png.channels]).toEqual([16, 1]);
  expect([...png.data]).toEqual([...data]);
});
