import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { maskedCrc32c } from '../crc32c.js';
import { crc32c } from '../index.js';
import { openRunLogger } from './index.js';

const dir = mkdtempSync(join(tmpdir(), 'gss-log-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const python = process.env.GSS_PYTHON ?? 'python3';
const tensorboard = spawnSync(python, ['-c', 'import tensorboard']).status === 0;
if (!tensorboard)
  console.log(
    'skipped: reading events with the real tensorboard (Python has no tensorboard; set GSS_PYTHON to one that has)',
  );

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

test('crc32c of the standard check string', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
});

test('writes whole TFRecords: lengths, both check sums, events in order', () => {
  const log = openRunLogger(join(dir, 'a'), () => 1_700_000_000_000);
  log.scalars(1, { loss: 0.5 });
  log.text(2, 'note', 'größer');
  log.close();
  const file = readdirSync(join(dir, 'a')).find((name) => name.startsWith('events.out.tfevents.'))!;
  const bytes = new Uint8Array(readFileSync(join(dir, 'a', file)));
  const view = new DataView(bytes.buffer);
  let at = 0;
  let records = 0;
  while (at < bytes.length) {
    const length = view.getUint32(at, true);
    expect(view.getUint32(at + 8, true)).toBe(maskedCrc32c(bytes.subarray(at, at + 8)));
    expect(view.getUint32(at + 12 + length, true)).toBe(maskedCrc32c(bytes.subarray(at + 12, at + 12 + length)));
    at += 16 + length;
    records += 1;
  }
  expect([at, records]).toEqual([bytes.length, 3]);
});

test.runIf(tensorboard)('the real tensorboard reads scalars, images and text', () => {
  const log = openRunLogger(join(dir, 'b'));
  for (let step = 1; step <= 300; step += 100) log.scalars(step, { loss: 1 / step, 'val/mIoU': step / 10 });
  log.images(300, [{ tag: 'prediction', png, width: 1, height: 1 }]);
  log.text(300, 'config', '{"seed": 0}');
  log.close();
  const script = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
e = EventAccumulator(sys.argv[1]); e.Reload()
text = [t.tensor_proto.string_val[0].decode() for t in e.Tensors('config')]
print(json.dumps({'loss': [[s.step, s.value] for s in e.Scalars('loss')], 'images': [[i.width, i.height, i.step] for i in e.Images('prediction')], 'text': text}))`;
  const { stdout, stderr } = spawnSync(python, ['-c', script, join(dir, 'b')], { encoding: 'utf8' });
  if (!stdout) throw new Error(stderr);
  const read = JSON.parse(stdout.trim().split('\n').at(-1)!);
  expect(read.loss.map(([step]: number[]) => step)).toEqual([1, 101, 201]);
  expect(read.loss[1][1]).toBeCloseTo(1 / 101, 6);
  expect(read.images).toEqual([[1, 1, 300]]);
  expect(read.text).toEqual(['{"seed": 0}']);
});
