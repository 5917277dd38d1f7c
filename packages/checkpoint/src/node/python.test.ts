import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dtypes, fromFloat32, type StoredTensor } from '@gss/checkpoint';
import { readSafetensors, writeSafetensors } from '@gss/checkpoint/node';
import { afterAll, beforeAll, expect, test } from 'vitest';

// GSS_PYTHON names a Python that has `pip install safetensors numpy`.
const python = process.env.GSS_PYTHON ?? 'python3';
const probe = spawnSync(python, ['-c', 'import numpy, safetensors.numpy; print(safetensors.__version__)'], {
  encoding: 'utf8',
});
const missing = probe.status === 0 ? undefined : (probe.stderr?.trim().split('\n').at(-1) ?? String(probe.error));
if (missing) console.info(`interop with Python's safetensors is skipped: ${python}: ${missing} (set GSS_PYTHON)`);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gss-python-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function runPython(source: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(python, ['-c', source, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Every type, and the shapes that go wrong easily. */
const tensors = new Map<string, StoredTensor>([
  ...dtypes.map((dtype): [string, StoredTensor] => [
    `every.${dtype}`,
    { dtype, shape: [3, 1], data: fromFloat32(Float32Array.of(0, 1, dtype === 'BOOL' ? 0 : 3), dtype) },
  ]),
  ['größe/日本\u2028"\\', { dtype: 'I8', shape: [5], data: Int8Array.of(-1, 2, -3, 4, -128) }],
  ['scalar', { dtype: 'F64', shape: [], data: Float64Array.of(-0.1) }],
  ['empty', { dtype: 'F32', shape: [0, 3], data: new Float32Array(0) }],
]);

test.skipIf(missing)('what we write, Python reads', async () => {
  const path = join(folder, 'ours.safetensors');
  await writeSafetensors(path, tensors, { format: 'np', note: 'ü"' });
  const seen = JSON.parse(
    runPython(
      `
import json, sys, safetensors, safetensors.numpy
path = sys.argv[1]
raw = {name: [t["dtype"], list(t["shape"]), bytes(t["data"]).hex()] for name, t in safetensors.deserialize(open(path, "rb").read())}
with safetensors.safe_open(path, framework="np") as f:
    metadata = f.metadata()
    values = {k: f.get_tensor(k).ravel().tolist() for k in f.keys() if k != "every.BF16"}
print(json.dumps({"raw": raw, "metadata": metadata, "values": values}))`,
      path,
    ),
  ) as { raw: Record<string, [string, number[], string]>; metadata: object; values: Record<string, number[]> };
  expect(seen.metadata).toEqual({ format: 'np', note: 'ü"' });
  const hex = ({ data }: StoredTensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex');
  expect(seen.raw).toEqual(Object.fromEntries([...tensors].map(([name, t]) => [name, [t.dtype, t.shape, hex(t)]])));
  expect(seen.values).toMatchObject({ 'every.F16': [0, 1, 3], 'every.I64': [0, 1, 3], scalar: [-0.1], empty: [] });
});

test.skipIf(missing)('what Python writes, we read', async () => {
  const path = join(folder, 'theirs.safetensors');
  runPython(
    `
import sys, numpy as np, safetensors.numpy
a = lambda *v, t: np.array(v, dtype=t)
safetensors.numpy.save_file({
  "f64": a(-0.1, t="f8"), "f32": np.arange(6, dtype="f4").reshape(2, 3), "f16": a(1, -2, t="f2"),
  "i64": a(-2**63, 2**63 - 1, t="i8"), "i32": a(-5, t="i4"), "i16": a(7, t="i2"), "i8": a(-128, t="i1"), "u8": a(255, t="u1"),
  "bool": a(True, False, True, t="?"), "scalar": np.array(3, dtype="f4"), "empty": np.zeros((0, 4), dtype="f4"), "é": a(1, t="u1"),
}, sys.argv[1], metadata={"k": "ü"})`,
    path,
  );
  expect(Object.fromEntries(await readSafetensors(path))).toEqual(expected);
});

const expected: Record<string, StoredTensor> = {
  f64: { dtype: 'F64', shape: [1], data: Float64Array.of(-0.1) },
  f32: { dtype: 'F32', shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) },
  f16: { dtype: 'F16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) },
  i64: { dtype: 'I64', shape: [2], data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) },
  i32: { dtype: 'I32', shape: [1], data: Int32Array.of(-5) },
  i16: { dtype: 'I16', shape: [1], data: Int16Array.of(7) },
  i8: { dtype: 'I8', shape: [1], data: Int8Array.of(-128) },
  u8: { dtype: 'U8', shape: [1], data: Uint8Array.of(255) },
  bool: { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) },
  scalar: { dtype: 'F32', shape: [], data: Float32Array.of(3) },
  empty: { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
  é: { dtype: 'U8', shape: [1], data: Uint8Array.of(1) },
};
