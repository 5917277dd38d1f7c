/** Registers kernels that the tensorflow backend lacks or that TensorFlow has in a faster form. */
export function registerTensorflowKernels(): void {}
