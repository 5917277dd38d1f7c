import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { loadNative, shimNodeUtil } from './load.js';
import { packageName } from './packages.js';
import { selfTestNative } from './self-test.js';
import { nativeStatus } from './status.js';
import { makeTfjsNode, put, temporaryFolder } from './test-wheel.js';

const code = (expected: string) => expect.objectContaining({ code: expected });

test('the functions that tfjs-node needs are there on every Node', () => {
  shimNodeUtil();
  const util = createRequire(import.meta.url)('node:util') as {
    isNullOrUndefined(value: unknown): boolean;
    isArray(value: unknown): boolean;
  };
  expect([undefined, null, 0, ''].map((value) => util.isNullOrUndefined(value))).toEqual([true, true, false, false]);
  expect([util.isArray([]), util.isArray({})]).toEqual([true, false]);
});

test('a project without the library is told so', async () => {
  const project = temporaryFolder();
  makeTfjsNode(join(project, 'node_modules', packageName));
  await expect(loadNative({ from: project })).rejects.toThrow(code('NOT_PROVISIONED'));
  await expect(loadNative({ from: pathToFileURL(join(project, 'main.js')) })).rejects.toThrow(/gss-native install/);
});

test('a binding that does not load is an error, and in the self-test a result', async () => {
  const project = temporaryFolder();
  const path = makeTfjsNode(join(project, 'node_modules', packageName));
  put(join(path, 'lib/napi-v8/tfjs_binding.node'), 'not a library');
  put(join(path, 'index.js'), "module.exports = require('./lib/napi-v8/tfjs_binding.node');");
  await expect(loadNative({ from: project })).rejects.toThrow(code('LOAD_FAILED'));
  expect(await selfTestNative({ projectDir: project })).toEqual({
    ok: false,
    reason: expect.stringMatching(/tfjs_binding.node/),
  });
  put(join(path, 'index.js'), "process.kill(process.pid, 'SIGILL');");
  expect(await selfTestNative({ projectDir: project })).toMatchObject({
    ok: false,
    reason: expect.stringContaining('SIGILL (TensorFlow needs a processor with AVX)'),
  });
});

const here = join(import.meta.dirname ?? __dirname, '..');
const { ready, advice } = await nativeStatus(here);
if (!ready)
  console.log(`skipped: loading TensorFlow itself (the native backend is not provisioned here: ${advice.at(-1)})`);

test.runIf(ready)('one training step on TensorFlow equals the cpu backend', async () => {
  const result = await selfTestNative({ projectDir: here });
  expect(result).toMatchObject({ ok: true, device: expect.stringMatching(/cpu|gpu/) });
  expect('largestError' in result && result.largestError <= result.tolerance).toBe(true);
});

test.runIf(ready)('loads into this process', async () => {
  const loaded = await loadNative({ from: import.meta.url });
  expect(loaded).toMatchObject({ tfjsNode: '4.22.0', tensorflow: expect.stringMatching(/^2\./) });
  expect(await loadNative({ from: here })).toEqual(loaded);
});
