// The kernels that the worker can start: one list for the three backends. tfjs has twice as many. Bundlers need imports that name every
// file, so the list is written out for each backend: after a change here run `node kernels.mjs`. kernels.test.ts holds the list to the
// operations in the bundle, and the files to the list.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** On every backend. */
const everywhere = `
  _FusedMatMul Abs Add ArgMax BatchMatMul Cast ClipByValue Concat Conv2D Conv2DBackpropInput DepthwiseConv2dNative Elu Equal Erf Exp ExpandDims
  Fill FloorDiv FusedConv2D FusedDepthwiseConv2D GatherV2 GreaterEqual Identity LeakyRelu Less Log LogicalAnd Max Maximum MaxPool Mean Min Mod
  Multiply Neg NotEqual OneHot Pack PadV2 Pow Prelu Range RealDiv Relu Relu6 Reshape ResizeBilinear ResizeNearestNeighbor Reverse Round Rsqrt
  Sigmoid Slice Softmax SplitV Sqrt Square Step Sub Sum Tile TopK Transpose Unpack ZerosLike`;

/** tfjs' wasm backend lacks these: there they are ours, of @gss/tensor/kernels/wasm. */
const onGpus =
  'Conv2DBackpropFilter DepthwiseConv2dNativeBackpropFilter DepthwiseConv2dNativeBackpropInput UnsortedSegmentSum';

export const backends = /** @type {const} */ (['webgpu', 'webgl', 'wasm']);

/** tfjs' name for what registers a kernel: `absConfig` of `Abs`. */
const configOf = (kernel) => `${kernel.replace(/[A-Z]/, (first) => first.toLowerCase())}Config`;

/** The module of a backend with its kernels. @param {typeof backends[number]} backend */
export function kernelModule(backend) {
  const dist = `@tensorflow/tfjs-backend-${backend}/dist`;
  const kernels = (backend === 'wasm' ? everywhere : `${everywhere} ${onGpus}`).trim().split(/\s+/).sort();
  const base =
    backend === 'wasm'
      ? `export { getThreadsCount, setThreadsCount, setWasmPaths } from '${dist}/base.js';`
      : `import '${dist}/base.js';`;
  return [
    '// Made by kernels.mjs of this package: change its list, then run it.',
    base,
    ...kernels.map((kernel) => `import { ${configOf(kernel)} } from '${dist}/kernels/${kernel}.js';`),
    "import type { KernelConfig } from '@tensorflow/tfjs-core';",
    '',
    `export const kernels: readonly KernelConfig[] = [${kernels.map(configOf).join(', ')}];`,
    '',
  ].join('\n');
}

/** Where a backend's module stands. @param {typeof backends[number]} backend */
export const kernelFile = (backend) => new URL(`src/worker/kernels/${backend}.generated.ts`, import.meta.url);

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const backend of backends) writeFileSync(kernelFile(backend), kernelModule(backend));
