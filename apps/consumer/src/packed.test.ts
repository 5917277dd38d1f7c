import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromiumFlags, findChromium, noChromium } from '@gss/testing';
import { chromium } from 'playwright-core';
import { build, preview } from 'vite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeProject, node, type Project, readManifest, tsc } from './project.js';

// What a reader gets who installs single packages from npm: the tarballs, in a project that knows nothing of this workspace.

interface Result {
  readonly codec: {
    readonly sound: boolean;
    readonly palette: readonly (readonly number[])[];
    readonly first: readonly number[];
    readonly labels: readonly number[];
    readonly decoded: readonly number[];
    readonly fromNoise: readonly number[];
    readonly refusal: string;
  };
  readonly scores: { readonly aAcc: number; readonly mAcc: number; readonly mIoU: number; readonly table: string };
  readonly pipeline: { width: number; height: number; image: readonly number[]; labels: readonly number[] };
  readonly scene: { classes: number; image: readonly number[]; labels: readonly number[] };
}

const executablePath = findChromium();
if (!executablePath) console.log(noChromium);
const requireWorks = (process.features as { require_module?: boolean }).require_module === true;
if (!requireWorks)
  console.log(
    `skipped: the packages by require (Node ${process.version} cannot require ES modules; 20.19, 22.12 and later can)`,
  );

