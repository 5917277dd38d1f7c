import { type InferenceOptions, inferLogits, inferProbabilities } from '@gss/segmenter';
import { conv, convSpec, loadParams } from '@gss/tensor';
import type { Golden } from '@gss/testing';
import * as tf from '@tensorflow/tfjs-core';
import { check, expectedValues, nchw } from '../compare.js';
import type { Check, Family } from '../family.js';

type Pair = readonly [number, number];

interface Case {
  readonly mode: 'whole' | 'slide';
  readonly crop_size: Pair | null;
  readonly stride: Pair | null;
  readonly img_shape: Pair;
  readonly ori_shape: Pair;
  readonly rescale: boolean;
  readonly flip: boolean;
  readonly flip_direction: 'horizontal' | 'vertical';
}

function optionsOf(c: Case): InferenceOptions {
  return {
    ...(c.mode === 'slide' ? { slide: { crop: c.crop_size!, stride: c.stride! } } : {}),
    ...(c.rescale ? { rescale: { unpadded: c.img_shape, original: c.ori_shape } } : {}),
    ...(c.flip ? { flip: c.flip_direction } : {}),
  };
}

/** Our classes, but the reference's where its class is within 1e-5 of our most probable one. */
function classesUpToTies(golden: Golden, name: string, probabilities: tf.Tensor4D): Int32Array {
  const K = probabilities.shape[3];
  const values = probabilities.dataSync();
  const expected = expectedValues(golden, name);
  const classes = tf.argMax(probabilities, 3).dataSync() as Int32Array;
  return classes.map((best, i) => {
    const theirs = values[i * K + expected[i]!] ?? Number.NEGATIVE_INFINITY;
    return values[i * K + best]! - theirs < 1e-5 ? expected[i]! : best;
  });
}

export const family: Family = {
  prefix: 'inference',
  async run(golden) {
    const { shape } = golden.tensors.get('param.weight')!;
    const [K, C, size] = shape as [number, number, number];
    const params = loadParams('inference', convSpec(size, C, K), golden.params());
    const run = (x: tf.Tensor4D) => conv(x, params);
    const checks: Check[] = [];
    for (const [name, c] of Object.entries(golden.manifest.cases as Record<string, Case>)) {
      const image = golden.nhwc(`input.${name}`);
      const options = optionsOf(c);
      const probabilities = await inferProbabilities(image, run, options);
      checks.push(
        check(golden, `output.${name}.logits`, nchw(await inferLogits(image, run, options))),
        check(golden, `output.${name}.probabilities`, nchw(probabilities)),
        check(golden, `output.${name}.prediction`, classesUpToTies(golden, `output.${name}.prediction`, probabilities)),
      );
    }
    return checks;
  },
};
