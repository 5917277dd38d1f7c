import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { eventRecord, type SummaryValue, versionRecord } from '../tensorboard.js';
import { savePictures } from './pictures.js';

/**
 * Where a run's figures go: `events.out.tfevents…` for TensorBoard and `log.jsonl` for everything else; the last pictures of every
 * tag lie in `pictures/` too.
 */
export interface RunLogger {
  scalars(step: number, values: Readonly<Record<string, number>>): void;
  images(step: number, images: readonly { tag: string; png: Uint8Array; width: number; height: number }[]): void;
  text(step: number, tag: string, text: string): void;
  close(): void;
}

/**
 * Opens both files in `dir`. A resumed run appends to log.jsonl and starts a new event file, which TensorBoard joins;
 * steps after the resumed one that an interrupted run had logged appear twice in log.jsonl, the later line counts.
 */
export function openRunLogger(dir: string, now: () => number = Date.now): RunLogger {
  mkdirSync(dir, { recursive: true });
  const events = openSync(join(dir, `events.out.tfevents.${Math.floor(now() / 1000)}.${process.pid}`), 'a');
  const lines = openSync(join(dir, 'log.jsonl'), 'a');
  writeSync(events, versionRecord(now() / 1000));
  const write = (step: number, values: readonly SummaryValue[]) => {
    writeSync(events, eventRecord({ wallTime: now() / 1000, step, values }));
  };
  return {
    scalars(step, values) {
      write(
        step,
        Object.entries(values).map(([tag, scalar]) => ({ tag, scalar })),
      );
      writeSync(lines, `${JSON.stringify({ step, time: now() / 1000, ...values })}\n`);
    },
    images(step, images) {
      savePictures(join(dir, 'pictures'), images);
      write(
        step,
        images.map(({ tag, png, width, height }) => ({ tag, image: png, width, height })),
      );
    },
    text(step, tag, text) {
      write(step, [{ tag, text }]);
    },
    close() {
      closeSync(events);
      closeSync(lines);
    },
  };
}
