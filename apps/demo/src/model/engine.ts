import { type BackendInfo, type BackendName, createEngine, type Engine } from '@gss/element/engine';
import plainUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';

const here = (url: string) => new URL(url, document.baseURI).href;

/** The engine of @gss/element, with the wasm files where this page's bundler lays them out. */
export function startEngine(
  backend: BackendName | undefined,
  onBackend: (backend: BackendInfo) => void,
): Promise<Engine> {
  return createEngine({
    ...(backend ? { backend } : {}),
    onBackend,
    wasmPaths: {
      'tfjs-backend-wasm.wasm': here(plainUrl),
      'tfjs-backend-wasm-simd.wasm': here(simdUrl),
      'tfjs-backend-wasm-threaded-simd.wasm': here(threadedUrl),
    },
  });
}
