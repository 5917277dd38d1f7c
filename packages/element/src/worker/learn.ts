import { convInverse } from '@gss/posterior';
import { createRng, disposeTree, mapTree, type Rng, type Tree, trainable, variablesOf } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { LabelImage, Learned } from '../engine/api.js';
import { type Correction, correctionSpec, freshCorrection, saveCorrection, scaleCorrection } from './correction.js';
import {
  calibrate,
  countLabelled,
  countRight,
  disposeExample,
  type Example,
  meanCrossEntropy,
  prepareExample,
} from './example.js';
import type { OpenModel } from './model.js';
import type { Pixels } from './pixels.js';
import { breathe, type CallContext } from './scope.js';

type Params = Correction['params'];
const asTree = (params: Params) => params as unknown as Tree<tf.Tensor>;
const copy = (params: Params) => mapTree(asTree(params), (tensor) => tf.clone(tensor)) as unknown as Params;

/** A step sees so many crops of so many pixels a side, of all examples: one large crop shows few classes and drags their shares along. */
const crops = 8;
const cropSide = 48;
/** How often the examples are looked at whole, and with what parts of the correction: a part turns only the pixels that were least sure. */
const looks = 8;
const parts = [1, 0.5, 0.25, 0.125] as const;

/**
 * Adam's ε: one for all that compute in float32, so that they learn alike. tfjs' default, `backend().epsilon()`, is 1e-4 on WebGL that has
 * float32 (4.22 asks its flag the wrong way round), as large as many of these gradients; only without float32 is it right.
 */
const adamEpsilon = () =>
  tf.getBackend() === 'webgl' && !tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED') ? 1e-4 : 1e-7;

export interface LearnRequest {
  readonly examples: readonly { readonly pixels: Pixels; readonly labels: LabelImage }[];
  readonly steps: number;
  readonly lr: number;
}

/** Learned weights as a safetensors file, and what they do. */
export interface LearnAnswer extends Learned {
  readonly weights: Uint8Array<ArrayBuffer>;
}

function check({ examples, steps, lr }: LearnRequest, { runtime: { config } }: OpenModel): void {
  if (config.kind === 'discriminative')
    throw new TypeError(
      `learn: ${config.name} is discriminative: it has no maskige to invert. Load a generative model.`,
    );
  if (examples.length === 0)
    throw new RangeError('learn: expected at least one example, got none. Correct a mask first.');
  if (!(Number.isInteger(steps) && steps > 0 && lr > 0))
    throw new RangeError(`learn: expected a whole number of steps and a rate above 0, got ${steps} and ${lr}.`);
}

/** Crops of random examples: x̂ [crops, h, w, 3], logits [crops, h, w, K], labels [crops, h, w]. */
function drawCrops(examples: readonly Example[], rng: Rng, scale: number) {
  const h = Math.min(cropSide, ...examples.map(({ labels }) => labels.shape[1]));
  const w = Math.min(cropSide, ...examples.map(({ labels }) => labels.shape[2]));
  const drawn = Array.from({ length: crops }, () => {
    const { maskige, own, labels } = examples[rng.int(examples.length)]!;
    const [, H, W, K] = own.shape;
    const [y, x] = [rng.int(H - h + 1), rng.int(W - w + 1)];
    return {
      seen: tf.slice(maskige, [0, y, x, 0], [1, h, w, 3]),
      base: tf.slice(own, [0, y, x, 0], [1, h, w, K]),
      targets: tf.slice(labels, [0, y, x], [1, h, w]),
    };
  });
  return {
    seen: tf.concat(drawn.map(({ seen }) => seen)),
    base: tf.mul(tf.concat(drawn.map(({ base }) => base)), scale),
    targets: tf.concat(drawn.map(({ targets }) => targets)),
  };
}

/** One step of Adam: the mean cross entropy of its crops before it. */
function takeStep(
  examples: readonly Example[],
  rng: Rng,
  params: Params,
  scale: number,
  optimizer: tf.Optimizer,
): tf.Scalar {
  const variables = [...variablesOf(asTree(params)).values()];
  return tf.tidy(() => {
    const { seen, base, targets } = drawCrops(examples, rng, scale);
    const loss = () => meanCrossEntropy(tf.add(base, convInverse(seen, params)), targets);
    return optimizer.minimize(loss, true, variables) as tf.Scalar;
  });
}

/**
 * Fits the correction of 𝒳⁻¹ to corrected masks: cross entropy over the labelled pixels of random crops, Adam; everything else of
 * the model stays. Goes on from `from`. Of the states on the way, whole or in part, the first included, it gives the one that gets most of the
 * labelled pixels right, so that learning never lowers that share. Progress tells step and loss.
 */
export async function learnCorrection(
  request: LearnRequest,
  model: OpenModel,
  from: Correction | undefined,
  context: CallContext,
): Promise<LearnAnswer> {
  check(request, model);
  const { examples, steps, lr } = request;
  (await import('./gradients.js')).needGradients();
  const K = model.runtime.config.classes.length;
  const prepared: Example[] = [];
  const optimizer = new tf.AdamOptimizer(lr, 0.9, 0.999, adamEpsilon()); // tf.train.adam would bring every optimiser along
  let params: Params | undefined;
  let best: Params | undefined;
  const rng = createRng(steps);
  try {
    for (const { pixels, labels } of examples) {
      prepared.push(prepareExample(pixels, labels, model));
      await breathe(context);
    }
    const scale = await calibrate(prepared, context);
    const start = from ? scaleCorrection(from.params, scale) : freshCorrection(K);
    params = trainable(correctionSpec(K), asTree(start)) as unknown as Params;
    best = copy(params);
    const labelled = Math.max(1, await countLabelled(prepared));
    const [before] = (await countRight(prepared, params, scale, [1])) as [number];
    let most = before;
    for (let step = 1; step <= steps; step++) {
      const cost = takeStep(prepared, rng, params, scale, optimizer);
      const [value] = await cost.data();
      cost.dispose();
      if (!Number.isFinite(value))
        throw new RangeError(`learn: the loss is ${value} at step ${step}. Take a smaller learning rate than ${lr}.`);
      context.progress(step, value!);
      await breathe(context);
      if (step % Math.ceil(steps / looks) !== 0 && step !== steps) continue;
      const right = await countRight(prepared, params, scale, parts);
      if (Math.max(...right) <= most) continue;
      most = Math.max(...right);
      disposeTree(asTree(best));
      best = scaleCorrection(params, parts[right.indexOf(most)]!);
    }
    const learned = scaleCorrection(best, 1 / scale);
    const weights = await saveCorrection(learned, K).finally(() => disposeTree(asTree(learned)));
    return { weights, before: before / labelled, after: most / labelled };
  } finally {
    optimizer.dispose();
    for (const tree of [params, best]) if (tree) disposeTree(asTree(tree));
    prepared.forEach(disposeExample);
  }
}
