import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSafetensors } from '@gss/checkpoint/node';
import type { PickleDict } from '@gss/checkpoint/pytorch';
import { writePyTorch } from '@gss/checkpoint/pytorch/node';
import { priorSpec, priorVariants } from '@gss/prior';
import { swinSpec, swinVariants } from '@gss/swin';
import type { StoredTensor } from '@gss/tensor';
import { findGolden, readGolden } from '@gss/testing';
import { compactSpec, compactVariants } from '@gss/vqvae';
import { describe, expect, test } from 'vitest';
import { convert } from '../convert/convert.js';
import { json, ofPth, plain, run, weightsOf } from '../convert/test-run.js';
import { temporaryFolder } from './test-command.js';

const at = temporaryFolder();

/** Names, shapes and types of the published models; made of no numbers. */
const published = [
  'ff-swin-l-ade20k',
  'ft-w-swin-l-ade20k',
  'ff-hrnet-w48-mseg',
  'ff-r101-cityscapes',
  'ft-w-r101-cityscapes',
];
const listed = published.filter((name) => findGolden(`state-dicts/${name}`));
if (listed.length < published.length)
  console.info('published models are not tested: the folder of all goldens is not there');

test.each(listed)('%s, as published: every one of its tensors has its place', (name) => {
  const file = join(findGolden(`state-dicts/${name}`)!, 'state-dicts', `${name}.json`);
  const { entries } = JSON.parse(readFileSync(file, 'utf8')) as { entries: [string, number[], string, string][] };
  const weights = new Map(
    entries.map(([tensor, shape, dtype]): [string, StoredTensor] => [
      tensor,
      { dtype: dtype === 'int64' ? 'I64' : 'F32', shape, data: new Float32Array(0) },
    ]),
  );
  const input = { path: name, format: 'pytorch', weights, notes: [], close: () => undefined } as const;
  const options = { to: 'gss', discriminator: false, partial: false, keepUnused: false };
  const { fit, complete, trace, merged, weights: result } = convert([input], options);
  expect([merged.detected?.family.name, merged.detected?.naming.name, complete]).toEqual(['gss', 'mmseg', true]);
  expect(fit).toEqual({ missing: [], optional: [], misshapen: [], unknown: [] });
  expect([trace.unused, trace.added, result.size]).toEqual([[], [], entries.length]);
  expect([...merged.detected!.family.namings[1]!.fromOurs(result).keys()]).toEqual([...weights.keys()]);
});

describe('whole GSS models', () => {
  test('our own sizes: everything is told from shapes, and no other code has names for the convolutional stem', async () => {
    const { channels } = swinVariants.nano;
    const prior = { ...priorVariants.nano, features: channels, classes: 5, vocabulary: 1024 };
    const spec = {
      backbone: swinSpec(swinVariants.nano),
      decode_head: priorSpec(prior),
      tokenizer: compactSpec(compactVariants.nano),
    };
    await writeSafetensors(at('ours.safetensors'), weightsOf(spec));
    const found = await json(at('ours.safetensors'), at('ours.pth'));
    expect(found).toMatchObject({ family: 'gss', missing: [], optional: [], unused: [], misshapen: [] });
    expect(found.config.backbone.config).toEqual(swinVariants.nano);
    expect(found.config.tokenizer).toEqual({ type: 'compact', config: compactVariants.nano });
    expect(found.config.prior).toMatchObject({ ...prior, tokenDropout: 0.1 });
    expect(plain(ofPth(at('ours.pth')).weights)).toEqual(plain(weightsOf(spec)));
    const refused = await run(at('ours.pth'), at('x.pth'), '--select', 'backbone.', '--to', 'microsoft');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/which is ours alone.*Keep --to gss/)]);
  });

  test.each(['gss-e2e-ff-swin', 'gss-e2e-ff-resnet-slide', 'gss-e2e-ftw-swin'].filter((name) => findGolden(name)))(
    "%s: mmsegmentation's names, both ways",
    async (name) => {
      const params = readGolden(name).params();
      const meta = {
        CLASSES: ['road', 'sky'],
        PALETTE: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      };
      await writePyTorch(at('gss.pth'), params, { meta });
      const found = await json(at('gss.pth'), at('gss.safetensors'));
      expect(found).toMatchObject({ family: 'gss', from: 'mmseg', to: 'gss', missing: [], misshapen: [], unused: [] });
      expect(found.renamed).toContainEqual({
        from: 'decode_head.d_vae.encoder.blocks.input.w',
        to: 'tokenizer.encoder.blocks.input.w',
      });
      const back = await json(at('gss.safetensors'), at('back.pth'), '--to', 'mmseg');
      expect(back).toMatchObject({ from: 'gss', to: 'mmseg', missing: [] });
      const { weights, value } = ofPth(at('back.pth'));
      expect(plain(weights)).toEqual(plain(params));
      expect((value as PickleDict).has('state_dict')).toBe(true);
      await json(at('gss.pth'), at('direct.pth'), '--to', 'mmseg');
      const kept = (ofPth(at('direct.pth')).value as PickleDict).get('meta') as PickleDict;
      expect(kept.get('CLASSES')).toEqual(['road', 'sky']);
    },
  );
});
