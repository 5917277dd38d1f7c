import { afterEach, expect, test, vi } from 'vitest';
import { doctorCommand } from './doctor.js';

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  process.removeAllListeners('SIGINT');
  process.removeAllListeners('SIGTERM');
});

test('says of every backend that runs here which kernels it lacks', async () => {
  let [stdout, stderr] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
  await doctorCommand().parseAsync(['--json'], { from: 'user' });
  const { available, kernels } = JSON.parse(stdout);
  expect(available).toContain('wasm');
  expect(Object.keys(kernels)).toEqual(available);
  expect([kernels.wasm, kernels.cpu]).toEqual([{}, {}]);
  expect(stderr).toMatch(/^kernels {4}wasm: all that the presets need$/m);
});
