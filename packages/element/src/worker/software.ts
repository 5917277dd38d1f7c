import type { BackendName } from '../engine/api.js';

/** Names of renderers that compute on the processor. */
const software = /swiftshader|llvmpipe|softpipe|software|basic render/i;

interface Adapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: {
    readonly vendor?: string;
    readonly architecture?: string;
    readonly description?: string;
    readonly isFallbackAdapter?: boolean;
  };
}

async function webgpuRenderer(): Promise<string> {
  const { gpu } = navigator as unknown as { readonly gpu?: { requestAdapter(): Promise<Adapter | null> } };
  const adapter = await gpu?.requestAdapter();
  const { vendor, architecture, description, isFallbackAdapter } = adapter?.info ?? {};
  const fallback = adapter?.isFallbackAdapter || isFallbackAdapter ? 'software' : undefined;
  return [vendor, architecture, description, fallback].filter(Boolean).join(' ');
}

function webglRenderer(): string {
  const gl = new OffscreenCanvas(1, 1).getContext('webgl2');
  const names = gl?.getExtension('WEBGL_debug_renderer_info');
  const renderer = gl && String(gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl?.getExtension('WEBGL_lose_context')?.loseContext();
  return renderer ?? '';
}

/**
 * The renderer of a GPU backend that is none but runs on the processor: a hundred times slower than wasm there, and seconds only to be
 * measured. Undefined for real ones, and where the browser does not tell.
 */
export async function softwareRenderer(name: BackendName): Promise<string | undefined> {
  try {
    if (name === 'wasm') return undefined;
    const renderer = name === 'webgpu' ? await webgpuRenderer() : webglRenderer();
    return software.test(renderer) ? renderer : undefined;
  } catch {
    return undefined; // what is wrong with it is found when it starts
  }
}
