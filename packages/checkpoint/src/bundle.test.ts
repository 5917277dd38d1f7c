import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

/** Sources that a browser's bundle of one entry takes in. */
async function inputsOf(entry: string, contents?: string): Promise<{ inputs: string[]; text: string }> {
  const path = fileURLToPath(new URL(entry, import.meta.url));
  const { metafile, outputFiles } = await build({
    ...(contents === undefined
      ? { entryPoints: [path] }
      : { stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)) } }),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    metafile: true,
  });
  return { inputs: Object.keys(metafile.inputs), text: outputFiles[0]!.text };
}

test('the root takes in nothing that reads pickles or archives, even when all of it is used', async () => {
  const { inputs, text } = await inputsOf('', "import * as all from './index.js'; console.log(all);");
  expect(inputs.some((path) => path.endsWith('safetensors/parse.ts'))).toBe(true);
  expect(inputs.filter((path) => /pytorch|npz|zip/.test(path))).toEqual([]);
  expect(text).not.toMatch(/_rebuild_tensor|pickle/i);
});

test('/pytorch and /npz bundle for browsers: nothing of Node in them', async () => {
  const { inputs } = await inputsOf('pytorch/index.ts');
  expect(inputs.some((path) => path.endsWith('pytorch/machine.ts'))).toBe(true);
  expect([...inputs, ...(await inputsOf('npz/index.ts')).inputs].filter((path) => path.includes('node'))).toEqual([]);
});
