import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as maskige from '@gss/maskige';
import * as soft from '@gss/maskige/soft';
import * as metrics from '@gss/metrics';
import { expect, test } from 'vitest';
import { buildDocs } from './docs.mjs';

test('the API pages of every package can be made without a warning; every export has one, READMEs their pictures', async () => {
  const out = mkdtempSync(join(tmpdir(), 'gss-docs-'));
  try {
    const modules: string[] = await buildDocs(out);
    expect(modules).toEqual(expect.arrayContaining(['@gss/tensor', '@gss/datasets/node', '@gss/maskige/soft']));
    for (const [module, exported] of Object.entries({
      '@gss/maskige': maskige,
      '@gss/maskige/soft': soft,
      '@gss/metrics': metrics,
    })) {
      const page = readFileSync(join(out, 'modules', `${module.replace('@', '_').replaceAll('/', '_')}.html`), 'utf8');
      expect(Object.keys(exported).length).toBeGreaterThan(4);
      for (const name of Object.keys(exported)) expect(page, module).toContain(`.${name}.html`);
    }
    for (const picture of ['round-trip.png', 'confusion.svg']) {
      expect(existsSync(join(out, 'media', picture)), picture).toBe(true);
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}, 120_000);

test('a name that is no package is refused', async () => {
  await expect(buildDocs('nowhere', ['maskige', 'mask'])).rejects.toThrow('got mask');
});
