import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors, writeSafetensors } from '@gss/checkpoint/node';
import { openNpz, writeNpz } from '@gss/checkpoint/npz/node';
import type { PickleDict } from '@gss/checkpoint/pytorch';
import { writePyTorch } from '@gss/checkpoint/pytorch/node';
import { hrnetSpec } from '@gss/hrnet';
import { resnetSpec, resnetVariants } from '@gss/resnet';
import { fromMicrosoft } from '@gss/swin';
import type { StoredTensor } from '@gss/tensor';
import { findGolden, readGolden } from '@gss/testing';
import { discriminatorSpec, dvaeSpec, dvaeVariants, vqganSpec, vqganVariants } from '@gss/vqvae';
import { beforeAll, describe, expect, test } from 'vitest';
import { fixture, json, named, ofPth, plain, run, weightsOf, without } from '../convert/test-run.js';
import { temporaryFolder } from './test-command.js';

const at = temporaryFolder();

describe("DALL·E's pickled modules", () => {
  test('the encoder alone: renamed, with a note that the decoder lacks; back again, equal', async () => {
    const found = await json(fixture('dvae-encoder.legacy.pkl'), at('dvae.safetensors'));
    expect(found).toMatchObject({ family: 'dvae', from: 'dall-e', to: 'gss', missing: [], unused: [], written: true });
    expect(found.config).toMatchObject({ channels: 3, hidden: 8, vocabulary: 32, blocksPerGroup: 1 });
    expect(found.renamed).toContainEqual({ from: 'blocks.input.w', to: 'encoder.blocks.input.w' });
    expect(found.renamed).toHaveLength(found.tensors);
    expect(found.notes.join()).toMatch(/only the encoder/);
    const expected = await readSafetensors(fixture('dvae-encoder.expected.safetensors'), { prefix: 'param.' });
    expect(plain(await readSafetensors(at('dvae.safetensors'), { prefix: 'encoder.' }))).toEqual(plain(expected));
    await json(at('dvae.safetensors'), at('encoder.pth'), '--to', 'dall-e');
    expect(plain(ofPth(at('encoder.pth')).weights)).toEqual(plain(expected));
  });

  const decoder = findGolden('checkpoints/dvae-decoder.expected');
  test.skipIf(!decoder)('both halves become one dVAE whatever their order', async () => {
    const folder = join(decoder!, 'checkpoints');
    const found = await json(
      join(folder, 'dvae-decoder.pkl'),
      join(folder, 'dvae-encoder.pkl'),
      at('dvae.safetensors'),
    );
    expect(found).toMatchObject({ family: 'dvae', missing: [], misshapen: [], unused: [], written: true });
    const all = await readSafetensors(at('dvae.safetensors'));
    for (const half of ['encoder', 'decoder'])
      expect(plain(new Map([...all].flatMap(([n, t]) => (n.startsWith(half) ? [[n.slice(8), t]] : []))))).toEqual(
        plain(await readSafetensors(join(folder, `dvae-${half}.expected.safetensors`), { prefix: 'param.' })),
      );
  });
  if (!decoder) console.info('the test of both dVAE halves is skipped: the folder of all goldens is not there');

  test('a whole one in two files, from one and into two', async () => {
    const whole = weightsOf(dvaeSpec(dvaeVariants.nano));
    await writeSafetensors(at('dvae.safetensors'), whole);
    const refused = await run(at('dvae.safetensors'), at('x.pth'), '--to', 'dall-e');
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/--select encoder\. and --select decoder\./),
    ]);
    for (const half of ['encoder', 'decoder'])
      await json(at('dvae.safetensors'), at(`${half}.pkl`), '--select', `${half}.`, '--to', 'dall-e');
    const found = await json(at('decoder.pkl'), at('encoder.pkl'), at('again.safetensors'));
    expect(found.config).toEqual(dvaeVariants.nano);
    expect(plain(await readSafetensors(at('again.safetensors')))).toEqual(plain(whole));
  });
});

