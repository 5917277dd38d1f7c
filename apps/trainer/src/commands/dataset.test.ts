import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { syntheticStreetsClasses } from '@gss/datasets';
import { prepareDataset } from '@gss/datasets/node';
import { maximalDistancePalette } from '@gss/maskige';
import { tokenizerSpec } from '@gss/segmenter';
import { saveTokenizerFolder } from '@gss/segmenter/node';
import { createRng, initParams } from '@gss/tensor';
import { selectBackend } from '@gss/tensor/node';
import { compactVariants } from '@gss/vqvae';
import { beforeEach, describe, expect, test } from 'vitest';
import { datasetCommand } from './dataset.js';
import { runCommand, temporaryFolder } from './test-command.js';

const at = temporaryFolder();
let root: string;
beforeEach(async () => {
  root = at();
  for (const [split, count] of [
    ['train', 3],
    ['val', 2],
  ] as const)
    await prepareDataset({
      source: { kind: 'synthetic-streets', seed: 1, count, width: 96, height: 64, split },
      out: root,
      format: 'folder',
      split,
    });
});
const run = (...args: string[]) => runCommand(datasetCommand(), ...args);

describe('gss dataset', () => {
  test('inspect prints classes and writes an overview; --json is one line', async () => {
    const sheet = join(root, 'sheet.png');
    const { stdout, code } = await run('inspect', '--data', root, '--sheet', sheet);
    expect(stdout).toMatch(/3 pictures, 1 size: 96×64/);
    expect(stdout).toMatch(/ids in the files: 0 road · 1 lane marking/);
    expect([code, existsSync(sheet)]).toEqual([0, true]);
    const json = await run('inspect', '--data', root, '--split', 'val', '--json');
    expect(json.stdout.trim().split('\n').length).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ images: 2, ok: true });
  });
  test('verify looks at all splits and fails on what is wrong', async () => {
    expect(await run('verify', '--data', root)).toMatchObject({ code: 0 });
    writeFileSync(join(root, 'images/val/val-1-00001.png'), 'broken');
    const { stdout, code } = await run('verify', '--data', root);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /split train[\s\S]*split val[\s\S]*UNREADABLE-IMAGE: .*val-1-00001\.png: expected a JPEG, PNG or WebP/,
    );
  });
  test('prepare writes shards', async () => {
    const out = join(root, 'shards');
    const { stdout } = await run(
      'prepare',
      '--data',
      root,
      '--out',
      out,
      '--format',
      'shards',
      '--shard-size',
      '2',
      '--json',
    );
    expect(JSON.parse(stdout)).toMatchObject({ samples: 3, kept: 0 });
    expect(existsSync(join(out, 'shard-00001.tar'))).toBe(true);
  });
  test('list knows the places; bad names and missing roots are one clear message', async () => {
    expect((await run('list')).stdout).toMatch(/cityscapes +Cityscapes; labels: labelIds/);
    const unknown = await run('inspect', '--dataset', 'citiscapes');
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      expect.stringMatching(/^gss: --dataset citiscapes: not known\. Known: synthetic-streets, cityscapes/),
    ]);
    const noRoot = await run('inspect', '--dataset', 'cityscapes');
    expect(noRoot.stderr).toMatch(/say with --root DIR where it lies/);
    const absent = await run('inspect', '--dataset', 'cityscapes', '--root', root);
    expect(absent.stderr).toMatch(/Get it from cityscapes-dataset\.com/);
  });
  test('--source takes any source as JSON, with {split} in it; --dataset mseg joins what lies below the root', async () => {
    const classes = syntheticStreetsClasses;
    const tree = {
      kind: 'tree',
      root,
      images: 'images/{split}',
      imageSuffix: '.png',
      labels: 'labels/{split}',
      labelSuffix: '.png',
      classes,
    };
    const source = JSON.stringify({ kind: 'mixed', parts: [{ source: tree, repeat: 2 }] });
    const inline = await run('inspect', '--source', source, '--split', 'val', '--json');
    expect(JSON.parse(inline.stdout)).toMatchObject({ images: 2, duplicates: [], ok: true }); // each sample once
    writeFileSync(join(root, 'source.json'), JSON.stringify(tree));
    expect(await run('verify', '--source', join(root, 'source.json'), '--splits', 'train,val')).toMatchObject({
      code: 0,
    });
    expect((await run('inspect', '--source', join(root, 'no.json'))).stderr).toMatch(/no\.json: no such file/);
    const none = await run('inspect', '--dataset', 'mseg', '--root', root);
    expect(none.stderr).toMatch(/none of the folders ade20k, bdd100k, .* is there/);
  });
  test('prepare --tokenizer stores tokens of fixed crops, once; prune removes them', async () => {
    const tokenizer = { type: 'compact', config: { ...compactVariants.nano, codes: 16 } } as const;
    const folder = join(root, 'tokenizer');
    await selectBackend({ backend: 'wasm' });
    const classes = syntheticStreetsClasses.map(({ name, color }) => ({
      name,
      color: [...color] as [number, number, number],
    }));
    await saveTokenizerFolder(
      folder,
      {
        format: 'gss-tokenizer',
        version: 1,
        name: 't',
        classes,
        palette: maximalDistancePalette(classes.length),
        unlabelled: [0, 0, 0],
        tokenizer,
      },
      initParams(tokenizerSpec(tokenizer), createRng(1)),
    );
    const out = join(root, 'prepared');
    const crops = ['--tokenizer', folder, '--crop', '32x32', '--stride', '32', '--flips', '--backend', 'wasm'];
    const prepare = ['prepare', '--data', root, '--out', out, ...crops, '--json'];
    const first = JSON.parse((await run(...prepare)).stdout);
    expect(first).toMatchObject({ samples: 3, kept: 0, tokens: { samples: 3, maps: 3 * 3 * 2 * 2 } });
    expect(first.tokens.encoded).toBeGreaterThan(12);
    expect(first.tokens.folder.startsWith(join(out, 'tokens'))).toBe(true);
    expect(JSON.parse((await run(...prepare)).stdout)).toMatchObject({ kept: 3, tokens: { encoded: 0 } });
    const alone = ['prepare', '--data', root, '--out', join(root, 'alone'), '--format', 'tokens', ...crops.slice(0, 2)];
    expect((await run(...alone, '--backend', 'wasm')).stdout).toMatch(
      /tokens of 3 label maps of 3 pictures in .*alone/,
    );
    const pruned = JSON.parse((await run('prune', join(out, 'tokens'), '--max', '1kB', '--json')).stdout);
    expect(pruned.kept.bytes).toBeLessThanOrEqual(1000);
    expect(pruned.removed.entries + pruned.kept.entries).toBe(first.tokens.encoded);
    const without = await run('prepare', '--data', root, '--out', out, '--format', 'tokens');
    expect([without.code, without.stderr]).toEqual([1, expect.stringMatching(/Name its folder with --tokenizer DIR/)]);
  });
});
