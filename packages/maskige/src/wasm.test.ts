import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('the compiled loops are those of wasm/codec.wat', async () => {
  const build = new URL('../wasm/build.mjs', import.meta.url).href;
  const { generate } = (await import(/* @vite-ignore */ build)) as { generate(): Promise<string> };
  expect(readFileSync(new URL('wasm.generated.ts', import.meta.url), 'utf8')).toBe(await generate());
});
