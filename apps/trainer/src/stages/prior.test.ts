import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors, writeSafetensors } from '@gss/checkpoint/node';
import { backboneVariants, networkSpec } from '@gss/segmenter';
import { loadSegmenterFolder } from '@gss/segmenter/node';
import { swinSpec, swinVariants } from '@gss/swin';
import { createRng, disposeTree, initParams, leavesOf, type Spec, stateDict, type Tree } from '@gss/tensor';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import { ruleFor } from '@gss/train';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { efficientnetClassifierSpec, efficientnetVariants } from '@gss/efficientnet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quietOutput } from '../cli/test-output.js';
import { parseConfig } from '../config/load.js';
import { trainingPipeline } from '../data/pipeline.js';
import { openSplit } from '../data/sources.js';
import { evaluateModel } from './evaluate.js';
import { loadPretrained } from './pretrained.js';
import { trainPrior } from './prior.js';
import { backboneOf, priorModel } from './prior-model.js';
import { priorRules, priorTrains } from './prior-rules.js';
import { trainTokenizer } from './tokenizer.js';

const root = mkdtempSync(join(tmpdir(), 'gss-prior-'));
const tokenizer = join(root, 'tokenizer', 'model');
const { out, notes } = quietOutput();
const signal = new AbortController().signal;
let train: Awaited<ReturnType<typeof openSplit>>;

const base = { steps: 2, batchSize: 1, crop: [32, 32], ratioRange: [1, 1], lr: 0.001, warmup: 0 };
const configOf = (prior: object) =>
  parseConfig(
    {
      name: 'test',
      seed: 3,
      tokenizer: { ...base, variant: 'nano', codes: 16, codebookMasks: 2, steps: 0 },
      prior: { ...base, backbone: 'nano', ...prior },
    },
    'test',
  );
const trained = async (name: string, prior: object) => {
  const dir = join(root, name);
  const { folder } = await trainPrior({ config: configOf(prior), train, dir, out, signal, resume: false, tokenizer });
  return folder!;
};
/** Weights of a spec under their stored names, as random as can be told. */
async function write(file: string, spec: Spec, rename = (name: string) => name) {
  const params = initParams(spec, createRng(9));
  const weights = await stateDict(spec, params as Tree<tf.Tensor>);
  disposeTree(params as Tree<tf.Tensor>);
  await writeSafetensors(join(root, file), new Map([...weights].map(([name, tensor]) => [rename(name), tensor])), {});
  return join(root, file);
}

