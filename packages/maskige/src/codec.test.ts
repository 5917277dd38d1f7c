import { fc, test } from '@fast-check/vitest';
import { checkPalette, crop, decode, encode, maximalDistancePalette, type Palette, type Rgb } from '@gss/maskige';
import { describe, expect, vi } from 'vitest';

const colors = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255));
/** Palettes of scattered colours, and of colours crowded into a corner so that cells have many candidates. */
const palettes = fc
  .tuple(fc.constantFrom(1, 8, 32), fc.array(colors, { minLength: 1, maxLength: 120 }))
  .map(([shrink, list]): Palette => list.map((c) => c.map((v) => Math.floor(v / shrink)) as unknown as Rgb));
const goodPalettes = palettes.filter((palette) => checkPalette(palette).ok);

/** The definition: the first of the nearest colours. */
function bruteForce(data: ArrayLike<number>, palette: Palette, channels = 3): Uint16Array {
  const rgb = Int32Array.from(palette.flat());
  const labels = new Uint16Array(data.length / channels);
  for (let i = 0, p = 0; p < data.length; i++, p += channels) {
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < rgb.length; k += 3) {
      const [r, g, b] = [data[p]! - rgb[k]!, data[p + 1]! - rgb[k + 1]!, data[p + 2]! - rgb[k + 2]!];
      const d = r * r + g * g + b * b;
      if (d < least) [least, labels[i]] = [d, k / 3];
    }
  }
  return labels;
}

/** Numbers below `bound` from a seed. */
function numbers(count: number, seed: number, bound: number): Uint8Array {
  let state = seed | 1;
  return Uint8Array.from({ length: count }, () => {
    state = Math.imul(state, 1664525) + 1013904223;
    return (state >>> 8) % bound;
  });
}

const firstDifference = (a: Uint8Array | Uint16Array, b: Uint16Array) => a.findIndex((v, i) => v !== b[i]);

describe('round trip', () => {
  test.prop([goodPalettes, fc.array(fc.nat(), { maxLength: 60 }), fc.constantFrom(3, 4)])(
    'decode(encode(mask)) is the mask',
    (palette, list, channels) => {
      const map = { data: Uint8Array.from(list, (n) => n % palette.length), width: list.length, height: 1 };
      expect(decode(encode(map, palette, { channels: channels as 3 }), palette)).toEqual(map);
    },
  );

  test.prop([goodPalettes, fc.integer(), fc.constantFrom(3, 4), fc.integer({ min: 1, max: 40 })], { numRuns: 15 })(
    'also on large maps with runs and an ignored label',
    (palette, seed, channels, run) => {
      const ignoreColor: Rgb = [255, 255, 255];
      fc.pre(checkPalette(palette, { ignoreColor }).ok);
      const labels = numbers(9001, seed, palette.length + 1).map((v) => (v === palette.length ? 255 : v));
      const map = { data: labels.map((_, i) => labels[i - (i % run)]!), width: 9001, height: 1 };
      const options = { ignore: 255, ignoreColor };
      const maskige = encode(map, palette, { ...options, channels: channels as 3 });
      map.data.forEach((label, i) => {
        const at = maskige.data.subarray(i * channels, i * channels + 3);
        if (i % 500 === 0) expect([...at]).toEqual(label === 255 ? ignoreColor : palette[label]);
      });
      expect(decode(maskige, palette, options)).toEqual(map);
    },
  );

  test('65,535 classes, in 16 bits', () => {
    const palette = maximalDistancePalette(65535);
    expect(checkPalette(palette).minDistance).toBeGreaterThan(6);
    const options = { ignore: 65535, ignoreColor: [0, 0, 0] as const };
    // All labels are encoded; decoding settles a block of the cube a time, so 30 labels far and wide do.
    const all = { data: Uint16Array.from({ length: 65536 }, (_, i) => i), width: 256, height: 256 };
    const maskige = encode(all, palette, options);
    expect([...maskige.data.slice(3 * 40000, 3 * 40000 + 3)]).toEqual(palette[40000]);
    const some = { data: Uint16Array.from({ length: 30 }, (_, i) => 65535 - i ** 3), width: 30, height: 1 };
    expect(decode(encode(some, palette, options), palette, options)).toEqual(some);
  });
});

