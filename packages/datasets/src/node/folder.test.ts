import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDataset } from './index.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gss-folder-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const put = (path: string, bytes: Uint8Array | string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), bytes);
};
const picture = (width = 6, height = 4) =>
  sharp({ create: { width, height, channels: 3, background: { r: 200, g: 100, b: 50 } } });
const ids = (data: number[] | Uint8Array, width = 6, height = 4) =>
  encode({ data: Uint8Array.from(data), width, height, channels: 1 });
const classes = {
  classes: [
    { id: 0, name: 'road', color: [1, 2, 3] },
    { id: 3, name: 'sky', color: [4, 5, 6] },
  ],
  ignore_index: 9,
};
async function good() {
  put('classes.json', JSON.stringify(classes));
  put('images/train/b.png', await picture().png().toBuffer());
  put('images/train/a.jpg', await picture().jpeg().toBuffer());
  put('images/val/c.webp', await picture().webp({ lossless: true }).toBuffer());
  for (const name of ['train/a', 'train/b', 'val/c']) put(`labels/${name}.png`, ids([0, 3, 9, ...Array(21).fill(3)]));
}
const open = (split = 'train', extra = {}) => openDataset({ kind: 'folder', root, split, ...extra });
const failure = async (run: () => Promise<unknown>) => {
  const error = await run().then(
    () => undefined,
    (e: unknown) => e as Error,
  );
  return `${error?.name}: ${error?.message}`;
};

describe('a good folder', () => {
  beforeEach(good);
  test('reads pictures and maps raw ids to classes in id order', async () => {
    const dataset = await open();
    expect([dataset.length, dataset.name(0), dataset.name(1)]).toEqual([2, 'a', 'b']);
    expect(dataset.classes).toEqual([
      { name: 'road', color: [1, 2, 3] },
      { name: 'sky', color: [4, 5, 6] },
    ]);
    const { image, labels, name } = await dataset.read(1);
    expect(name).toBe('b');
    expect([image.width, image.height, image.data.length]).toEqual([6, 4, 72]);
    expect([...image.data.slice(0, 6)]).toEqual([200, 100, 50, 200, 100, 50]);
    expect([...labels.data.slice(0, 4)]).toEqual([0, 1, 255, 1]);
    expect((await (await open('val')).read(0)).image.data[0]).toBe(200);
    expect((await open('train', { limit: 1 })).length).toBe(1);
  });
  test('ignores the EXIF orientation, drops alpha, spreads grey', async () => {
    put('images/train/a.jpg', await picture().withMetadata({ orientation: 6 }).jpeg().toBuffer());
    put('images/train/b.png', await picture().ensureAlpha(0.2).png().toBuffer());
    const dataset = await open();
    expect((await dataset.read(0)).image).toMatchObject({ width: 6, height: 4 });
    expect([...(await dataset.read(1)).image.data.slice(0, 3)]).toEqual([200, 100, 50]);
    put('images/train/b.png', await picture().toColourspace('b-w').png().toBuffer());
    const [r, g, b] = (await dataset.read(1)).image.data;
    expect(r === g && g === b).toBe(true);
  });
  test('names an index out of range', async () => {
    const dataset = await open();
    await expect(dataset.read(2)).rejects.toThrow('index 2 is not an integer of 0..1');
  });
});