describe('VQGAN of taming-transformers', () => {
  const config = {
    ...vqganVariants.f8,
    width: 32,
    multipliers: [1, 1, 2],
    residualBlocks: 1,
    codes: 7,
    codeDim: 6,
    latent: 8,
  };
  const discriminator = { channels: 3, width: 8, layers: 2 };
  const model = weightsOf(vqganSpec(config));
  const loss = weightsOf({ loss: { discriminator: discriminatorSpec(discriminator) } });
  const lpips = ['loss.perceptual_loss.lin0.model.1.weight', model.get('quant_conv.weight')!] as const;

  test('a Lightning checkpoint loses its loss, or keeps the discriminator, and comes back', async () => {
    await writePyTorch(at('last.ckpt'), new Map([...model, ...loss, lpips]), { key: 'state_dict', meta: { epoch: 3 } });
    const bare = await json(at('last.ckpt'), at('vqgan.safetensors'));
    expect(bare).toMatchObject({ family: 'vqgan', from: 'taming', missing: [], renamed: [] });
    expect(bare.unused).toContainEqual(
      expect.objectContaining({ name: lpips[0], reason: 'LPIPS of the loss, not of the model' }),
    );
    expect(bare.config).toMatchObject({ multipliers: [1, 1, 2], codes: 7, codeDim: 6, latent: 8, residualBlocks: 1 });
    expect(plain(await readSafetensors(at('vqgan.safetensors')))).toEqual(plain(model));

    const kept = await json(at('last.ckpt'), at('both.safetensors'), '--discriminator');
    expect([kept.config.discriminator, kept.unused.length]).toEqual([discriminator, 1]);
    await json(at('both.safetensors'), at('back.ckpt'), '--to', 'taming');
    const { value, weights } = ofPth(at('back.ckpt'));
    expect([...(value as PickleDict).keys()]).toEqual(['state_dict']);
    expect(plain(weights)).toEqual(plain(new Map([...model, ...loss])));
  });

  test('what lacks is named, nothing is written, and --partial writes it', async () => {
    await writePyTorch(at('a.ckpt'), without(model, /^post_quant_conv\.weight/));
    const { code, stdout, stderr } = await run(at('a.ckpt'), at('a.safetensors'));
    expect(code).toBe(1);
    expect(stdout).toMatch(/missing {3}1\n {2}post_quant_conv\.weight \[8, 6, 1, 1\]/);
    expect(stderr).toMatch(/a\.safetensors was not written.*--partial/);
    expect(existsSync(at('a.safetensors'))).toBe(false);
    expect(await json(at('a.ckpt'), at('a.safetensors'), '--partial')).toMatchObject({ written: true });
  });

  test('another shape is named', async () => {
    const wrong = { dtype: 'F32', shape: [9, 6, 1, 1], data: new Float32Array(54) } as const;
    await writePyTorch(at('a.ckpt'), new Map([...model, ['post_quant_conv.weight', wrong]]));
    const { code, stdout } = await run('--json', at('a.ckpt'), at('a.safetensors'));
    expect([code, JSON.parse(stdout).misshapen]).toEqual([
      1,
      [{ name: 'post_quant_conv.weight', shape: [9, 6, 1, 1], expected: [8, 6, 1, 1] }],
    ]);
  });
});

