import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { encode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { DatasetError } from '../index.js';
import { decodeImage, decodeLabel } from './index.js';

/** A PNG by hand: encoders do not write grey of fewer than 8 bits. */
function png(width: number, height: number, depth: number, colorType: number, rows: readonly Uint8Array[]): Uint8Array {
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colorType], 8);
  const data = deflateSync(Buffer.concat(rows.map((row) => Buffer.concat([Buffer.from([0]), row]))));
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('decodeLabel', () => {
  test.each([
    [1, 11, [0b10110011, 0b01000000], [1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 0]],
    [2, 5, [0b11100100, 0b01000000], [3, 2, 1, 0, 1]],
    [4, 3, [0xf3, 0x70], [15, 3, 7]],
  ])('grey of %i bits', (depth, width, row, ids) => {
    const bytes = Uint8Array.from(row);
    expect([...decodeLabel(png(width, 2, depth, 0, [bytes, bytes]), 'x.png').data]).toEqual([...ids, ...ids]);
  });
  test('grey of 16 bits keeps ids above 255', () => {
    const ids = Uint16Array.from([0, 255, 256, 26002, 65535, 1]);
    expect(decodeLabel(encode({ data: ids, width: 3, height: 2, channels: 1, depth: 16 }), 'x.png')).toEqual({
      data: ids,
      width: 3,
      height: 2,
    });
  });
  test('a header that claims a huge picture is refused before anything is allocated', () => {
    const bytes = png(60_000, 60_000, 8, 0, [new Uint8Array(1)]);
    expect(() => decodeLabel(bytes, 'x.png')).toThrow('x.png: 60000×60000 pixels exceed the limit of 67108864');
  });
  test('whatever is done to a file, it is read rightly or refused with its name', () => {
    const ids = Uint8Array.from({ length: 96 }, (_, i) => (i * 7) % 19);
    const good = encode({ data: ids, width: 12, height: 8, channels: 1 });
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, flip, cut) => {
        const bad = cut ? good.slice(0, at) : good.slice();
        if (!cut) bad[at]! ^= flip;
        try {
          expect(decodeLabel(bad, 'bad.png', { maxPixels: 10_000 }).data).toEqual(ids);
        } catch (error) {
          expect(error).toBeInstanceOf(DatasetError);
          expect((error as Error).message).toMatch(/^bad\.png: /);
        }
      }),
      { numRuns: 400 },
    );
  });
});

test('decodeImage refuses what is no picture, whatever it is, with its name', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom('', 'ffd8ffe0', '89504e470d0a1a0a', '52494646000000005745425056503820'),
      async (tail, head) => {
        const bytes = Buffer.concat([Buffer.from(head, 'hex'), tail]);
        await expect(decodeImage(bytes, 'junk.bin')).rejects.toThrow(/^junk\.bin: /);
      },
    ),
    { numRuns: 60 },
  );
});
