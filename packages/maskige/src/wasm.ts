import { codecBase64 } from './wasm.generated.js';

/** The compiled inner loops; see wasm/codec.wat. */
export interface CodecKernels {
  encode(src: number, dst: number, end: number, pairs: number, patterns: number, bytes: number): bigint;
  decode(
    src: number,
    dst: number,
    end: number,
    pattern: number,
    step: number,
    cells: number,
    planes: number,
    classes: number,
    colors: number,
    lists: number,
  ): number;
}

let module: WebAssembly.Module | null | undefined;

/** An instance on a memory of its own, or null where WebAssembly SIMD is missing or forbidden (a strict CSP). */
export function codecKernels(bytes: number): { kernels: CodecKernels; memory: ArrayBuffer } | null {
  if (module === undefined) {
    try {
      const binary = Uint8Array.from(atob(codecBase64), (c) => c.charCodeAt(0));
      module = new WebAssembly.Module(binary);
    } catch {
      module = null;
    }
  }
  if (!module) return null;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) });
  const { exports } = new WebAssembly.Instance(module, { codec: { memory } });
  return { kernels: exports as unknown as CodecKernels, memory: memory.buffer };
}
