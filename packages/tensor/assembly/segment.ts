/** out[ids[i]] += x[i] for rows of `inner` floats; ids outside [0, segments) are dropped, as in tf.unsortedSegmentSum. */
export function segmentSum(x: usize, ids: usize, out: usize, rows: i32, inner: i32, segments: i32): void {
  const bytes = (<usize>inner) << 2;
  memory.fill(out, 0, <usize>segments * bytes);
  for (let i = 0; i < rows; i++) {
    const id = load<i32>(ids + ((<usize>i) << 2));
    if (id >= 0 && id < segments) {
      let s = x + <usize>i * bytes;
      let t = out + <usize>id * bytes;
      let j = 0;
      for (; j <= inner - 4; j += 4) {
        v128.store(t, f32x4.add(v128.load(t), v128.load(s)));
        s += 16;
        t += 16;
      }
      for (; j < inner; j++) {
        store<f32>(t, load<f32>(t) + load<f32>(s));
        s += 4;
        t += 4;
      }
    }
  }
}
