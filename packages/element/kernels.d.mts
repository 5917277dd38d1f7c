type Backend = 'webgpu' | 'webgl' | 'wasm';
export declare const backends: readonly Backend[];
/** The module of a backend with the kernels that the worker can start. */
export declare function kernelModule(backend: Backend): string;
/** Where it stands. */
export declare const kernelFile: (backend: Backend) => URL;
