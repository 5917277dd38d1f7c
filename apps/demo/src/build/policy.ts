import type { Plugin } from 'vite';

/**
 * What the built page may load: its own files. Workers and scripts from blobs are how tfjs starts the threads of its wasm backend;
 * 'wasm-unsafe-eval' is what compiling WebAssembly needs (no eval of strings).
 */
export const contentPolicy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval' blob:",
  "worker-src 'self' blob:",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "connect-src 'self' blob:",
  "style-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Writes the policy into the built page; the development server injects styles of its own. */
export function policy(): Plugin {
  return {
    name: 'gss-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: contentPolicy },
        injectTo: 'head-prepend',
      },
    ],
  };
}
