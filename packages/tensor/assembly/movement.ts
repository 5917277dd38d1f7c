import { transpose2d } from './transpose';

/** Copies `count` floats; memory.copy is a call out of wasm, worth it for long runs only. */
function copyRun(source: usize, target: usize, count: i32): void {
  if (count >= 256) {
    memory.copy(target, source, (<usize>count) << 2);
    return;
  }
  let i = 0;
  for (; i <= count - 4; i += 4) {
    v128.store(target, v128.load(source));
    source += 16;
    target += 16;
  }
  for (; i < count; i++) {
    store<f32>(target, load<f32>(source));
    source += 4;
    target += 4;
  }
}

/**
 * Copies an array of `rank` ≥ 1 axes whose steps differ between source and target: transposes, slices, tiles (step 0),
 * concatenates and reverses (negative step). `axes` points to the sizes, the source's steps and the target's steps in
 * bytes, `rank` int32 each, then `rank` zeros for counting. The target's last axis must be contiguous.
 */
export function copyStrided(source: usize, target: usize, rank: i32, axes: usize): void {
  const bytes = (<usize>rank) << 2;
  const sourceSteps = axes + bytes;
  const targetSteps = sourceSteps + bytes;
  const counters = targetSteps + bytes;
  const last = (<usize>(rank - 1)) << 2;
  const run = load<i32>(axes + last);
  const runStep = load<i32>(sourceSteps + last);
  // A second axis handled in the inner function: the contiguous one of a transposition, otherwise the last but one.
  let inner = rank - 2;
  let transposes = false;
  if (runStep !== 4) {
    for (let axis = rank - 2; axis >= 0; axis--) {
      if (load<i32>(sourceSteps + ((<usize>axis) << 2)) === 4) {
        inner = axis;
        transposes = true;
        break;
      }
    }
  }
  const at = (<usize>inner) << 2;
  const lines = inner < 0 ? 1 : load<i32>(axes + at);
  const sourceLine = inner < 0 ? 0 : load<i32>(sourceSteps + at);
  const targetLine = inner < 0 ? 0 : load<i32>(targetSteps + at);
  for (;;) {
    if (transposes) {
      transpose2d(source, runStep, run, lines, target, targetLine);
    } else if (runStep === 4) {
      let s = source;
      let t = target;
      for (let i = 0; i < lines; i++) {
        copyRun(s, t, run);
        s += sourceLine;
        t += targetLine;
      }
    } else {
      for (let i = 0; i < lines; i++) {
        let s = source + i * sourceLine;
        let t = target + i * targetLine;
        for (let j = 0; j < run; j++) {
          store<f32>(t, load<f32>(s));
          s += runStep;
          t += 4;
        }
      }
    }
    let axis = rank - 2;
    for (; axis >= 0; axis--) {
      if (axis === inner) continue;
      const here = (<usize>axis) << 2;
      const size = load<i32>(axes + here);
      const sourceStep = load<i32>(sourceSteps + here);
      const targetStep = load<i32>(targetSteps + here);
      const count = load<i32>(counters + here) + 1;
      source += sourceStep;
      target += targetStep;
      if (count < size) {
        store<i32>(counters + here, count);
        break;
      }
      store<i32>(counters + here, 0);
      source -= size * sourceStep;
      target -= size * targetStep;
    }
    if (axis < 0) return;
  }
}

/**
 * target[o, i, :] = source[o, ids[i], :], rows of `inner` floats, `size` of them in each of `outer` parts.
 * Returns the place of the first id outside [0, size), or −1.
 */
export function gatherRows(
  source: usize,
  ids: usize,
  target: usize,
  outer: i32,
  size: i32,
  count: i32,
  inner: i32,
): i32 {
  const bytes = (<usize>inner) << 2;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < count; i++) {
      const id = load<i32>(ids + ((<usize>i) << 2));
      if (id < 0 || id >= size) return i;
      copyRun(source + <usize>id * bytes, target, inner);
      target += bytes;
    }
    source += <usize>size * bytes;
  }
  return -1;
}
