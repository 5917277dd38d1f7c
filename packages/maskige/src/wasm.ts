import { codecBase64 } from './wasm.generated.js';

/** The compiled inner loops and their memory; addresses are explained in wasm/codec.wat. */
export interface Codec {
  readonly memory: ArrayBuffer;
  encode(end: number, step: number): bigint;
  decode(dst: number, end: number, channels: number): number;
}

/** Where both loops write. */
export const output = 0x4080;

let module: WebAssembly.Module | undefined;

/** The loops on a memory of their own, or null where WebAssembly SIMD is missing or forbidden (a strict CSP). */
export function instantiateCodec(pages: number): Codec | null {
  try {
    module ??= new WebAssembly.Module(Uint8Array.from(atob(codecBase64), (c) => c.charCodeAt(0)));
    const memory = new WebAssembly.Memory({ initial: pages });
    const { exports } = new WebAssembly.Instance(module, { '': { '': memory } });
    return { ...exports, memory: memory.buffer } as unknown as Codec;
  } catch {
    return null;
  }
}
