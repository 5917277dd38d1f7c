// What others write: brute force in JavaScript, numpy, PyTorch.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** All distances, then the first least; without the K·H·W array that numpy and PyTorch programs make. */
export function bruteForce(data, palette, pixels) {
  const labels = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const [r, g, b] = [data[3 * i], data[3 * i + 1], data[3 * i + 2]];
    let least = 1e9;
    for (let k = 0; k < palette.length; k++) {
      const c = palette[k];
      const d = (r - c[0]) ** 2 + (g - c[1]) ** 2 + (b - c[2]) ** 2;
      if (d < least) {
        least = d;
        labels[i] = k;
      }
    }
  }
  return labels;
}

/**
 * The formulations of rivals.py by the Python that GSS_PYTHON names (default python3), on one thread.
 * @returns its result, or { missing: why } where there is no such Python, or it has no numpy.
 */
export function pythonFormulations(data, labels, palette) {
  const folder = mkdtempSync(join(tmpdir(), 'maskige-bench-'));
  writeFileSync(join(folder, 'image.bin'), data);
  writeFileSync(join(folder, 'labels.bin'), labels);
  writeFileSync(join(folder, 'palette.json'), JSON.stringify(palette));
  const script = fileURLToPath(new URL('rivals.py', import.meta.url));
  const python = process.env.GSS_PYTHON ?? 'python3';
  const one = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  const { status, stdout, stderr, error } = spawnSync(python, [script, folder], {
    encoding: 'utf8',
    env: { ...process.env, ...one },
  });
  rmSync(folder, { recursive: true, force: true });
  if (status === 0) return JSON.parse(stdout);
  return { missing: `${python}: ${error?.message ?? stderr.trim().split('\n').at(-1)}` };
}