// Needs the full golden set beside the repository: the fixture is too large to commit.
describe.skipIf(!findGolden('swin-microsoft'))('Swin', () => {
  let microsoft: Map<string, StoredTensor>;
  let converted: Map<string, StoredTensor>;
  beforeAll(() => {
    const golden = readGolden('swin-microsoft');
    microsoft = golden.params('microsoft.');
    converted = golden.params('converted.');
  });

  test("Microsoft's becomes what mmsegmentation's own converter makes of it, and goes back", async () => {
    await writePyTorch(at('swin.pth'), microsoft, { key: 'model' });
    const found = await json(at('swin.pth'), at('swin.safetensors'));
    expect(found).toMatchObject({ family: 'swin', from: 'microsoft', to: 'gss', missing: [] });
    expect(found.config).toMatchObject({
      channels: [8, 16, 32],
      depths: expect.any(Array),
      heads: [1, 2, 4],
      window: 4,
    });
    expect(found.unused.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['head.weight', 'norm.bias']),
    );
    expect(found.rewritten).toContainEqual({
      from: 'layers.0.downsample.reduction.weight',
      to: 'stages.0.downsample.reduction.weight',
    });
    expect(found.added).toEqual([
      'norm0.weight',
      'norm0.bias',
      'norm1.weight',
      'norm1.bias',
      'norm2.weight',
      'norm2.bias',
    ]);
    const ours = await readSafetensors(at('swin.safetensors'));
    expect(plain(without(ours, /^norm\d/))).toEqual(plain(without(converted, /^norm\.|attn_mask$/)));
    expect(plain(ours)).toEqual(plain(fromMicrosoft(microsoft)));

    await json(at('swin.safetensors'), at('back.pth'), '--to', 'microsoft');
    const { value, weights } = ofPth(at('back.pth'));
    expect([...(value as PickleDict).keys()]).toEqual(['model']);
    expect(plain(weights)).toEqual(plain(without(microsoft, /^(head|norm)\.|attn_mask$/)));
  });

  test("timm's numbering of downsamplings, both ways", async () => {
    const timm = named(without(microsoft, /relative_position_index/), (name) =>
      name
        .replace(/^layers\.(\d)\.downsample/, (_, i) => `layers.${Number(i) + 1}.downsample`)
        .replace(/^head\./, 'head.fc.'),
    );
    await writeSafetensors(at('timm.safetensors'), timm);
    const found = await json(at('timm.safetensors'), at('swin.safetensors'));
    expect([found.from, found.missing, found.optional.length > 0]).toEqual(['timm', [], true]);
    const ours = await readSafetensors(at('swin.safetensors'));
    expect(plain(ours)).toEqual(plain(without(fromMicrosoft(microsoft), /relative_position_index/)));
    await json(at('swin.safetensors'), at('timm2.safetensors'), '--to', 'timm');
    expect(plain(await readSafetensors(at('timm2.safetensors')))).toEqual(
      plain(without(timm, /^(head|norm)\.|attn_mask$/)),
    );
  });

  test('--select cuts the backbone out of a segmentor, --prefix puts it back', async () => {
    const ours = fromMicrosoft(microsoft);
    const segmentor = named(ours, (name) => `backbone.${name}`);
    segmentor.set('decode_head.conv_seg.weight', microsoft.get('head.weight')!);
    await writePyTorch(at('upernet.pth'), segmentor, { meta: {} });
    const refused = await run(at('upernet.pth'), at('x.pth'), '--select', 'backbones.');
    expect(refused.stderr).toMatch(/--select backbones\.: no tensor.*They begin with backbone\., decode_head\./);
    const found = await json(
      at('upernet.pth'),
      at('b.pth'),
      '--select',
      'backbone.',
      '--to',
      'mmseg',
      '--prefix',
      'model.',
    );
    expect(found).toMatchObject({ family: 'swin', missing: [] });
    expect(plain(ofPth(at('b.pth')).weights)).toEqual(plain(named(ours, (name) => `model.${name}`)));
  });
});

