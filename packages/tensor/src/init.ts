import type { Rng } from './rng.js';
import { type Leaf, leafSize } from './spec.js';

/** Inputs and outputs that a weight connects, as torch.nn.init counts them. */
function fans({ leaf, shape }: Leaf): { fanIn: number; fanOut: number } {
  if (leaf === 'matrix') return { fanIn: shape[0]!, fanOut: shape[1]! };
  if (leaf === 'kernel') return { fanIn: shape[0]! * shape[1]! * shape[2]!, fanOut: shape[0]! * shape[1]! * shape[3]! };
  if (leaf === 'depthwise') return { fanIn: shape[0]! * shape[1]!, fanOut: shape[0]! * shape[1]! };
  return { fanIn: shape[0] ?? 1, fanOut: shape[0] ?? 1 };
}

/** Initial values of a leaf in memory layout, drawn from `rng`. */
export function initialValues(leaf: Leaf, rng: Rng): Float32Array | Int32Array {
  const { init } = leaf;
  const size = leafSize(leaf);
  if (init.type === 'values') return init.values();
  if (leaf.dtype === 'int32') return new Int32Array(size);
  const values = new Float32Array(size);
  const fill = (draw: () => number) => {
    for (let i = 0; i < size; i++) values[i] = draw();
    return values;
  };
  switch (init.type) {
    case 'zeros':
      return values;
    case 'ones':
      return values.fill(1);
    case 'normal':
      return fill(() => rng.normal() * init.std);
    case 'truncatedNormal':
      return fill(() => {
        let z = rng.normal();
        while (Math.abs(z) > 2) z = rng.normal();
        return z * init.std;
      });
    case 'uniform':
      return fill(() => (rng.uniform() * 2 - 1) * init.bound);
    case 'kaimingNormal': {
      const { fanIn, fanOut } = fans(leaf);
      const std = Math.sqrt(2 / (init.mode === 'fanIn' ? fanIn : fanOut));
      return fill(() => rng.normal() * std);
    }
    case 'kaimingUniform': {
      const bound = 1 / Math.sqrt(fans(leaf).fanIn);
      return fill(() => (rng.uniform() * 2 - 1) * bound);
    }
  }
}
