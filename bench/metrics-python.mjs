import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

// CPU time of only the computation: neither the start of Python nor the reading of the file. One thread, as ours.
const program = `
import json, sys, time
try:
    import numpy as np
except ImportError:
    print("{}", flush=True); sys.exit()
try:
    import cv2
    cv2.setNumThreads(1)
except ImportError:
    cv2 = None
print(json.dumps({"numpy": np.__version__, "opencv": cv2 and cv2.__version__}), flush=True)

def confusion(p, t, k):
    valid = t != 255
    return np.bincount(k * t[valid].astype(np.int64) + p[valid], minlength=k * k).reshape(k, k).diagonal()

def region(mask, d):
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return mask - cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=d)[1:-1, 1:-1]

def boundary(p, t, k):
    d = max(1, round(0.02 * float(np.hypot(*p.shape))))
    p = np.where(t == 255, 255, p)
    return [np.count_nonzero(region((p == c).astype(np.uint8), d) & region((t == c).astype(np.uint8), d)) for c in range(k)]

for line in sys.stdin:
    q = json.loads(line)
    n = q["width"] * q["height"]
    both = np.fromfile(q["file"], np.uint8)
    p, t = both[:n], both[n:]
    if q["task"] == "boundary":
        p, t = p.reshape(q["height"], -1), t.reshape(q["height"], -1)
    start = time.process_time()
    result = globals()[q["task"]](p, t, q["classes"])
    ms = 1000 * (time.process_time() - start)
    print(json.dumps({"ms": ms, "result": [int(v) for v in result]}), flush=True)
`;

/** A Python process that answers one task at a time; undefined if there is no python3 with numpy. */
export async function startPython() {
  const child = spawn(process.env.GSS_PYTHON ?? 'python3', ['-c', program], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  });
  child.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value ?? '{}');
  const { numpy, opencv } = await next();
  if (!numpy) return undefined;
  return {
    numpy,
    opencv,
    ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return next();
    },
    end: () => child.stdin.end(),
  };
}
