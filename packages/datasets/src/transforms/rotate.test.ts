import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { rotateImage, rotateLabels } from '../index.js';

interface Case {
  readonly width: number;
  readonly height: number;
  readonly angle: number;
  readonly autoBound: boolean;
  readonly outWidth: number;
  readonly outHeight: number;
  readonly image: string;
  readonly labels: string;
  readonly rotated: string;
  readonly rotatedLabels: string;
}
// Made by fixtures/rotate.py with OpenCV.
const path = fileURLToPath(new URL('../../fixtures/rotate.json', import.meta.url));
const { cases, fill } = JSON.parse(readFileSync(path, 'utf8')) as {
  cases: Case[];
  fill: [number, number, number];
};
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));

describe('rotate equals mmcv and OpenCV', () => {
  test.each(cases)('$width×$height by $angle°, autoBound $autoBound', (c) => {
    const size = { width: c.width, height: c.height };
    const image = rotateImage({ data: bytes(c.image), ...size }, c.angle, fill, c);
    const labels = rotateLabels({ data: bytes(c.labels), ...size }, c.angle, 255, c);
    for (const { width, height } of [image, labels]) expect([width, height]).toEqual([c.outWidth, c.outHeight]);
    const want = bytes(c.rotated);
    expect(want.map((v, i) => Math.abs(v - image.data[i]!)).reduce((a, b) => Math.max(a, b))).toBe(0); // grey levels
    expect(labels.data).toEqual(bytes(c.rotatedLabels));
  });
});
