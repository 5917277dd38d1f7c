// Compiles assembly/index.ts to WebAssembly and writes it, as base64, to src/kernels/wasm/module.generated.ts.
//   node scripts/build-kernels.mjs            write the file
//   node scripts/build-kernels.mjs --print    print what would be written (a test compares it with the committed file)
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const home = dirname(dirname(fileURLToPath(import.meta.url)));
const { error, stderr, binary } = await compile();
if (error) throw new Error(`build-kernels: ${error.message}\n${stderr}`);
const module = new WebAssembly.Module(binary);
if (WebAssembly.Module.imports(module).some(({ kind }) => kind !== 'memory')) {
  throw new Error('build-kernels: the module may import nothing but memory (an abort or a Math function crept in).');
}
if (hasDataSection(binary)) {
  throw new Error('build-kernels: the module has static data, which would overwrite the backend’s memory.');
}
const source = `// Made by scripts/build-kernels.mjs from assembly/: do not edit. ${binary.length} bytes.
export const kernelsBase64 =
  '${Buffer.from(binary).toString('base64')}';
`;
if (process.argv.includes('--print')) process.stdout.write(source);
else writeFileSync(join(home, 'src/kernels/wasm/module.generated.ts'), source);

async function compile() {
  let binary;
  const result = await asc.main(
    [
      'assembly/index.ts',
      ...['--baseDir', home, '--outFile', 'kernels.wasm', '--importMemory', '--noExportMemory'],
      ...['--enable', 'simd', '--runtime', 'stub', '--noAssert', '-O3'],
    ],
    {
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm')) binary = contents;
      },
    },
  );
  return { error: result.error, stderr: result.stderr.toString(), binary };
}

/** Section 11 holds data; sections follow the 8 bytes of the header as id, LEB128 length, content. */
function hasDataSection(bytes) {
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at++];
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    if (id === 11) return true;
    at += length;
  }
  return false;
}
