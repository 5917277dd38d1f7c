import { existsSync, writeFileSync } from 'node:fs';
import { writeSafetensors } from '@gss/checkpoint/node';
import type { PickleDict } from '@gss/checkpoint/pytorch';
import { writePyTorch } from '@gss/checkpoint/pytorch/node';
import { loadModelFolder, loadTokenizerFolder } from '@gss/segmenter/node';
import { findGolden, readGolden } from '@gss/testing';
import { compactSpec, compactVariants, dvaeSpec, dvaeVariants, vqganSpec, vqganVariants } from '@gss/vqvae';
import '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { json, ofPth, plain, run, weightsOf, without } from '../convert/test-run.js';
import { temporaryFolder } from './test-command.js';

const at = temporaryFolder();
const classes = (count: number) =>
  JSON.stringify({ classes: Array.from({ length: count }, (_, id) => ({ id, name: `c${id}`, color: [id, 0, 9] })) });

test('a tokenizer becomes a folder that evaluate tokenizer loads', async () => {
  await writePyTorch(at('dvae.pth'), weightsOf(dvaeSpec(dvaeVariants.nano)));
  writeFileSync(at('classes.json'), classes(5));
  await json(at('dvae.pth'), at('dvae'), '--classes', at('classes.json'));
  const { config, params } = await loadTokenizerFolder(at('dvae'));
  expect(config).toMatchObject({
    format: 'gss-tokenizer',
    tokenizer: { type: 'dvae', config: dvaeVariants.nano },
    training: { convertedFrom: ['dvae.pth'] },
  });
  expect([config.classes[4], config.palette.length]).toEqual([{ name: 'c4', color: [4, 0, 9] }, 5]);
  expect(Object.keys(params)).toEqual(['encoder', 'decoder']);
  // And the folder back into a file, without the prefix.
  expect(await json(at('dvae'), at('back.pth'))).toMatchObject({ family: 'dvae', missing: [], unused: [] });
});

test('a tokenizer of one channel a class says so; product codes are told from the codebook', async () => {
  await writeSafetensors(at('k.safetensors'), weightsOf(vqganSpec({ ...vqganVariants.nano, channels: 5 })));
  writeFileSync(at('classes.json'), classes(5));
  await json(at('k.safetensors'), at('k'), '--classes', at('classes.json'), '--palette', 'maximal:5');
  expect((await loadTokenizerFolder(at('k'))).config.tokenizer).toMatchObject({ type: 'vqgan', input: 'one-hot' });

  const product = { ...compactVariants.nano, codes: 16, groups: 2 };
  await writeSafetensors(at('c.safetensors'), weightsOf(compactSpec(product)));
  expect((await json(at('c.safetensors'), at('c.pth'))).config).toEqual(product);
});

const goldens = ['gss-e2e-ff-swin', 'gss-e2e-ff-resnet-slide', 'gss-e2e-ftw-swin'].filter((name) => findGolden(name));
test.each(goldens)('%s of mmsegmentation becomes a model folder, and goes back with its classes', async (golden) => {
  const params = readGolden(golden).params();
  const last = params.get('decode_head.conv_seg_pixel.weight') ?? params.get('decode_head.cls_segmap.conv.weight');
  const K = last!.shape[0]!;
  const names = Array.from({ length: K }, (_, i) => `class ${i}`);
  const PALETTE = names.map((_, i) => [i, i, i]);
  await writePyTorch(at('gss.pth'), params, { meta: { CLASSES: names, PALETTE } });
  const refused = await run(at('gss.pth'), at('model'));
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/which colours.*--palette/)]);
  expect(existsSync(at('model'))).toBe(false);
  await json(at('gss.pth'), at('model'), '--palette', `maximal:${K}`);
  const { config, params: loaded } = await loadModelFolder(at('model'));
  expect(config).toMatchObject({
    kind: 'generative',
    tokenizer: { type: 'dvae' },
    backbone: { type: golden.includes('resnet') ? 'resnet' : 'swin' },
  });
  expect(config.ftw?.classes).toBe(golden.includes('ftw') ? K : undefined);
  expect(config.prior.auxiliary).toBe(golden.includes('ftw') ? 'none' : 'separate');
  expect(config.classes[1]).toEqual({ name: 'class 1', color: [1, 1, 1] });
  expect(Object.keys(loaded)).toEqual(['backbone', 'decode_head', 'tokenizer']);

  const back = await json(at('model'), at('back.pth'), '--to', 'mmseg');
  expect(back).toMatchObject({ family: 'gss', from: 'gss', missing: [], unused: [] });
  const { value, weights } = ofPth(at('back.pth'));
  expect(plain(weights)).toEqual(plain(params));
  expect((((value as PickleDict).get('meta') as PickleDict).get('CLASSES') as string[])[0]).toBe('class 0');
  if (golden.includes('ftw')) return;
  const withoutHead = without(params, /^decode_head\.(conv_seg|convs|fusion_conv)_pixel\./);
  await writePyTorch(at('headless.pth'), withoutHead);
  expect(await json(at('headless.pth'), at('h.safetensors'))).toMatchObject({ missing: [] }); // a model may have none
  const strict = await run('--json', at('headless.pth'), at('h2.safetensors'), '--config', at('model'));
  const lacking = JSON.parse(strict.stdout).missing.map(({ name }: { name: string }) => name);
  expect([strict.code, lacking.includes('decode_head.conv_seg_pixel.weight')]).toEqual([1, true]);
});
if (goldens.length < 3) console.info('tests of whole models are skipped: the folder of all goldens is not there');

test('refuses folders of what no command loads, with the reason', async () => {
  const reject = async (message: RegExp, ...args: string[]) => {
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
  };
  const dvae = weightsOf(dvaeSpec(dvaeVariants.nano));
  await writeSafetensors(at('dvae.safetensors'), dvae);
  await writeSafetensors(at('other.safetensors'), new Map([...dvae].slice(0, 1).map(([, t]) => ['w', t])));
  writeFileSync(at('classes.json'), classes(3));
  writeFileSync(at('broken.json'), '{');
  await reject(/no file told them.*--classes/, at('dvae.safetensors'), at('out'));
  await reject(/--classes .*none\.json: no such file/, at('dvae.safetensors'), at('out'), '--classes', at('none.json'));
  await reject(/broken\.json: not JSON/, at('dvae.safetensors'), at('out'), '--classes', at('broken.json'));
  const three = ['--classes', at('classes.json')];
  await reject(
    /19 colours for 3 classes/,
    at('dvae.safetensors'),
    at('out'),
    ...three,
    '--palette',
    'gss-cityscapes-19',
  );
  await reject(/folders hold whole GSS models and tokenizers/, at('other.safetensors'), at('out'), ...three);
  await reject(/under other names/, at('dvae.safetensors'), at('out'), ...three, '--to', 'same');
  await reject(/names within a folder are fixed/, at('dvae.safetensors'), at('out'), ...three, '--prefix', 'x.');
  expect(existsSync(at('out'))).toBe(false);
});

test('--config that is not there', async () => {
  await writeSafetensors(at('dvae.safetensors'), weightsOf(dvaeSpec(dvaeVariants.nano)));
  const { code, stderr } = await run(at('dvae.safetensors'), at('x.pth'), '--config', at('none'));
  expect([code, stderr]).toEqual([1, expect.stringMatching(/--config .*none: no such file/)]);
});
