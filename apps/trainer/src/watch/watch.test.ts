import { execFile } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromiumFlags, findChromium, noChromium } from '@gss/testing';
import { openRunLogger } from '@gss/train/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { watchCommand } from '../commands/watch.js';
import { rgbPng } from '../images/write.js';
import { listen, watchServer } from './server.js';

const root = mkdtempSync(join(tmpdir(), 'gss-watch-'));
const run = join(root, 'street', 'prior');
let server: Server;
let url: string;
const get = (path: string) => fetch(new URL(path, url));
const log = () => readFileSync(join(run, 'log.jsonl'), 'utf8');

beforeAll(async () => {
  const logger = openRunLogger(run);
  for (let step = 10; step <= 50; step += 10) logger.scalars(step, { loss: 50 / step, 'val/mIoU': step });
  const png = await rgbPng({ data: new Uint8Array(12).fill(9), width: 2, height: 2 });
  logger.images(50, [{ tag: 'val/0001TP_006690', png, width: 2, height: 2 }]);
  logger.close();
  mkdirSync(join(root, 'notes')); // a folder without a log is no run
  server = watchServer(root);
  url = await listen(server, 0);
});
afterAll(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});

test('gives the log from where the last look ended', async () => {
  expect(await (await get('runs')).json()).toEqual(['street/prior']);
  const first = await get('log?run=street%2Fprior&from=0');
  expect(await first.text()).toBe(log());
  const size = Number(first.headers.get('x-log-size'));
  expect(await (await get(`log?run=street%2Fprior&from=${size}`)).text()).toBe('');
  const line = `${JSON.stringify({ step: 60, time: 1, loss: 0.5 })}\n`;
  appendFileSync(join(run, 'log.jsonl'), line);
  expect(await (await get(`log?run=street%2Fprior&from=${size}`)).text()).toBe(line);
});

test('gives the pictures of the last evaluation', async () => {
  const [picture, ...more] = await (await get('pictures?run=street%2Fprior')).json();
  expect(picture).toMatchObject({ name: '0001TP_006690.png', changed: expect.any(Number) });
  expect(more).toEqual([]);
  const file = await get(`picture?run=street%2Fprior&name=${picture.name}`);
  expect(file.headers.get('content-type')).toBe('image/png');
  expect(Buffer.from(await file.arrayBuffer())).toEqual(readFileSync(join(run, 'pictures', picture.name)));
});

test('gives nothing else of the disk', async () => {
  writeFileSync(join(root, 'secret.png'), 'x');
  for (const path of ['log?run=..', 'log?run=notes', 'picture?run=street%2Fprior&name=..%2F..%2Fsecret.png', 'etc'])
    expect((await get(path)).status).toBe(404);
});

test('a port that is taken, or none at all, is said', async () => {
  let stderr = '';
  const write = process.stderr.write;
  process.stderr.write = ((text: string) => {
    stderr += text;
    return true;
  }) as typeof write;
  try {
    await watchCommand().parseAsync([root, '--port', new URL(url).port], { from: 'user' });
    await watchCommand().parseAsync([join(root, 'nowhere')], { from: 'user' });
  } finally {
    process.stderr.write = write;
  }
  expect(stderr).toMatch(/port \d+ is taken\. Choose another with --port/);
  expect(stderr).toMatch(/no folder .*nowhere\. Name the --out of a training/);
  expect(process.exitCode).toBe(1);
  process.exitCode = 0;
});

const chromium = findChromium();
if (!chromium) console.log(noChromium);
test.runIf(chromium)(
  'the page draws a chart for every figure, and the pictures',
  async () => {
    const profile = mkdtempSync(join(root, 'profile-'));
    const flags = ['--headless', ...chromiumFlags, `--user-data-dir=${profile}`, '--virtual-time-budget=4000'];
    const { stdout } = await promisify(execFile)(chromium!, [...flags, '--dump-dom', url], { timeout: 60_000 });
    expect(stdout.match(/<canvas/g)).toHaveLength(2);
    expect(stdout).toMatch(/<figcaption>loss<\/figcaption>[\s\S]*<figcaption>val\/mIoU<\/figcaption>/);
    expect(stdout).toMatch(/role="status">step 60, logged \d+ s ago/);
    expect(stdout).toContain('data-name="0001TP_006690.png"');
  },
  90_000,
);
