// What converting a large checkpoint costs in time and memory, each in a process of its own, beside PyTorch where that is
// installed (GSS_PYTHON names a Python): `node bench/convert.mjs [--megabytes 300]`. Best of three; random weights.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const package_ = dirname(dirname(fileURLToPath(import.meta.url)));
const { values: options } = parseArgs({ options: { megabytes: { type: 'string', default: '300' } } });
const folder = mkdtempSync(join(tmpdir(), 'gss-bench-'));
const outfile = join(folder, 'sources.mjs');
await build({
  stdin: {
    contents: ['index', 'node/index', 'pytorch/node/index'].map((file) => `export * from './${file}.js';`).join('\n'),
    resolveDir: join(package_, 'src'),
    loader: 'ts',
  },
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
});
const gss = await import(pathToFileURL(outfile).href);

// Sizes as in a transformer: some large matrices, many small vectors.
const pth = join(folder, 'model.pth');
const count = Math.round(Number(options.megabytes) / 6);
const matrix = new Float32Array(1536 * 1024).map(() => Math.random() - 0.5);
await gss.writePyTorch(
  pth,
  Array.from({ length: count }, (_, i) => [
    [`blocks.${i}.mlp.weight`, { dtype: 'F32', shape: [1536, 1024], data: matrix }],
    [`blocks.${i}.mlp.bias`, { dtype: 'F32', shape: [1536], data: matrix.subarray(0, 1536) }],
  ]).flat(),
);
const at = (name) => join(folder, name);
console.log(
  `${(statSync(pth).size / 1e6).toFixed(0)} MB in ${2 * count} tensors, the largest ${(matrix.byteLength / 1e6).toFixed(1)} MB\n`,
);

/** Runs a script; it prints milliseconds of its own work; the memory is that of the whole process. */
function measure(what, command, args) {
  let best = { ms: Number.POSITIVE_INFINITY };
  for (let i = 0; i < 3; i++) {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) return console.log(`${what.padEnd(58)} not measured: ${stderr.trim().split('\n').at(-1)}`);
    const [ms, rss, cpu] = stdout.trim().split(' ').map(Number);
    if (ms < best.ms) best = { ms, rss, cpu };
  }
  const time = `${best.ms.toFixed(0)} ms (processor ${best.cpu.toFixed(0)})`;
  console.log(`${what.padEnd(58)} ${time.padStart(26)}  peak ${best.rss.toFixed(0)} MB`);
}
const node = (what, body) =>
  measure(what, process.execPath, [
    '--input-type=module',
    '-e',
    `import * as gss from ${JSON.stringify(pathToFileURL(outfile).href)};
const cpu = process.cpuUsage(), start = performance.now();
${body}
const took = performance.now() - start, { user, system } = process.cpuUsage(cpu);
console.log(took, process.resourceUsage().maxRSS / 1000, (user + system) / 1000);`,
  ]);
const python = (what, body) =>
  measure(what, process.env.GSS_PYTHON ?? 'python3', [
    '-c',
    `import resource, time, torch
start, cpu = time.perf_counter(), time.process_time()
${body}
print(1000 * (time.perf_counter() - start), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, 1000 * (time.process_time() - cpu))`,
  ]);

node('nothing (Node with the package loaded)', '');
node(
  '.pth → .safetensors, tensor by tensor, atomic, with fsync',
  `const file = gss.openPyTorch(${JSON.stringify(pth)});
await gss.writeSafetensors(${JSON.stringify(at('a.safetensors'))}, file.stateDict(), { format: 'pt' });`,
);
node(
  '.safetensors → .pth, the same',
  `const file = gss.openSafetensorsSync(${JSON.stringify(at('a.safetensors'))});
await gss.writePyTorch(${JSON.stringify(at('b.pth'))}, file.tensors);`,
);
node('openPyTorch alone: names and shapes', `gss.openPyTorch(${JSON.stringify(pth)}).close();`);
python('PyTorch: nothing (imported)', 'pass');
python(
  'PyTorch: torch.load and torch.save, no fsync',
  `torch.save(torch.load(${JSON.stringify(pth)}, weights_only=True), ${JSON.stringify(at('c.pth'))})`,
);
rmSync(folder, { recursive: true });
