// Time and peak memory of the published dVAE (8192 codes, 256 channels) on one large maskige, in tiles and as a whole.
//   node bench/tokenizers-memory.mjs                             encode and decode 1024², native and wasm, 1 GiB and untiled
//   --side 512 --backends wasm --what decode --memory 1,0        memory in GiB, 0 for untiled
// Every run has a process of its own, so that its peak is its own. Prints time of day, processor time (all threads), the peak
// resident set and what was resident before: Node, the backend and the parameters of that half. No build is needed.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundlePackages, parametersOf } from './bundle.mjs';
import { tokenizerPackages } from './tokenizers-cases.mjs';

const { values: options } = parseArgs({
  options: {
    side: { type: 'string', default: '1024' },
    backends: { type: 'string', default: 'tensorflow,wasm' },
    what: { type: 'string', default: 'encode,decode' },
    memory: { type: 'string', default: '1,0' },
    run: { type: 'boolean', default: false },
  },
});
const side = Number(options.side);

async function measure(backend, what, gib) {
  const { tf, tensor, node, vqvae } = await bundlePackages('tokenizers', tokenizerPackages);
  await node.selectBackend({ backend });
  const config = vqvae.dvaeVariants.paper;
  const half = what === 'encode' ? 'encoder' : 'decoder';
  const params = { [half]: parametersOf({ tf, tensor }, vqvae.dvaeSpec(config)[half]) };
  const memory = gib ? gib * 2 ** 30 : Number.MAX_SAFE_INTEGER;
  const tokenizer = vqvae.dvaeTokenizer(config, params, { checkTokens: false, memory });
  const stripes = (shape, values, dtype) => {
    const size = shape.reduce((a, b) => a * b);
    return tf.tensor(
      Float32Array.from({ length: size }, (_, i) => values(Math.floor(i / 97))),
      shape,
      dtype,
    );
  };
  const input =
    what === 'encode'
      ? stripes([1, side, side, 3], (n) => ((n * 37) % 64) / 63, 'float32')
      : stripes([1, side / 8, side / 8], (n) => (n * 37) % config.vocabulary, 'int32');
  const resident = process.memoryUsage.rss();
  const [start, before] = [performance.now(), process.cpuUsage()];
  const sum = tf.tidy(() => tf.sum(tf.cast(tokenizer[what](input), 'float32')).dataSync()[0]);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  const { decode, encode } = vqvae.dvaeTilesFor(config, [side, side], memory);
  const tiles = gib ? `${gib} GiB, tiles ${(what === 'encode' ? encode : decode).join(' ')}` : 'untiled';
  const peak = process.resourceUsage().maxRSS / 2 ** 20;
  console.log(
    `${backend} ${what} ${side}², ${tiles}: ${seconds.toFixed(1)} s (${((user + system) / 1e6).toFixed(1)} of processor), ` +
      `peak ${peak.toFixed(2)} GiB, ${(resident / 2 ** 30).toFixed(2)} before; checksum ${sum.toPrecision(6)}`,
  );
}

if (options.run) await measure(options.backends, options.what, Number(options.memory));
else
  for (const backend of options.backends.split(','))
    for (const what of options.what.split(','))
      for (const memory of options.memory.split(',')) {
        const args = ['--run', '--side', `${side}`, '--backends', backend, '--what', what, '--memory', memory];
        const script = fileURLToPath(import.meta.url);
        const child = spawnSync(process.execPath, [script, ...args], { stdio: ['ignore', 'inherit', 'pipe'] });
        if (child.status !== 0) {
          const reason = /^.*Error.*$/m.exec(`${child.stderr}`)?.[0] ?? `ended by ${child.signal ?? child.status}`;
          console.log(
            `${backend} ${what} ${side}², ${memory === '0' ? 'untiled' : `${memory} GiB`}: FAILED, ${reason.trim()}`,
          );
        }
      }
