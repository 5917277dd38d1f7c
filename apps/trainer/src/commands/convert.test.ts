import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseSafetensors, toFloat32 } from '@gss/checkpoint';
import { readSafetensors, writeSafetensors } from '@gss/checkpoint/node';
import { writePyTorch } from '@gss/checkpoint/pytorch/node';
import type { StoredTensor } from '@gss/tensor';
import { dvaeSpec, dvaeVariants } from '@gss/vqvae';
import { describe, expect, test } from 'vitest';
import { fixture, json, ofPth, plain, run, weightsOf } from '../convert/test-run.js';
import { temporaryFolder } from './test-command.js';

const at = temporaryFolder();

describe('formats', () => {
  const tensors = new Map<string, StoredTensor>([
    ['a', { dtype: 'F32', shape: [3], data: Float32Array.of(1.5, 70_000, 1e-9) }],
    ['n', { dtype: 'I64', shape: [], data: BigInt64Array.of(2n ** 60n) }],
  ]);

  test('names that nobody knows are kept, and only the format changes', async () => {
    await writeSafetensors(at('a.safetensors'), tensors);
    for (const [from, to] of [
      ['a.safetensors', 'a.pth'],
      ['a.pth', 'a.npz'],
      ['a.npz', 'b.safetensors'],
    ] as const) {
      const found = await json(at(from), at(to));
      expect(found).toMatchObject({ family: null, to: 'same', tensors: 2, written: true });
      expect(found.notes.join()).toMatch(/nothing is checked/);
    }
    expect(plain(await readSafetensors(at('b.safetensors')))).toEqual(plain(tensors));
  });

  test('--dtype casts floats only, and says what a half cannot hold', async () => {
    await writeSafetensors(at('a.safetensors'), tensors);
    const found = await json(at('a.safetensors'), at('half.safetensors'), '--dtype', 'f16');
    expect(found.notes.join()).toMatch(/a: 1 values are beyond ±65504.*bf16/);
    const half = await readSafetensors(at('half.safetensors'));
    expect([half.get('a')!.dtype, [...toFloat32(half.get('a')!)], half.get('n')!.data[0]]).toEqual([
      'F16',
      [1.5, Number.POSITIVE_INFINITY, 0],
      2n ** 60n,
    ]);
    await json(at('half.safetensors'), at('full.pth'), '--dtype', 'f32');
    expect(ofPth(at('full.pth')).weights.get('a')!.dtype).toBe('F32');
  });

  test('--key takes the state dict that lies elsewhere', async () => {
    await writePyTorch(at('ema.pth'), tensors, { key: 'state_dict_ema', meta: { epoch: 1 } });
    const refused = await run(at('ema.pth'), at('b.npz'));
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/Name the key that the state dict lies under/),
    ]);
    const wrong = await run(at('ema.pth'), at('b.npz'), '--key', 'model');
    expect(wrong.stderr).toMatch(/under "model", got a dict of "meta", "state_dict_ema"/);
    expect(await json(at('ema.pth'), at('b.npz'), '--key', 'state_dict_ema')).toMatchObject({ tensors: 2 });
  });

  test('a .pth that is safetensors within is read for what it is', async () => {
    await writeSafetensors(at('lies.pth'), tensors);
    expect((await json(at('lies.pth'), at('b.npz'))).inputs[0].format).toBe('safetensors');
  });

  test('--dry-run writes nothing, --list names all', async () => {
    const { stdout, code } = await run(fixture('dvae-encoder.legacy.pkl'), at('x.safetensors'), '--dry-run', '--list');
    expect([code, existsSync(at('x.safetensors'))]).toEqual([0, false]);
    expect(stdout).toMatch(/detected {2}DALL·E's dVAE, names of dall-e → gss/);
    expect(stdout).toMatch(/blocks\.group_4\.block_1\.res_path\.conv_4\.b → encoder\./);
  });
});

describe('refuses', () => {
  const reject = async (message: RegExp, ...args: string[]) => {
    const { code, stderr, stdout } = await run(...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
    expect(stdout).not.toMatch(/wrote/);
  };
  test('what it cannot do, with the file, the value and the remedy', async () => {
    await writeSafetensors(at('a.safetensors'), weightsOf(dvaeSpec(dvaeVariants.nano)));
    writeFileSync(at('page.pth'), '<!doctype html>');
    mkdirSync(at('empty'));
    copyFileSync(fixture('dvae-encoder.legacy.pkl'), at('cut.pkl'));
    writeFileSync(at('cut.pkl'), readFileSync(at('cut.pkl')).subarray(0, -100));
    await reject(/into what\? Name the file to write last/, at('a.safetensors'));
    await reject(/none\.pth: no such file/, at('none.pth'), at('b.pth'));
    await reject(/empty: a folder without model\.safetensors/, at('empty'), at('b.pth'));
    await reject(/page\.pth: is neither.*Git LFS/, at('page.pth'), at('b.pth'));
    await reject(/b\.txt: what format.*\.safetensors/, at('a.safetensors'), at('b.txt'));
    await reject(/is one of the files to be converted/, at('a.safetensors'), at('a.safetensors'));
    await reject(/cut\.pkl, byte \d+: expected .*cut off/, at('cut.pkl'), at('b.pth'));
    await reject(
      /--to microsoft: DALL·E's dVAE has no names of that kind\. Take one of gss, dall-e/,
      at('a.safetensors'),
      at('b.pth'),
      '--to',
      'microsoft',
    );
    await reject(/--from taming: no model that we know/, at('a.safetensors'), at('b.pth'), '--from', 'taming');
    await reject(/both have a tensor/, at('a.safetensors'), at('a.safetensors'), at('b.pth'));
    await reject(/none.*folder does not exist/, at('a.safetensors'), at('none', 'b.pth'));
  });

  test('a class that a pickle names, until it is expected; nothing is run either way', async () => {
    const source = Buffer.from(parseHostile());
    writeFileSync(at('hostile.pth'), source);
    await reject(
      /names the Python class evil\.Config.*nothing of it was run.*--class evil\.Config/,
      at('hostile.pth'),
      at('b.pth'),
    );
    expect(await json(at('hostile.pth'), at('b.pth'), '--class', 'evil.Config')).toMatchObject({ tensors: 0 });
  });
});

/** A legacy file of {'state_dict': {}, 'config': evil.Config()}. */
function parseHostile(): Uint8Array {
  const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
  const word = (text: string) => `X${String.fromCharCode(text.length, 0, 0, 0)}${text}`;
  const magic = '\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.';
  const system = `\x80\x02}(${word('little_endian')}\x88u.`;
  const value = `\x80\x02}(${word('state_dict')}}${word('config')}cevil\nConfig\n)\x81u.`;
  return latin1(`${magic}\x80\x02M\xe9\x03.${system}${value}\x80\x02].`);
}

test('the metadata of what is written names model and sizes', async () => {
  await writeSafetensors(at('a.safetensors'), weightsOf(dvaeSpec(dvaeVariants.nano)));
  await json(at('a.safetensors'), at('b.safetensors'));
  const bytes = readFileSync(at('b.safetensors'));
  expect(parseSafetensors(bytes).size).toBeGreaterThan(10);
  const { __metadata__: metadata } = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
  expect(metadata).toMatchObject({ format: 'pt', 'gss.family': 'dvae', converted_from: 'a.safetensors' });
  expect(JSON.parse(metadata['gss.config'])).toEqual(dvaeVariants.nano);
});
