export { registerTensorflowKernels, type TensorflowKernelReport } from './register.js';
