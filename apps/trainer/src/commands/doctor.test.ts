import { expect, test } from 'vitest';
import { doctorCommand } from './doctor.js';
import { runCommand } from './test-command.js';

test('says of every backend that runs here which kernels it lacks', async () => {
  const { stdout, stderr } = await runCommand(doctorCommand(), '--json');
  const { available, kernels } = JSON.parse(stdout);
  expect(available).toContain('wasm');
  expect(Object.keys(kernels)).toEqual(available);
  expect([kernels.wasm, kernels.cpu]).toEqual([{}, {}]);
  expect(stderr).toMatch(/^kernels {4}wasm: all that the presets need$/m);
});
