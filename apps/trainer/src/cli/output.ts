import { SingleBar } from 'cli-progress';

/** Where a command reports: people read stderr and stdout, scripts read one JSON object on the last line of stdout. */
export interface Output {
  /** A line for people: stdout, or stderr under --json. */
  line(text?: string): void;
  /** Something to know that is no result: always stderr. */
  note(text: string): void;
  /** A progress bar on a terminal, a line every tenth of the way elsewhere. */
  progress(title: string, total: number): ProgressBar;
  /** The command's result: printed under --json, once, at the end. */
  result(value: object): void;
}

export interface ProgressBar {
  update(done: number, detail?: string): void;
  stop(): void;
}

const duration = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return '?';
  const s = Math.max(0, Math.round(seconds));
  return s < 60
    ? `${s} s`
    : s < 3600
      ? `${Math.floor(s / 60)} min ${s % 60} s`
      : `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
};

function bar(title: string, total: number): ProgressBar {
  const began = Date.now();
  const shown = new SingleBar({
    format: `${title} {bar} {value}/{total} · {left} left{detail}`,
    stream: process.stderr,
    hideCursor: true,
    barsize: 24,
    noTTYOutput: false,
  });
  shown.start(total, 0, { left: '?', detail: '' });
  return {
    update(done, detail = '') {
      const left = done ? duration(((Date.now() - began) / 1000 / done) * (total - done)) : '?';
      shown.update(done, { left, detail: detail && ` · ${detail}` });
    },
    stop: () => shown.stop(),
  };
}

function plain(title: string, total: number): ProgressBar {
  const began = Date.now();
  let next = 0.1;
  return {
    update(done, detail = '') {
      if (done / total < next && done !== total) return;
      next = Math.floor((done / total) * 10 + 1) / 10;
      const left = duration(((Date.now() - began) / 1000 / Math.max(1, done)) * (total - done));
      process.stderr.write(`${title} ${done}/${total} · ${left} left${detail && ` · ${detail}`}\n`);
    },
    stop() {},
  };
}

export function createOutput(json: boolean): Output {
  return {
    line: (text = '') => (json ? process.stderr : process.stdout).write(`${text}\n`),
    // On a terminal the line may hold a progress bar: the note takes its place, the bar is drawn again below.
    note: (text) => process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[2K' : ''}${text}\n`),
    progress: (title, total) => (process.stderr.isTTY ? bar(title, total) : plain(title, total)),
    result: (value) => {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
  };
}

export { duration };
