import { describe, expect, test } from 'vitest';
import { fillPolygon, type Point } from '../index.js';
import { polygonReader } from './decode-polygons.js';

const draw = (width: number, height: number, ...polygons: readonly (readonly Point[])[]) => {
  const map = { data: new Uint8Array(width * height), width, height };
  for (const [i, polygon] of polygons.entries()) fillPolygon(map, polygon, i + 1);
  return Array.from({ length: height }, (_, y) => map.data.subarray(y * width, (y + 1) * width).join(''));
};

// Expected maps: Pillow 13's ImageDraw.polygon.
describe('fillPolygon equals Pillow', () => {
  test('a triangle with its outline', () => {
    expect(
      draw(7, 5, [
        [0, 0],
        [6, 0],
        [3, 4],
      ]),
    ).toEqual(['1111111', '0111110', '0011100', '0011100', '0001000']);
  });
  test('a concave star, cut off at the edges, fractions dropped', () => {
    const star: Point[] = [
      [-2.7, 3.2],
      [3.9, 2.1],
      [4.5, -3],
      [6.2, 2.9],
      [12, 3.5],
      [7.1, 5.8],
      [8.8, 9.9],
      [4.4, 6.6],
      [0.3, 9.1],
      [2.2, 5.5],
    ];
    expect(draw(9, 8, star)).toEqual([
      '000111000',
      '000111100',
      '000111100',
      '111111111',
      '111111111',
      '001111110',
      '001111110',
      '011101110',
    ]);
  });
  test('later polygons cover earlier ones; one corner paints a pixel, two a line', () => {
    expect(
      draw(
        4,
        3,
        [
          [0, 0],
          [3, 0],
          [3, 2],
          [0, 2],
        ],
        [[1, 1]],
        [
          [2, 2],
          [3, 2],
        ],
      ),
    ).toEqual(['1111', '1211', '1133']);
  });
});

describe('polygonReader', () => {
  const read = polygonReader(['road', 'car', 'unlabeled'], 2);
  const file = (objects: unknown, more: object = {}) =>
    new TextEncoder().encode(JSON.stringify({ imgWidth: 4, imgHeight: 2, objects, ...more }));
  const square = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ];
  test('paints in the order of the file, leaves out what was deleted, counts groups', () => {
    const objects = [
      {
        label: 'road',
        polygon: [
          [0, 0],
          [3, 0],
          [3, 0],
          [0, 0],
        ],
      },
      { label: 'cargroup', polygon: square },
      { label: 'road', polygon: square, deleted: 1 },
    ];
    expect([...read(file(objects), 'a.json', {}).data]).toEqual([1, 1, 0, 0, 1, 1, 2, 2]);
  });
  test.each([
    [
      'a label that is not known',
      file([{ label: 'dragon', polygon: square }]),
      /a\.json: label "dragon" is none of the 3/,
    ],
    ['no JSON', new TextEncoder().encode('{"imgWi'), /a\.json: not JSON/],
    ['no size', file([], { imgWidth: 0 }), /no size of the picture/],
    ['a broken polygon', file([{ label: 'road', polygon: [[1]] }]), /objects\[0\] has no label and polygon/],
    ['a claimed size', file([], { imgWidth: 1e6, imgHeight: 1e6 }), /exceed the limit/],
  ])('refuses %s', (_, bytes, message) => expect(() => read(bytes, 'a.json', {})).toThrow(message));
});
