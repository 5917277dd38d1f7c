import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dtypes, fromFloat32, type StoredTensor } from '@gss/checkpoint';
import type { PickleDict } from '@gss/checkpoint/pytorch';
import { openPyTorch, writePyTorch } from '@gss/checkpoint/pytorch/node';
import { afterAll, expect, test } from 'vitest';
import { asBytes } from '../dtype.js';

// GSS_PYTHON names a Python that has `pip install torch numpy`.
const python = process.env.GSS_PYTHON ?? 'python3';
const probe = spawnSync(python, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8' });
const missing = probe.status === 0 ? undefined : (probe.stderr?.trim().split('\n').at(-1) ?? String(probe.error));
if (missing) console.info(`interop with PyTorch is skipped: ${python}: ${missing} (set GSS_PYTHON)`);

const folder = mkdtempSync(join(tmpdir(), 'gss-torch-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function runPython(source: string, ...args: string[]): string {
  const script = join(folder, 'script.py');
  writeFileSync(script, source);
  const { status, stdout, stderr } = spawnSync(python, [script, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

const hex = ({ data }: StoredTensor) => Buffer.from(asBytes(data)).toString('hex');

/** Every type, and the shapes that go wrong easily. */
const tensors = new Map<string, StoredTensor>([
  ...dtypes.map((dtype): [string, StoredTensor] => [
    `every.${dtype}`,
    { dtype, shape: [3, 1], data: fromFloat32(Float32Array.of(0, 1, dtype === 'BOOL' ? 0 : 3), dtype) },
  ]),
  ['größe.日本', { dtype: 'I64', shape: [2], data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) }],
  ['scalar', { dtype: 'F64', shape: [], data: Float64Array.of(-0.1) }],
  ['empty', { dtype: 'F32', shape: [0, 3], data: new Float32Array(0) }],
  ['long', { dtype: 'F32', shape: [100, 300], data: new Float32Array(30_000).map((_, i) => i) }],
]);

test.skipIf(missing)('what we write, torch.load reads, weights only and mapped too', { timeout: 120_000 }, async () => {
  const meta = { CLASSES: ['road', 'größe'], PALETTE: [[1, 2, 255]], epoch: 2 ** 40, lr: 0.5, none: null, ok: true };
  await writePyTorch(join(folder, 'bare.pth'), tensors);
  await writePyTorch(join(folder, 'mmseg.pth'), tensors, { meta });
  await writePyTorch(join(folder, 'swin.pth'), tensors, { key: 'model' });
  const seen = JSON.parse(
    runPython(
      `
import json, sys, torch
folder = sys.argv[1]
def facts(state):
    return {k: [str(t.dtype), list(t.shape), t.is_contiguous(), bytes(t.flatten().view(torch.uint8).numpy()).hex() if t.numel() else ""] for k, t in state.items()}
bare = torch.load(f"{folder}/bare.pth", weights_only=True)
mapped = torch.load(f"{folder}/bare.pth", weights_only=True, mmap=True)
mmseg = torch.load(f"{folder}/mmseg.pth", weights_only=True)
swin = torch.load(f"{folder}/swin.pth", weights_only=False)
layer = torch.nn.Linear(1, 3)
layer.load_state_dict({"weight": bare["every.F32"], "bias": bare["every.F32"].flatten()})
print(json.dumps({"type": type(bare).__name__, "facts": facts(bare), "same": [facts(bare) == facts(x) for x in (mapped, mmseg["state_dict"], swin["model"])],
  "keys": [list(mmseg), list(swin)], "meta": mmseg["meta"], "layer": layer.weight.flatten().tolist()}))`,
      folder,
    ),
  ) as Record<string, unknown>;
  const torchTypes = {
    F64: 'float64',
    F32: 'float32',
    F16: 'float16',
    BF16: 'bfloat16',
    I64: 'int64',
    I32: 'int32',
    I16: 'int16',
    I8: 'int8',
    U8: 'uint8',
    BOOL: 'bool',
  };
  expect(seen.facts).toEqual(
    Object.fromEntries(
      [...tensors].map(([name, t]) => [name, [`torch.${torchTypes[t.dtype]}`, t.shape, true, hex(t)]]),
    ),
  );
  expect(seen).toMatchObject({
    type: 'OrderedDict',
    same: [true, true, true],
    keys: [['meta', 'state_dict'], ['model']],
    meta,
    layer: [0, 1, 3],
  });
});

test.skipIf(missing)('what PyTorch writes, we read: both formats, views, modules, halves', { timeout: 120_000 }, () => {
  const written = JSON.parse(
    runPython(
      `
import json, sys, numpy as np, torch
from collections import OrderedDict
folder = sys.argv[1]
torch.manual_seed(0)
base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
state = OrderedDict(half=torch.randn(3).half(), bf16=torch.randn(3).bfloat16(), long=torch.tensor([-2**63, 2**63 - 1]),
  turned=base.t(), every=base[::2, 1::3], row=base[1], spread=torch.ones(1).expand(2, 2), last=torch.randn(1, 2, 3, 3).to(memory_format=torch.channels_last),
  parameter=torch.nn.Parameter(torch.randn(2)), scalar=torch.tensor(7.5))
meta = {"PALETTE": np.array([[1, 2, 3], [4, 5, 6]], dtype=np.uint8), "score": np.float64(0.5), "lr": 1e-3}
def facts(s):
    return {k: [list(t.shape), bytes(t.detach().contiguous().flatten().view(torch.uint8).numpy()).hex()] for k, t in s.items()}
found = {}
for name, zipped in (("zip", True), ("legacy", False)):
    net = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.Sequential(torch.nn.BatchNorm2d(3), torch.nn.ReLU()), torch.nn.Linear(3, 1, bias=False).bfloat16())
    torch.save({"meta": meta, "state_dict": state}, f"{folder}/{name}.pth", _use_new_zipfile_serialization=zipped)
    torch.save(net, f"{folder}/{name}.pkl", _use_new_zipfile_serialization=zipped)
    found[name] = (facts(state), facts(net.state_dict()))
print(json.dumps(found))`,
      folder,
    ),
  ) as Record<string, [object, object]>;
  for (const [name, [state, module]] of Object.entries(written)) {
    const facts = (tensors: ReadonlyMap<string, StoredTensor>) =>
      Object.fromEntries([...tensors].map(([key, tensor]) => [key, [tensor.shape, hex(tensor)]]));
    const file = openPyTorch(join(folder, `${name}.pth`));
    expect(facts(file.stateDict())).toEqual(state);
    const meta = (file.value as PickleDict).get('meta') as PickleDict;
    expect(meta.get('score')).toBe(0.5);
    expect(meta.get('PALETTE')).toMatchObject({ className: 'numpy.ndarray' });
    const whole = openPyTorch(join(folder, `${name}.pkl`));
    expect(facts(whole.stateDict())).toEqual(module);
    file.close();
    whole.close();
  }
});
