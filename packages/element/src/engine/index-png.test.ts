import { fc, test } from '@fast-check/vitest';
import { decode } from 'fast-png';
import { expect } from 'vitest';
import { encodeIndexPng } from './index-png.js';

const size = fc.integer({ min: 1, max: 40 });
test.prop([size, size, fc.integer()])(
  'pixel values are the class numbers, for any reader',
  async (width, height, seed) => {
    const data = Uint8Array.from({ length: width * height }, (_, i) => Math.abs((seed + i * 7) % 256));
    const png = decode(
      await (
        await encodeIndexPng({ data, width, height }, [
          [1, 2, 3],
          [40, 50, 60],
        ])
      ).arrayBuffer(),
      { checkCrc: true },
    );
    expect([png.width, png.height, png.depth, png.channels]).toEqual([width, height, 8, 1]);
    expect([...png.data]).toEqual([...data]);
    expect(png.palette?.slice(0, 3)).toEqual([
      [1, 2, 3],
      [40, 50, 60],
      [0, 0, 0],
    ]);
  },
);
test('refuses labels of another size', async () => {
  await expect(encodeIndexPng({ data: new Uint8Array(3), width: 2, height: 2 }, [])).rejects.toThrow(
    '2 × 2 labels, got 3',
  );
});
