import { fileURLToPath } from 'node:url';
import { openPyTorch } from '@gss/checkpoint/pytorch/node';
import { leavesOf, type Spec, type StoredTensor, storedShape } from '@gss/tensor';
import { convertCommand } from '../commands/convert.js';
import { runCommand } from '../commands/test-command.js';
import type { Weights } from './weights.js';

/** A fixture of @gss/checkpoint, written by PyTorch. */
export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../../packages/checkpoint/fixtures/${name}`, import.meta.url));

/** Runs `gss convert …`; what it printed and its exit status. */
export const run = (...args: string[]) => runCommand(convertCommand(), ...args);
/** Runs it with --json; what it gave. @throws when it failed */
export async function json(...args: string[]) {
  const { stdout, stderr, code } = await run('--json', ...args);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** What can be compared: types, shapes and bytes. */
export const plain = (weights: Weights) =>
  Object.fromEntries(
    [...weights].map(([name, { dtype, shape, data }]) => [
      name,
      [dtype, [...shape], Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')],
    ]),
  );

/** Tensors that a spec asks for. */
export function weightsOf(spec: Spec, prefix = ''): Map<string, StoredTensor> {
  let next = 0;
  return new Map(
    leavesOf(spec).map(({ name, leaf }) => {
      const shape = storedShape(leaf);
      const length = shape.reduce((n, size) => n * size, 1);
      const tensor: StoredTensor =
        leaf.dtype === 'int32'
          ? { dtype: 'I64', shape, data: new BigInt64Array(length).fill(3n) }
          : { dtype: 'F32', shape, data: new Float32Array(length).map(() => (next++ % 1000) / 8) };
      return [prefix + name, tensor];
    }),
  );
}
export const without = (weights: Weights, pattern: RegExp) =>
  new Map([...weights].filter(([name]) => !pattern.test(name)));
export const named = (weights: Weights, rename: (name: string) => string) =>
  new Map([...weights].map(([name, tensor]) => [rename(name), tensor]));
/** What was saved in a .pth, and its state dict in memory. */
export const ofPth = (path: string) => {
  const file = openPyTorch(path);
  const weights = new Map(
    [...file.stateDict()].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data }]),
  );
  file.close();
  return { value: file.value, weights: weights as Weights };
};
