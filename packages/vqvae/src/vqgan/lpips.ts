import { conv, convSpec, kernel, type ParamsOf, ShapeError, type StoredTensor } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** VGG-16 up to relu5_3 in five slices: index of each convolution in torchvision's `features`, inputs, outputs. */
const slices = [
  [
    [0, 3, 64],
    [2, 64, 64],
  ],
  [
    [5, 64, 128],
    [7, 128, 128],
  ],
  [
    [10, 128, 256],
    [12, 256, 256],
    [14, 256, 256],
  ],
  [
    [17, 256, 512],
    [19, 512, 512],
    [21, 512, 512],
  ],
  [
    [24, 512, 512],
    [26, 512, 512],
    [28, 512, 512],
  ],
] as const;

/** Parameters of taming-transformers' LPIPS: VGG-16 slices and one weight per channel and slice. */
export const lpipsSpec = () => {
  const slice = (n: 0 | 1 | 2 | 3 | 4) =>
    Object.fromEntries(slices[n].map(([index, inputs, outputs]) => [`${index}`, convSpec(3, inputs, outputs)]));
  const lin = (channels: number) => ({ model: { 1: { weight: kernel(1, channels, 1) } } });
  return {
    net: { slice1: slice(0), slice2: slice(1), slice3: slice(2), slice4: slice(3), slice5: slice(4) },
    lin0: lin(64),
    lin1: lin(128),
    lin2: lin(256),
    lin3: lin(512),
    lin4: lin(512),
  };
};
export type LpipsParams = ParamsOf<ReturnType<typeof lpipsSpec>>;

/** torchvision's VGG-16 (`features.0.weight`, …) and LPIPS' `lin*` weights → the names of `lpipsSpec`; the rest is left out. */
export function fromTorchvisionVgg(
  vgg: ReadonlyMap<string, StoredTensor>,
  lins: ReadonlyMap<string, StoredTensor>,
): Map<string, StoredTensor> {
  const out = new Map<string, StoredTensor>();
  for (const [n, slice] of slices.entries()) {
    for (const [index] of slice) {
      for (const kind of ['weight', 'bias']) {
        const stored = vgg.get(`features.${index}.${kind}`);
        if (stored) out.set(`net.slice${n + 1}.${index}.${kind}`, stored);
      }
    }
  }
  for (const [name, stored] of lins) if (name.startsWith('lin')) out.set(name, stored);
  return out;
}

const shift = [-0.03, -0.088, -0.188];
const scale = [0.458, 0.448, 0.45];

/** Activations after relu1_2, 2_2, 3_3, 4_3 and 5_3, each scaled to unit length over channels. */
function features(image: tf.Tensor4D, { net }: LpipsParams): tf.Tensor4D[] {
  let x = tf.div(tf.sub(image, shift), scale) as tf.Tensor4D;
  return [net.slice1, net.slice2, net.slice3, net.slice4, net.slice5].map((slice, i) => {
    if (i > 0) x = tf.maxPool(x, 2, 2, 'valid');
    for (const p of Object.values(slice)) x = tf.relu(conv(x, p));
    const length = tf.sqrt(tf.sum(tf.square(x), 3, true));
    return tf.div(x, tf.add(length, 1e-10)) as tf.Tensor4D;
  });
}

/** LPIPS distance (Zhang et al. 2018) of images in [−1, 1]: [B, H, W, 3] × 2 → [B]. Sides of 16 or more. */
export function lpips(a: tf.Tensor4D, b: tf.Tensor4D, params: LpipsParams): tf.Tensor1D {
  if (a.shape[3] !== 3 || a.shape.join() !== b.shape.join()) {
    throw new ShapeError('lpips', `two images [B, H, W, 3]`, [...a.shape, ...b.shape], 'LPIPS knows RGB only.');
  }
  return tf.tidy(() => {
    const [fa, fb] = [features(a, params), features(b, params)];
    const lins = [params.lin0, params.lin1, params.lin2, params.lin3, params.lin4];
    const distances = lins.map((lin, i) => {
      const weighted = conv(tf.square(tf.sub(fa[i]!, fb[i]!)) as tf.Tensor4D, lin.model[1]);
      return tf.mean(weighted, [1, 2, 3]) as tf.Tensor1D;
    });
    return tf.addN(distances);
  });
}
