// PyTorch as a process that answers one question at a time: bench/tokenizers.py, bench/backbones.py.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * glibc gives large blocks back to the system at once and takes them again, page by page, at the next operation: PyTorch
 * spends up to half of its time on that. With these settings it keeps them, as TensorFlow does. Threads that sleep
 * instead of spinning suit a busy machine.
 */
const tuning = {
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: '1099511627776',
  MALLOC_TOP_PAD_: '268435456',
  OMP_WAIT_POLICY: 'passive',
};

/** Starts `script` of this folder in $GSS_PYTHON (or python3); throws with the reason if it has no PyTorch. */
export async function startTorch({ script, tuned, threads }) {
  const python = process.env.GSS_PYTHON ?? 'python3';
  const child = spawn(python, [fileURLToPath(new URL(script, import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: `${threads}`, ...(tuned ? tuning : {}) },
  });
  let failure = '';
  child.on('error', (error) => {
    failure = error.message;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value } = await lines.next();
    if (value === undefined) throw new Error(failure || `${python} ended`);
    return JSON.parse(value);
  };
  const { torch, missing } = await next();
  if (!torch) throw new Error(`${python}: ${missing}`);
  return {
    version: torch,
    ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return next();
    },
    end: () => child.stdin.end(),
  };
}