describe('ResNet and HRNet', () => {
  const fc: StoredTensor = { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) };
  const small = { ...resnetVariants['18'], channels: [8, 8, 16, 16], depths: [1, 1, 1, 1], stemChannels: 8 };

  test("torchvision's loses its classifier", async () => {
    const ours = weightsOf(resnetSpec({ ...small, deepStem: false }));
    await writePyTorch(at('resnet.pth'), new Map([...ours, ['fc.weight', fc], ['fc.bias', fc]]));
    const found = await json(at('resnet.pth'), at('resnet.safetensors'));
    expect(found).toMatchObject({ family: 'resnet', from: 'torchvision', missing: [], renamed: [] });
    expect(found.unused).toEqual([
      { name: 'fc.weight', shape: [2], reason: 'classifier' },
      { name: 'fc.bias', shape: [2], reason: 'classifier' },
    ]);
    expect(plain(await readSafetensors(at('resnet.safetensors')))).toEqual(plain(ours));
  });

  test("timm's deep stem, both ways; bottlenecks", async () => {
    const ours = weightsOf(resnetSpec({ ...small, block: 'bottleneck', channels: [16, 16, 32, 32] }));
    await writeSafetensors(at('v1c.safetensors'), ours);
    const refused = await run(at('v1c.safetensors'), at('x.pth'), '--to', 'torchvision');
    expect(refused.stderr).toMatch(/torchvision has no ResNet with a deep stem.*--to timm/);
    const to = await json(at('v1c.safetensors'), at('timm.pth'), '--to', 'timm');
    expect(to.config).toMatchObject({
      block: 'bottleneck',
      deepStem: true,
      channels: [16, 16, 32, 32],
      stemChannels: 8,
    });
    expect([...ofPth(at('timm.pth')).weights.keys()]).toEqual(
      expect.arrayContaining(['conv1.6.weight', 'bn1.running_mean']),
    );
    await json(at('timm.pth'), at('back.safetensors'));
    expect(plain(await readSafetensors(at('back.safetensors')))).toEqual(plain(ours));
  });

  test('HRNet without its classifier', async () => {
    const stage = (n: number, modules: number) => ({
      modules,
      blocks: Array.from({ length: n }, () => 1),
      channels: Array.from({ length: n }, (_, i) => 2 ** (i + 1)),
    });
    const config = {
      channels: [2, 4, 8, 16],
      first: { blocks: 1, planes: 4 },
      stages: [stage(2, 1), stage(3, 2), stage(4, 1)] as const,
    };
    const ours = weightsOf(hrnetSpec(config));
    await writePyTorch(
      at('hrnet.pth'),
      new Map([...ours, ['classifier.weight', fc], ['incre_modules.0.0.conv1.weight', fc]]),
    );
    const found = await json(at('hrnet.pth'), at('hrnet.safetensors'));
    expect(found).toMatchObject({ family: 'hrnet', from: 'timm', config, missing: [] });
    expect(found.unused).toHaveLength(2);
    expect(plain(await readSafetensors(at('hrnet.safetensors')))).toEqual(plain(ours));
  });
});

describe('UViM of big_vision', () => {
  test.each([
    ['uvim-stage1', 'uvim'],
    ['uvim-stage1-context', 'uvim'],
    ['uvim-stage2', 'uvim-language'],
  ])('%s: flax names in .npz, both ways', async (name, family) => {
    const golden = readGolden(name);
    const npz = new Map([
      ...named(golden.params(), (key) => `params/${key}`),
      ...named(golden.params('state.'), (key) => `state/${key}`),
    ]);
    const step: StoredTensor = { dtype: 'I32', shape: [], data: Int32Array.of(5) };
    await writeNpz(at('uvim.npz'), [...npz, ['opt/0/count', step]]);
    const found = await json(at('uvim.npz'), at('uvim.safetensors'));
    expect(found).toMatchObject({ family, from: 'flax', missing: [], misshapen: [] });
    expect(found.unused).toEqual([{ name: 'opt/0/count', shape: [], reason: 'state of the training' }]);
    await json(at('uvim.safetensors'), at('back.npz'), '--to', 'flax');
    const back = openNpz(at('back.npz'));
    expect(plain(back.tensors)).toEqual(plain(npz));
    back.close();
  });
});
