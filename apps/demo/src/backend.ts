import { type BrowserBackend, browserBackends, selectBackend } from '@gss/tensor/browser';
import plainUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';

const loaders = {
  webgpu: () => import('@tensorflow/tfjs-backend-webgpu'),
  webgl: () => import('@tensorflow/tfjs-backend-webgl'),
  wasm: async () => {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    setWasmPaths({
      'tfjs-backend-wasm.wasm': plainUrl,
      'tfjs-backend-wasm-simd.wasm': simdUrl,
      'tfjs-backend-wasm-threaded-simd.wasm': threadedUrl,
    });
  },
};

/** Starts the best backend of this browser, or the one that the address asks for: ?backend=wasm. */
export function startBackend() {
  const wanted = new URLSearchParams(location.search).get('backend');
  if (wanted && !(browserBackends as readonly string[]).includes(wanted)) {
    throw new Error(`There is no backend "${wanted}". Use ?backend=${browserBackends.join(', ')}, or none.`);
  }
  return selectBackend({ loaders, backend: (wanted as BrowserBackend | null) ?? undefined });
}
