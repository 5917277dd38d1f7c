/** The part of Dawn's Node binding (npm `webgpu`) that is used here. */
interface Dawn {
  create(options: string[]): GpuLike;
  globals: Record<string, unknown>;
}
interface GpuLike {
  requestAdapter(): Promise<{
    info?: { vendor?: string; architecture?: string; description?: string; isFallbackAdapter?: boolean };
  } | null>;
}

const software = /swiftshader|llvmpipe|lavapipe|software|fallback/i;

/**
 * Starts tfjs' WebGPU backend in Node on Dawn and returns the adapter's name. Refuses software adapters: they are
 * slower than wasm. The navigator must exist before the backend is imported: it registers itself only then.
 */
export async function startWebGpu(): Promise<string> {
  const name = 'webgpu'; // a variable, so that type checking and bundling do without this optional package
  const dawn = (await import(name).catch(() => {
    throw new Error('the npm package webgpu (Dawn) is not installed');
  })) as Dawn;
  const gpu = dawn.create([]);
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error('no WebGPU adapter was found');
  const { vendor = '', architecture = '', description = '', isFallbackAdapter = false } = adapter.info ?? {};
  const label = [vendor, architecture, description].filter(Boolean).join(' ') || 'unnamed adapter';
  if (isFallbackAdapter || software.test(label)) throw new Error(`only a software adapter was found (${label})`);
  Object.assign(globalThis, dawn.globals);
  const scope = globalThis as { navigator?: object };
  if (!scope.navigator) Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  Object.defineProperty(scope.navigator, 'gpu', { value: gpu, configurable: true });
  await import('@tensorflow/tfjs-backend-webgpu');
  return `GPU (${label}, WebGPU)`;
}