describe('a bad folder gets one clear error', () => {
  beforeEach(good);
  test('no root, no classes.json, no such split, empty split', async () => {
    expect(await failure(() => openDataset({ kind: 'folder', root: join(root, 'no'), split: 'x' }))).toMatch(
      /DatasetError: .*no: no such folder. Expected images\/SPLIT/,
    );
    expect(await failure(() => open('trian'))).toMatch(/no split "trian".* It has: train, val\./);
    mkdirSync(join(root, 'images/none'));
    expect(await failure(() => open('none'))).toMatch(/images\/none: the split "none" has no \.jpg/);
    rmSync(join(root, 'classes.json'));
    expect(await failure(() => open())).toMatch(/classes\.json: missing .*Write one of the form/);
  });
  test.each([
    ['{', /not JSON/],
    ['[]', /expected an object/],
    ['{"classes":[]}', /expected 1\.\.255 classes, got 0/],
    ['{"classes":[{"id":-1,"name":"a","color":[0,0,0]}]}', /classes\[0\]\.id is -1/],
    ['{"classes":[{"id":1,"name":"a","color":[0,0,256]}]}', /classes\[0\]\.color is \[0,0,256\]/],
    ['{"classes":[{"id":1,"name":"","color":[0,0,0]}]}', /classes\[0\]\.name is ""/],
    [
      '{"classes":[{"id":1,"name":"a","color":[0,0,0]},{"id":1,"name":"b","color":[0,0,0]}]}',
      /two classes have the id 1/,
    ],
    ['{"classes":[{"id":1,"name":"a","color":[0,0,0]}],"ignore_index":1}', /"ignore_index" 1 is also the id/],
  ])('classes.json %s', async (text, message) => {
    put('classes.json', text);
    expect(await failure(() => open())).toMatch(message);
  });
  test('missing partners, double names', async () => {
    rmSync(join(root, 'labels/train/a.png'));
    expect(await failure(() => open())).toMatch(/1 of 2 pictures have no label, first a\.png for .*a\.jpg/);
    put('labels/train/a.png', ids(Array(24).fill(0)));
    put('labels/train/z.png', ids(Array(24).fill(0)));
    expect(await failure(() => open())).toMatch(/1 labels have no picture, first .*z\.png/);
    rmSync(join(root, 'labels/train/z.png'));
    put('images/train/a.png', await picture().png().toBuffer());
    expect(await failure(() => open())).toMatch(/share the name "a"/);
  });
  test('unknown ids: file, ids, pixel counts and first pixels', async () => {
    put('labels/train/a.png', ids([0, 0, 0, 0, 0, 0, 0, 7, 7, 4, ...Array(14).fill(0)]));
    const message = await failure(async () => (await open()).read(0));
    expect(message).toMatch(
      /labels\/train\/a\.png: label id 4 \(1 pixels, first at x 3, y 1\), 7 \(2 pixels, first at x 1, y 1\)/,
    );
    expect(message).toContain('knows 0, 3, 9');
  });
  test('truncated and foreign pictures', async () => {
    const bytes = await sharp({
      create: {
        width: 64,
        height: 64,
        channels: 3,
        background: 'red',
        noise: { type: 'gaussian', mean: 99, sigma: 50 },
      },
    })
      .jpeg()
      .toBuffer();
    put('images/train/a.jpg', bytes);
    truncateSync(join(root, 'images/train/a.jpg'), Math.floor(bytes.length / 2));
    expect(await failure(async () => (await open()).read(0))).toMatch(/a\.jpg: the picture is damaged or truncated/);
    put('images/train/a.jpg', 'hello');
    expect(await failure(async () => (await open()).read(0))).toMatch(/expected a JPEG, PNG or WebP.*68656c6c/);
    put('images/train/a.jpg', '');
    expect(await failure(async () => (await open()).read(0))).toMatch(/0 bytes that begin with nothing/);
  });
  test('sizes: mismatch and cap', async () => {
    put('labels/train/a.png', ids(Array(20).fill(0), 5, 4));
    expect(await failure(async () => (await open()).read(0))).toMatch(/the label is 5×4, its picture .* is 6×4/);
    expect(await failure(async () => (await open('train', { maxPixels: 23 })).read(1))).toMatch(
      /b\.png: 6×4 pixels exceed the limit of 23/,
    );
  });
  test('labels: palette, colour, damaged, JPEG', async () => {
    const indexed = await picture().png({ palette: true }).toBuffer();
    put('labels/train/a.png', indexed);
    expect(await failure(async () => (await open()).read(0))).toMatch(
      /expected an index PNG \(grey\), got a palette PNG/,
    );
    expect((await (await open('train', { acceptPalettePng: true })).read(0)).labels.data[0]).toBe(0);
    put('labels/train/a.png', await picture().png().toBuffer());
    expect(await failure(async () => (await open()).read(0))).toMatch(/1 channel, got 3 channels/);
    const png = ids(Array(24).fill(0));
    for (const at of [png.length - 20, png.length - 30]) {
      const damaged = png.slice();
      damaged[at]! ^= 4;
      put('labels/train/a.png', damaged);
      expect(await failure(async () => (await open()).read(0))).toMatch(/a\.png: the PNG is damaged or truncated/);
    }
    put('labels/train/a.png', png.slice(0, png.length - 25));
    expect(await failure(async () => (await open()).read(0))).toMatch(/a\.png: the PNG is damaged or truncated/);
    put('labels/train/a.png', await picture().jpeg().toBuffer());
    expect(await failure(async () => (await open()).read(0))).toMatch(/JPEG cannot hold ids/);
  });
});
