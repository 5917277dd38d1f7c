export { registerWasmKernels, type WasmKernelReport } from './register.js';
