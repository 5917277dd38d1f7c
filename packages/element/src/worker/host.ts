import * as tf from '@tensorflow/tfjs-core';
import type { Result } from '../engine/api.js';
import type { Args, Method, Value } from '../engine/protocol.js';
import { type Correction, loadCorrection } from './correction.js';
import { readFolder } from './folder.js';
import { decodeTokens, drawSamples, recodeLabels } from './generate.js';
import { learnCorrection } from './learn.js';
import { type OpenModel, openModel } from './model.js';
import { readPixels } from './pixels.js';
import type { CallContext } from './scope.js';
import { segmentPixels } from './segment-pixels.js';

interface Answer<M extends Method> {
  readonly value: Value<M>;
  /** Buffers that go over instead of being copied. */
  readonly transfer?: Transferable[];
}

/** What the worker can be asked, one call at a time. */
export type Host = { readonly [M in Method]: (args: Args<M>, context: CallContext) => Promise<Answer<M>> };

const buffersOf = (arrays: readonly (ArrayBufferView | undefined)[]): Transferable[] =>
  arrays.flatMap((array) => (array ? [array.buffer as ArrayBuffer] : []));

/** The model and what was learned, and the calls on them. */
export function createHost(): Host {
  let model: OpenModel | undefined;
  let correction: Correction | undefined;
  const open = () => {
    if (!model) throw new Error('no model is loaded. Call load(url) first.');
    return model;
  };
  const correct = (next: Correction | undefined) => {
    if (correction) tf.dispose(correction.params as unknown as tf.TensorContainer);
    correction = next;
  };

  return {
    async load({ source }, context) {
      const next = openModel(await readFolder(source, context));
      model?.dispose();
      correct(undefined);
      model = next;
      return { value: next.info };
    },
    async unload() {
      model?.dispose();
      model = undefined;
      correct(undefined);
      return { value: undefined };
    },
    async segment({ image, scores, augment }, context) {
      const result: Result = await segmentPixels(
        () => readPixels(image),
        open(),
        correction,
        { scores, augment },
        context,
      );
      const { labels, maskige, confidence, tokens } = result;
      return { value: result, transfer: buffersOf([labels, maskige, confidence, tokens.data, result.scores]) };
    },
    async sample({ image, ...options }, context) {
      const value = await drawSamples(await readPixels(image), open(), correction, options, context);
      return { value, transfer: buffersOf([...value.masks, ...value.maskiges, value.agreement]) };
    },
    recode: async ({ labels }) => ({ value: await recodeLabels(labels, open(), correction) }),
    decode: async ({ tokens }) => ({ value: await decodeTokens(tokens, open(), correction) }),
    async learn({ examples, steps, lr }, context) {
      const read = await Promise.all(
        examples.map(async ({ image, labels }) => ({ pixels: await readPixels(image), labels })),
      );
      return { value: await learnCorrection({ examples: read, steps, lr }, open(), correction, context) };
    },
    async setCorrection({ weights }) {
      correct(weights && loadCorrection(weights, open().info.classes.length));
      return { value: undefined };
    },
    async memory() {
      const { numTensors, numBytes } = tf.memory();
      return { value: { tensors: numTensors, bytes: numBytes } };
    },
  };
}