describe('the packed packages in a plain npm project', () => {
  let project: Project;
  let imported: Result;
  const at = (name: string) => join(project.folder, name);
  const read = (name: string): Result => JSON.parse(readFileSync(at(name), 'utf8'));

  beforeAll(async () => {
    project = await makeProject();
    if (project.offline) return console.log(`skipped: the packed packages (${project.offline})`);
    await node(['esm.js', 'imported.json'], project.folder);
    imported = read('imported.json');
  }, 300_000);
  beforeEach(({ skip }) => skip(project.offline !== undefined, project.offline));
  afterAll(() => project && rmSync(project.folder, { recursive: true, force: true, maxRetries: 3 }));

  test('ask for published versions, never for the workspace', () => {
    expect(readManifest(at('node_modules/@gss/maskige')).dependencies).toBeUndefined();
    expect(readManifest(at('node_modules/@gss/metrics')).dependencies).toBeUndefined();
    const { dependencies } = readManifest(at('node_modules/@gss/datasets'));
    expect(Object.keys(dependencies!).sort()).toEqual(['@gss/maskige', 'fast-png', 'piscina', 'sharp']);
    expect(dependencies!['@gss/maskige']).toMatch(/^\^\d+\.\d+\.\d+$/);
  });

  test('bring licence and README', () => {
    for (const name of ['maskige', 'metrics', 'datasets']) {
      expect(readFileSync(at(`node_modules/@gss/${name}/LICENSE`), 'utf8')).toContain('Apache License');
      expect(readFileSync(at(`node_modules/@gss/${name}/README.md`), 'utf8')).toContain(`# @gss/${name}`);
    }
  });

  // npm shows a README without the rest of the repository: what it links to has to be in the tarball.
  test.each(['maskige', 'metrics', 'datasets'])('bring what the README of %s shows and links to', (name) => {
    const folder = at(`node_modules/@gss/${name}`);
    const targets = [...readFileSync(join(folder, 'README.md'), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target!)
      .filter((target) => !/^(https?:|#)/.test(target));
    expect(targets.some((target) => /\.(png|svg|jpg)$/.test(target))).toBe(true);
    expect(targets.filter((target) => !existsSync(join(folder, target)))).toEqual([]);
  });

  test('encode, decode, count and transform in Node', () => {
    const { codec, scores, pipeline, scene } = imported;
    expect(codec.sound).toBe(true);
    expect(codec.palette).toHaveLength(19);
    expect(codec.first).toEqual([0, 0, 0, 255]); // the unlabelled corner
    expect(new Set(codec.labels).size).toBe(20);
    expect(codec.decoded).toEqual(codec.labels);
    expect(codec.fromNoise).toEqual(codec.labels);
    expect(codec.refusal).toMatch(/^encode: label 19 at pixel 0 has no colour/);
    const labelled = 128 * 96 - 16 * 8;
    expect(scores.aAcc).toBeCloseTo((100 * (128 * 72 - 16 * 8)) / labelled, 9);
    expect(scores.mIoU).toBeGreaterThan(50);
    expect(scores.mIoU).toBeLessThan(scores.mAcc);
    expect(scores.table).toContain(`aAcc ${scores.aAcc.toFixed(2)}`);
    expect([pipeline.width, pipeline.height]).toEqual([64, 64]);
    expect(pipeline.image).toHaveLength(64 * 64 * 3);
    expect(Math.min(...pipeline.image)).toBeLessThan(-1);
    expect(new Set(pipeline.labels).size).toBeGreaterThan(15);
    expect(scene.classes).toBe(13);
    expect(scene.image).toHaveLength(96 * 64 * 3);
    expect(new Set(scene.labels).size).toBeGreaterThan(3);
  });

  test.runIf(requireWorks)(
    'give the same by require',
    async () => {
      await node(['required.cjs', 'required.json'], project.folder);
      expect(read('required.json')).toEqual(imported);
    },
    240_000,
  );

  test('read and write files, palettes by name', async () => {
    expect(await node(['files.js', at('streets')], project.folder)).toContain('files: as expected');
  }, 240_000);

  test('have every subpath that they export', async () => {
    const found: Record<string, number> = JSON.parse(await node(['subpaths.js'], project.folder));
    expect(Object.keys(found)).toHaveLength(11);
    for (const [specifier, exports] of Object.entries(found)) expect(exports, specifier).toBeGreaterThan(0);
  }, 240_000);

  test.each(['maskige', 'metrics', 'datasets'])(
    'import of @gss/%s loads its own files and nothing else',
    async (name) => {
      const urls: string[] = JSON.parse(await node(['trace.js', `@gss/${name}`], project.folder));
      expect(urls.length).toBeGreaterThan(0);
      expect(urls.filter((url) => !url.includes(`/node_modules/@gss/${name}/dist/`))).toEqual([]);
    },
    240_000,
  );

  test.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])(
    'have types for module %s, moduleResolution %s',
    async (module, moduleResolution) => {
      const options = [
        '--module',
        module,
        '--moduleResolution',
        moduleResolution,
        '--target',
        'es2022',
        '--lib',
        'es2023,dom',
      ];
      const { stdout } = await tsc(['--noEmit', '--strict', ...options, 'types.ts'], project.folder);
      expect(stdout).toBe('');
    },
    240_000,
  );

  test.runIf(executablePath)(
    'give the same in a browser, bundled by vite',
    async () => {
      const output = await build({ root: project.folder, configFile: false, logLevel: 'error' });
      const chunks = 'output' in output ? output.output : [];
      const modules = chunks.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
      const foreign = modules.filter(
        (id) => /browser-external|node_modules/.test(id) && !id.includes('/node_modules/@gss/'),
      );
      expect(modules.length).toBeGreaterThan(4);
      expect(foreign).toEqual([]);

      const server = await preview({
        root: project.folder,
        configFile: false,
        logLevel: 'error',
        preview: { port: 0 },
      });
      const browser = await chromium.launch({ executablePath: executablePath!, headless: true, args: chromiumFlags });
      try {
        const page = await browser.newPage();
        const errors: string[] = [];
        page.on('console', (message) => ['error', 'warning'].includes(message.type()) && errors.push(message.text()));
        page.on('pageerror', (error) => errors.push(error.message));
        const { port } = server.httpServer.address() as { port: number };
        await page.goto(`http://localhost:${port}/`);
        await page.waitForFunction(() => 'result' in window, undefined, { timeout: 120_000 });
        const shown = await page.evaluate(() => (window as unknown as { result: Result }).result);
        const { scene, ...exact } = shown;
        const { scene: sceneInNode, ...exactInNode } = imported;
        expect(exact).toEqual(exactInNode);
        // Math.sin and exp may differ in the last bit between two versions of an engine: a scene is compared, not its bytes.
        expect(share(scene.labels, sceneInNode.labels)).toBeGreaterThan(0.999);
        expect(share(scene.image, sceneInNode.image)).toBeGreaterThan(0.99);
        expect(errors).toEqual([]);
      } finally {
        await browser.close();
        await server.close();
      }
    },
    180_000,
  );
});

/** How much of two lists is equal, 0..1. */
function share(a: readonly number[], b: readonly number[]): number {
  expect(a).toHaveLength(b.length);
  return a.filter((value, i) => value === b[i]).length / a.length;
}
