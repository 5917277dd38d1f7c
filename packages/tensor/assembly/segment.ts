import { addRow } from './reduce';

/** out[ids[i]] += x[i] for rows of `inner` floats; ids outside [0, segments) are dropped, as in tf.unsortedSegmentSum. */
export function segmentSum(x: usize, ids: usize, out: usize, rows: i32, inner: i32, segments: i32): void {
  const bytes = (<usize>inner) << 2;
  memory.fill(out, 0, <usize>segments * bytes);
  for (let i = 0; i < rows; i++) {
    const id = load<i32>(ids + ((<usize>i) << 2));
    if (id >= 0 && id < segments) addRow(x + <usize>i * bytes, out + <usize>id * bytes, inner);
  }
}
