/** Occurrences of d × d label squares, for a codebook made of the ones that matter. */
export interface PatchCounter {
  readonly downsample: number;
  /** Different squares held now. */
  readonly size: number;
  /** Counts every square of a label map [height · width] whose grid starts at (x, y); squares with a label ≥ classes are left out. */
  add(
    labels: ArrayLike<number>,
    size: { readonly width: number; readonly height: number },
    x?: number,
    y?: number,
  ): void;
  /** Labels of square `i`, [d²] row by row, `i` < `size`. A view. */
  patch(i: number): Uint8Array;
  count(i: number): number;
  /** Pixels seen of each class. */
  readonly pixels: Float64Array;
}

/**
 * A counter that holds up to `capacity` different squares; when it is full the squares seen once are forgotten, so that
 * memory stays bounded and the frequent ones stay exact enough.
 * @param classes 1 … 255
 */
export function createPatchCounter(downsample: number, classes: number, capacity = 1 << 19): PatchCounter {
  if (!(classes >= 1 && classes <= 255))
    throw new RangeError(`createPatchCounter: ${classes} classes, expected 1 … 255.`);
  const area = downsample ** 2;
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * capacity))).fill(-1);
  const patches = new Uint8Array(capacity * area);
  const counts = new Uint32Array(capacity);
  const pixels = new Float64Array(classes);
  const square = new Uint8Array(area);
  let size = 0;

  const slotOf = (values: Uint8Array): number => {
    let hash = 2166136261; // FNV-1a
    for (let i = 0; i < area; i++) hash = Math.imul(hash ^ values[i]!, 16777619);
    hash ^= hash >>> 15;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const index = slots[slot]!;
      if (index < 0) return slot;
      let same = 0;
      for (const at = index * area; same < area && patches[at + same] === values[same]; ) same++;
      if (same === area) return slot;
    }
  };

  const forgetSingles = () => {
    slots.fill(-1);
    let kept = 0;
    // Where nearly everything is there twice, the bar rises until there is room.
    for (let bar = 1; kept === 0 || kept > capacity / 2; bar++) {
      kept = 0;
      for (let i = 0; i < size; i++) if (counts[i]! > bar) kept++;
      if (kept <= capacity / 2) {
        kept = 0;
        for (let i = 0; i < size; i++) {
          if (counts[i]! <= bar) continue;
          patches.copyWithin(kept * area, i * area, (i + 1) * area);
          counts[kept++] = counts[i]!;
        }
        break;
      }
    }
    size = kept;
    for (let i = 0; i < size; i++) slots[slotOf(patches.subarray(i * area, (i + 1) * area))] = i;
  };

  return {
    downsample,
    pixels,
    get size() {
      return size;
    },
    patch: (i) => patches.subarray(i * area, (i + 1) * area),
    count: (i) => counts[i]!,
    add(labels, { width, height }, x = 0, y = 0) {
      for (let top = y; top + downsample <= height; top += downsample) {
        for (let left = x; left + downsample <= width; left += downsample) {
          let known = true;
          for (let row = 0, at = 0; row < downsample; row++) {
            const start = (top + row) * width + left;
            for (let column = 0; column < downsample; column++, at++) {
              const label = labels[start + column]!;
              if (label >= classes) known = false;
              square[at] = label;
            }
          }
          if (!known) continue;
          for (let i = 0; i < area; i++) pixels[square[i]!]!++;
          let slot = slotOf(square);
          if (slots[slot]! < 0) {
            if (size === capacity) {
              forgetSingles();
              slot = slotOf(square);
            }
            patches.set(square, size * area);
            counts[size] = 0;
            slots[slot] = size++;
          }
          counts[slots[slot]!]!++;
        }
      }
    },
  };
}

/**
 * The `codes` squares that cost most when they are missing: by occurrences times the mean of 1/√frequency of their
 * classes, so that poles and cyclists get their share. Fewer when fewer were seen. [n, d²] labels, dearest first.
 */
export function dearestPatches(counter: PatchCounter, codes: number): Uint8Array {
  const { downsample, pixels, size } = counter;
  const area = downsample ** 2;
  const total = pixels.reduce((sum, n) => sum + n, 0);
  const rarity = Float64Array.from(pixels, (n) => (n > 0 ? Math.sqrt(total / n) : 0));
  const cost = Float64Array.from({ length: size }, (_, i) => {
    const patch = counter.patch(i);
    let sum = 0;
    for (let j = 0; j < area; j++) sum += rarity[patch[j]!]!;
    return sum * counter.count(i);
  });
  const order = Uint32Array.from({ length: size }, (_, i) => i).sort((a, b) => cost[b]! - cost[a]! || a - b);
  const chosen = new Uint8Array(Math.min(codes, size) * area);
  for (let i = 0; i < chosen.length / area; i++) chosen.set(counter.patch(order[i]!), i * area);
  return chosen;
}
