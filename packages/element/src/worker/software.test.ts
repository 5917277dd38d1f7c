import { afterEach, expect, test, vi } from 'vitest';
import { softwareRenderer } from './software.js';

afterEach(() => vi.unstubAllGlobals());
const withAdapter = (adapter: unknown) => vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => adapter } });
const withRenderer = (renderer: string) => {
  class Canvas {
    getContext() {
      return {
        RENDERER: 1,
        getExtension: (name: string) => (name === 'WEBGL_debug_renderer_info' ? { UNMASKED_RENDERER_WEBGL: 2 } : null),
        getParameter: (what: number) => (what === 2 ? renderer : 'masked'),
      };
    }
  }
  vi.stubGlobal('OffscreenCanvas', Canvas);
};

test.each([
  [{ info: { vendor: 'google', architecture: 'swiftshader' } }, 'google swiftshader'],
  [{ info: { vendor: 'microsoft', architecture: '', isFallbackAdapter: true } }, 'microsoft software'],
  [{ isFallbackAdapter: true, info: {} }, 'software'],
  [{ info: { vendor: 'nvidia', architecture: 'ada' } }, undefined],
  [{ info: {} }, undefined],
  [null, undefined],
])('WebGPU %o: %s', async (adapter, expected) => {
  withAdapter(adapter);
  expect(await softwareRenderer('webgpu')).toBe(expected);
});

test.each([
  ['ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device), SwiftShader driver)', true],
  ['llvmpipe (LLVM 15.0.6, 256 bits)', true],
  ['ANGLE (Apple, ANGLE Metal Renderer: Apple M2, Unspecified Version)', false],
])('WebGL %s', async (renderer, expected) => {
  withRenderer(renderer);
  expect(await softwareRenderer('webgl')).toBe(expected ? renderer : undefined);
});

test('wasm never is; a browser that fails to tell is left to the start', async () => {
  expect(await softwareRenderer('wasm')).toBeUndefined();
  vi.stubGlobal('navigator', {
    gpu: { requestAdapter: () => Promise.reject(new Error('no')) },
  });
  expect(await softwareRenderer('webgpu')).toBeUndefined();
});
