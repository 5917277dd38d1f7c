// Small seeded models of every family on cpu, wasm, native TensorFlow and WebGPU: how far each lies from cpu, as a Markdown table.
//   node bench/agreement.mjs [--only nano]      --only: cases whose names hold that text
// WebGPU runs in Node through Dawn (npm `webgpu`, or GSS_DAWN=path/to/it/index.js), on Chromium's SwiftShader where there is no GPU; what
// cannot be had is left out with its reason. Needs no build.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { root } from '../scripts/workspace.mjs';
import { bundlePackages } from './bundle.mjs';

const { values: options } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const require = createRequire(join(root, 'packages/tensor/package.json'));

// Dawn loads Vulkan; where the system has none, Chromium's copy and its SwiftShader do. Libraries are looked for where the process was told at
// its start.
const chromium = '/usr/lib/chromium';
const icd = join(chromium, 'vk_swiftshader_icd.json');
if (existsSync(icd) && !process.env.VK_DRIVER_FILES) {
  const env = { ...process.env, VK_DRIVER_FILES: icd, VK_ICD_FILENAMES: icd, LD_LIBRARY_PATH: chromium };
  const { status } = spawnSync(process.execPath, process.argv.slice(1), { stdio: 'inherit', env });
  process.exit(status ?? 1);
}

/** Before tfjs is imported: its WebGPU backend registers only where there is a navigator.gpu. */
async function startDawn() {
  const from = process.env.GSS_DAWN ? pathToFileURL(process.env.GSS_DAWN).href : 'webgpu';
  const { create, globals } = await import(from);
  Object.assign(globalThis, globals);
  const gpu = create([]);
  if (!globalThis.navigator) Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  if (!(await gpu.requestAdapter())) throw new Error('no adapter');
}

const absent = {};
const firstLine = (error) => String(error.message).split('\n')[0];
await startDawn().catch((error) => {
  absent.webgpu = `${firstLine(error)}; npm install webgpu, or set GSS_DAWN`;
});
const { tf, wasm, tensorflow, agreement } = await bundlePackages('agreement', {
  wasm: '@gss/tensor/kernels/wasm',
  tensorflow: '@gss/tensor/kernels/tensorflow',
  agreement: join(root, 'packages/segmenter/src/test-agreement.ts'),
});
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
const load = {
  cpu() {},
  wasm() {
    require('@tensorflow/tfjs-backend-wasm');
    wasm.registerWasmKernels();
  },
  tensorflow() {
    require('@tensorflow/tfjs-node-gpu');
    tensorflow.registerTensorflowKernels();
  },
  webgpu() {
    require('@tensorflow/tfjs-backend-webgpu');
  },
};
tf.enableProdMode();

const cases = agreement.agreementCases.filter((name) => name.includes(options.only));
const rows = new Map(cases.map((name) => [name, []]));
const expected = new Map();
const shown = [];
for (const [backend, prepare] of Object.entries(load)) {
  try {
    if (absent[backend]) throw new Error(absent[backend]);
    prepare();
    if (!(await tf.setBackend(backend))) throw new Error('it did not start');
    await tf.ready();
  } catch (error) {
    console.error(`${backend}: left out, ${firstLine(error)}`);
    continue;
  }
  if (backend !== 'cpu') shown.push(backend);
  for (const name of cases) {
    const outcome = await agreement.runAgreement(name);
    if (backend === 'cpu') expected.set(name, outcome);
    else {
      const { error, tokens, labels } = agreement.compareOutcomes(outcome, expected.get(name));
      const equal = labels === undefined ? '' : `, ${tokens.toFixed(1)} %, ${labels.toFixed(2)} %`;
      rows.get(name).push(`${error.toExponential(1)}${equal}`);
    }
    console.error(`${backend} ${name} ${rows.get(name).at(-1) ?? ''}`);
  }
}
console.log(`| | ${shown.join(' | ')} |\n| --- |${' --- |'.repeat(shown.length)}`);
for (const [name, cells] of rows) console.log(`| ${name} | ${cells.join(' | ')} |`);
process.exit(0); // Dawn keeps the process alive
