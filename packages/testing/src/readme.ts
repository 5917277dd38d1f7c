import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Runs every ```ts block of a package's README, one module each, against the sources: what a reader copies is what is
 * tested. Call it from a test beside the sources: `await runReadme(import.meta.url)` finds the nearest README.md upwards.
 * @returns the number of blocks that ran; throws when there is none or one fails.
 */
export async function runReadme(testUrl: string): Promise<number> {
  const packageDir = dirname(dirname(fileURLToPath(testUrl)));
  const text = readFileSync(join(packageDir, 'README.md'), 'utf8');
  const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);
  if (blocks.length === 0) throw new Error(`${packageDir}/README.md has no \`\`\`ts block`);
  const folder = mkdtempSync(join(packageDir, 'src', '.readme-'));
  try {
    for (const [i, code] of blocks.entries()) {
      const file = join(folder, `block-${i + 1}.ts`);
      writeFileSync(file, code);
      await import(/* @vite-ignore */ pathToFileURL(file).href);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return blocks.length;
}