beforeAll(async () => {
  await tf.setBackend('wasm');
  await registerWasmKernels();
  train = await openSplit({}, 'train');
  await trainTokenizer({ config: configOf({}), train, dir: root, out, signal, resume: false });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('the discriminative twin trains and is evaluated by the same commands', async () => {
  const folder = await trained('twin', { kind: 'discriminative' });
  const segmenter = await loadSegmenterFolder(folder);
  expect(segmenter.config).toMatchObject({ kind: 'discriminative', prior: { auxiliary: 'attended', vocabulary: 1 } });
  const val = await openSplit({}, 'val');
  const one = { ...val.dataset, length: 1, read: (i: number) => val.dataset.read(i) };
  const { aAcc, images } = await evaluateModel(segmenter, one, { out, signal });
  expect(images).toBe(1);
  expect(aAcc).toBeGreaterThanOrEqual(0);
  segmenter.dispose();
});

test('frozen stages and norms of pretrained weights come out as they went in', async () => {
  const file = await write('lite0.safetensors', efficientnetClassifierSpec(efficientnetVariants.lite0, 5));
  notes.length = 0;
  const freeze = { stages: 3, norms: true };
  const folder = await trained('lite0', { backbone: 'efficientnet-lite0', pretrained: file, freeze });
  expect(notes.join('\n')).toMatch(
    /pretrained: (\d+) of \1 tensors of the backbone from .*lite0\.safetensors \(names of gss\)/,
  );
  expect(notes.join('\n')).toContain('unused: _conv_head.weight');
  const before = await readSafetensors(file);
  const after = await readSafetensors(join(folder, 'model.safetensors'));
  const changed = [...before].flatMap(([name, { data }]) => {
    const now = after.get(`backbone.${name}`);
    return now && Buffer.compare(Buffer.from(now.data.buffer), Buffer.from(data.buffer)) ? [name] : [];
  });
  expect(changed.filter((name) => /running|num_batches/.test(name))).toEqual([]);
  const blocks = changed.map((name) => Number(/^_blocks\.(\d+)\./.exec(name)?.[1] ?? -1));
  expect(Math.min(...blocks)).toBe(11); // the first block at stride 32
});

test('weights of any dialect fit, those of another variant or family are refused by name', async () => {
  const config = {
    ...swinVariants.T,
    channels: [24, 48, 96, 192],
    depths: [1, 1, 1, 1],
    heads: [1, 2, 4, 8],
    window: 3,
  };
  const spec = swinSpec(config);
  const inModel = await write('model.safetensors', spec, (name) => `backbone.${name}`);
  const backbone = { type: 'swin', config } as const;
  const { params, report } = await loadPretrained(inModel, backbone);
  expect([report.loaded, report.unused]).toEqual([report.expected, []]);
  disposeTree(params as Tree<tf.Tensor>);

  const wider = { type: 'swin', config: { ...config, window: 5 } } as const; // position tables are resized
  const fitted = await loadPretrained(inModel, wider);
  disposeTree(fitted.params as Tree<tf.Tensor>);

  const deeper = { type: 'swin', config: { ...config, depths: [1, 1, 2, 1] } } as const;
  await expect(loadPretrained(inModel, deeper)).rejects.toThrow(/missing +stages\.2\.blocks\.1\./);
  const shallower = { type: 'swin', config: { ...config, depths: [1, 1, 1, 0] } } as const;
  await expect(loadPretrained(inModel, shallower)).rejects.toThrow(/unexpected +stages\.3\.blocks\.0\./);
  await expect(loadPretrained(inModel, backboneVariants['resnet-50'])).rejects.toThrow(
    'holds no weights of a resnet (patch_embed.projection.weight,',
  );
  await expect(loadPretrained('efficientnet-lite', backboneVariants['efficientnet-lite0'])).rejects.toThrow(
    'did you mean efficientnet-lite0?',
  );
});

test('stages learn at decaying rates and keep their weight decay; the twin trains no token classifier', () => {
  const stage1 = { classes: [], palette: [], unlabelled: [0, 0, 0], tokenizer: {} } as never;
  for (const name of Object.keys(backboneVariants)) {
    const { prior } = configOf({ backbone: name, stageDecay: 0.5, paramwise: [{ match: 'decode_head', lrMult: 3 }] });
    const model = priorModel('x', prior, stage1, 16);
    const spec = networkSpec(model);
    const rules = priorRules(spec, model.backbone, prior);
    const names = leavesOf(spec).flatMap(({ name, leaf }) => (leaf.leaf === 'buffer' ? [] : [name]));
    const some = names.filter((_, i) => i % 40 === 0);
    const rates = new Set(some.map((name) => ruleFor(name, rules).lrMult));
    for (const rate of rates) expect([3, 1, 0.5, 0.25, 0.125, 0.0625, 0.03125]).toContain(rate);
    expect(ruleFor(names[0]!, rules).lrMult).toBe(0.03125); // the stem
  }
  const { prior } = configOf({ backbone: 'T', stageDecay: 0.5 });
  const model = priorModel('x', prior, stage1, 16);
  const rules = priorRules(networkSpec(model), model.backbone, prior);
  expect(ruleFor('backbone.stages.3.blocks.0.norm1.weight', rules)).toMatchObject({ lrMult: 0.5, decayMult: 0 });
  expect(ruleFor('backbone.stages.0.blocks.0.attn.w_msa.qkv.weight', rules)).toMatchObject({
    lrMult: 0.0625,
    decayMult: 1,
  });
  const twin = priorTrains({ ...model, kind: 'discriminative' });
  expect(twin('decode_head.conv_seg_pixel.weight')).toBe(true);
  expect(twin('decode_head.conv_seg.weight')).toBe(false);
});

test('pictures are brought to the size that the config names, and the model knows how it segments', () => {
  const inference = { mode: 'slide', crop: [768, 768], stride: [512, 512] };
  const { prior } = configOf({ scale: [2048, 512], ratioRange: [0.5, 2], inference });
  const size = { width: 640, height: 480 };
  const [resize] = trainingPipeline(prior, size);
  expect(resize).toEqual({ type: 'Resize', width: 2048, height: 512, ratioRange: [0.5, 2] });
  expect(trainingPipeline(configOf({}).prior, size)[0]).toMatchObject({ width: 640, height: 480 });
  const stage1 = { classes: [], palette: [], unlabelled: [0, 0, 0], tokenizer: {} } as never;
  expect(priorModel('x', prior, stage1, 16).inference).toEqual({ scale: [2048, 512], ...inference });
  const own = { mode: 'whole', scale: [1024, 256] };
  expect(priorModel('x', configOf({ scale: [2048, 512], inference: own }).prior, stage1, 16).inference).toEqual(own);
  expect(priorModel('x', configOf({}).prior, stage1, 16).inference).toEqual({ mode: 'whole' });
  expect(() => configOf({ inference: { mode: 'slid' } })).toThrow('prior.inference.mode: ');
});

test('what a config cannot mean is refused', () => {
  expect(() => backboneOf(configOf({ backbone: 'T', freeze: { norms: true } }).prior)).toThrow('T is a Swin');
  expect(backboneOf(configOf({ backbone: 'hrnet-w18', freeze: { stages: 2 } }).prior)).toMatchObject({
    type: 'hrnet',
    config: { frozenStages: 2 },
  });
  expect(() => configOf({ freeze: { stage: 2 } })).toThrow('did you mean prior.freeze.stages?');
  expect(() => configOf({ backbone: 'resnet-102' })).toThrow('prior.backbone: ');
});
