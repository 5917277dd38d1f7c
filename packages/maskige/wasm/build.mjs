// Compiles codec.wat into src/wasm.generated.ts. Run after editing: pnpm --filter @gss/maskige wasm
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import loadWabt from 'wabt';

/** The generated module's text for the committed source. */
export async function generate() {
  const wabt = await loadWabt();
  const source = readFileSync(new URL('codec.wat', import.meta.url), 'utf8');
  const module = wabt.parseWat('codec.wat', source, { simd: true });
  const base64 = Buffer.from(module.toBinary({ write_debug_names: false }).buffer).toString('base64');
  return `// Made from wasm/codec.wat by wasm/build.mjs.\nexport const codecBase64 =\n  '${base64}';\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../src/wasm.generated.ts', import.meta.url), await generate());
}