describe('decode equals brute force', () => {
  const seeds = fc.tuple(fc.integer(), fc.constantFrom(256, 40));
  test.prop([palettes, seeds, fc.constantFrom(3, 4)], { numRuns: 25 })(
    'on large images, with ties and duplicates',
    (palette, [seed, bound], channels) => {
      const data = numbers(8200 * channels, seed, bound);
      const image = { data, width: 820, height: 10, channels: channels as 3 };
      expect(Uint16Array.from(decode(image, palette, { force: true }).data)).toEqual(
        bruteForce(data, palette, channels),
      );
    },
  );

  test.prop([palettes, fc.integer(), fc.double({ min: -20, max: 280, noNaN: true })], { numRuns: 30 })(
    'on real numbers, inside the cube and out',
    (palette, seed, offset) => {
      const data = Float64Array.from(numbers(300, seed, 256), (v, i) => (i < 30 ? v + offset : v + (i % 8) / 8));
      const image = { data, width: 100, height: 1 };
      expect(Uint16Array.from(decode(image, palette, { force: true }).data)).toEqual(bruteForce(data, palette));
    },
  );

  test.each([-0.5, 255.75, 256, 256.5, 300])('just outside the cube, at %d', (v) => {
    const palette = maximalDistancePalette(19);
    const data = Float32Array.of(v, 3, 200, 90, v, 14, 250, 31, v);
    expect(Uint16Array.from(decode({ data, width: 3, height: 1 }, palette).data)).toEqual(bruteForce(data, palette));
  });

  test('in every cell of the colour cube', () => {
    const data = new Uint8Array(64 ** 3 * 3);
    for (let i = 0; i < 64 ** 3; i++) {
      data.set([(i >> 12) * 4 + (i % 3), ((i >> 6) & 63) * 4 + (i % 4), (i & 63) * 4 + (i % 2)], 3 * i);
    }
    for (const K of [1, 2, 61]) {
      const palette = maximalDistancePalette(K);
      const { data: labels } = decode({ data, width: 64 ** 2, height: 64 }, palette);
      expect(firstDifference(labels, bruteForce(data, palette))).toBe(-1);
    }
  });

  test('where every cell has more candidates than there is room for lists', () => {
    // 256 colours of nearly one distance from everywhere: a tiny grid in a corner, planes all over the cube.
    const palette = Array.from({ length: 256 }, (_, k): Rgb => [k % 7, Math.floor(k / 7) % 6, Math.floor(k / 42)]);
    const data = numbers(9000 * 3, 5, 256);
    const { data: labels } = decode({ data, width: 9000, height: 1 }, palette, { force: true });
    expect(firstDifference(labels, bruteForce(data, palette))).toBe(-1);
  });

  test('without WebAssembly', async () => {
    vi.resetModules();
    vi.stubGlobal('WebAssembly', undefined);
    try {
      const plain = await import('./index.js');
      const palette = maximalDistancePalette(40);
      const image = { data: numbers(30000, 9, 256), width: 100, height: 100 };
      const labels = plain.decode(image, palette);
      expect(Uint16Array.from(labels.data)).toEqual(bruteForce(image.data, palette));
      expect(plain.encode(labels, palette)).toEqual(encode(labels, palette));
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe('views', () => {
  const palette = maximalDistancePalette(9);
  const sizes = fc.tuple(fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: 150 }));
  const parts = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.nat(99));

  test.prop([sizes, parts, fc.integer(), fc.constantFrom(3, 4)])(
    'cropping commutes with coding, and nothing outside is touched',
    ([width, height], [u, v, s, t], seed, channels) => {
      const [x, y] = [Math.floor((u * width) / 100), Math.floor((v * height) / 100)];
      const rectangle = {
        x,
        y,
        width: Math.ceil(((width - x) * s) / 100),
        height: Math.ceil(((height - y) * t) / 100),
      };
      const map = { data: numbers(width * height, seed, 9), width, height };
      const whole = encode(map, palette, { channels: channels as 3 });
      const part = crop(map, rectangle);
      const out = { data: new Uint8ClampedArray(whole.data.length).fill(7), width, height, channels: channels as 3 };
      encode(part, palette, { out: crop(out, rectangle) });
      for (let i = 0; i < out.data.length; i++) {
        const [px, py] = [Math.floor(i / channels) % width, Math.floor(i / channels / width)];
        const inside = px >= x && px < x + rectangle.width && py >= y && py < y + rectangle.height;
        if (out.data[i] !== (inside ? whole.data[i] : 7)) throw new Error(`pixel (${px}, ${py}) differs`);
      }
      const back = { data: new Uint8Array(width * height).fill(99), width, height };
      decode(crop(whole, rectangle), palette, { out: crop(back, rectangle) });
      for (let i = 0; i < back.data.length; i++) {
        const [px, py] = [i % width, Math.floor(i / width)];
        const inside = px >= x && px < x + rectangle.width && py >= y && py < y + rectangle.height;
        if (back.data[i] !== (inside ? map.data[i] : 99)) throw new Error(`label (${px}, ${py}) differs`);
      }
    },
  );

  test.prop([sizes, fc.integer()])('flipping commutes with coding', ([width, height], seed) => {
    const map = { data: numbers(width * height, seed, 9), width, height };
    const flip = (data: ArrayLike<number>, n: number) =>
      Uint8Array.from({ length: data.length }, (_, i) => {
        const [c, x, y] = [i % n, Math.floor(i / n) % width, Math.floor(i / n / width)];
        return data[(y * width + (width - 1 - x)) * n + c]!;
      });
    const flipped = { ...map, data: flip(map.data, 1) };
    expect(Uint8Array.from(encode(flipped, palette).data)).toEqual(flip(encode(map, palette).data, 3));
  });

  test.each([3, 4] as const)('large rectangles into and out of buffers of their own, %i channels', (channels) => {
    const map = { data: numbers(150 * 140, 5, 9), width: 150, height: 140 };
    const rectangle = { x: 3, y: 2, width: 120, height: 130 };
    const part = encode(crop(map, rectangle), palette, { channels });
    const whole = encode(map, palette, { channels });
    const expected = Uint8Array.from(
      { length: 120 * 130 },
      (_, i) => map.data[(2 + Math.floor(i / 120)) * 150 + 3 + (i % 120)]!,
    );
    expect(decode(part, palette).data).toEqual(expected);
    expect(decode(crop(whole, rectangle), palette).data).toEqual(expected);
    const out = { ...whole, data: new Uint8ClampedArray(whole.data.length), channels };
    encode({ data: expected, width: 120, height: 130 }, palette, { out: crop(out, rectangle) });
    expect(decode(crop(out, rectangle), palette).data).toEqual(expected);
    const labels = { data: new Uint8Array(150 * 140).fill(99), width: 150, height: 140 };
    decode(part, palette, { out: crop(labels, rectangle) });
    expect(labels.data.filter((v) => v !== 99)).toEqual(expected);
  });

  test('a crop of a crop is a crop', () => {
    const map = { data: numbers(600, 3, 9), width: 30, height: 20 };
    const twice = crop(crop(map, { x: 4, y: 5, width: 20, height: 10 }), { x: 3, y: 2, width: 6, height: 4 });
    expect(twice).toEqual(crop(map, { x: 7, y: 7, width: 6, height: 4 }));
    const image = encode(map, palette);
    expect(
      decode(crop(crop(image, { x: 4, y: 5, width: 20, height: 10 }), { x: 3, y: 2, width: 6, height: 4 }), palette),
    ).toEqual(decode(encode(twice, palette), palette));
  });

  test('an empty map is no error', () => {
    const map = { data: new Uint8Array(), width: 0, height: 5 };
    expect(decode(encode(map, palette), palette)).toEqual(map);
  });
});

describe('ids at the edge of 8 bits', () => {
  const palette = maximalDistancePalette(9);
  const options = { ignore: 256 };

  test('a large 8-bit map does not mind an ignored label of 256, which is decoded in 16 bits', () => {
    const map = { data: numbers(9000, 11, 9), width: 90, height: 100 };
    expect(encode(map, palette, options)).toEqual(encode(map, palette));
    const some = { ...map, data: Uint16Array.from(map.data, (label, i) => (i % 5 ? label : 256)) };
    expect(decode(encode(some, palette, options), palette, options)).toEqual(some);
    expect(decode(encode(map, palette), palette, { ignore: 255 }).data).toBeInstanceOf(Uint8Array);
  });

  test('large 16-bit maps, with labels beyond 255', () => {
    const many = maximalDistancePalette(300);
    const map = { data: Uint16Array.from({ length: 9000 }, (_, i) => (i * 7) % 300), width: 90, height: 100 };
    const maskige = encode(map, many);
    expect([...maskige.data.slice(3 * 40, 3 * 41)]).toEqual(many[280]);
    expect(decode(maskige, many)).toEqual(map);
  });

  test('the result of encode says its channels only where there are four', () => {
    const map = { data: Uint8Array.of(1), width: 1, height: 1 };
    expect(encode(map, palette)).toEqual({ ...map, data: Uint8ClampedArray.from(palette[1]!) });
    expect(encode(map, palette, { channels: 4 })).toHaveProperty('channels', 4);
  });
});

describe('a palette changed in place', () => {
  test.each([0, 1].flatMap((k) => [0, 1, 2].map((c) => [k, c] as const)))('class %i, channel %i', (k, c) => {
    const palette: [number, number, number][] = [
      [10, 20, 30],
      [200, 100, 150],
    ];
    const map = { data: Uint8Array.of(0, 1), width: 2, height: 1 };
    encode(map, palette);
    palette[k]![c] = 77;
    expect([...encode(map, palette).data]).toEqual(palette.flat());
  });

  test('is noticed', () => {
    const palette: [number, number, number][] = [
      [0, 0, 0],
      [200, 0, 0],
    ];
    const map = { data: Uint8Array.of(0, 1), width: 2, height: 1 };
    encode(map, palette);
    palette[1] = [0, 0, 250];
    expect([...encode(map, palette).data]).toEqual([0, 0, 0, 0, 0, 250]);
    expect(() => encode(map, palette.slice(0, 1))).toThrow('label 1 at pixel 1 has no colour');
  });
});
