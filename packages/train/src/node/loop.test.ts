import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { disposeTree, namedTensors, type Tree } from '@gss/tensor';
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { adamW } from '../index.js';
import { DivergedError, listCheckpoints, trainLoop } from './index.js';
import { bitsOf as bits, type ToyOptions as Options, toyRun } from './test-run.js';

let dir: string;

beforeAll(async () => {
  await tf.setBackend('cpu');
});
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gss-loop-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const options = (overrides: Partial<Options> = {}) => toyRun(dir, overrides);

describe('trainLoop', () => {
  test('k steps and N − k resumed steps equal N steps, bit for bit', async () => {
    const whole = await trainLoop(options());
    rmSync(dir, { recursive: true });
    const stopper = new AbortController();
    const part = await trainLoop(
      options({ signal: stopper.signal, onProgress: ({ step }) => step === 7 && stopper.abort() }),
    );
    expect([part.step, part.finished]).toEqual([7, false]);
    const rest = await trainLoop(options({ resume: true, optimizer: adamW() }));
    expect([rest.step, rest.finished]).toEqual([12, true]);
    expect(bits(rest.params)).toEqual(bits(whole.params));
  });

  test('averages the parameters: resumed to the same bits, evaluated and returned', async () => {
    const evaluated: unknown[] = [];
    const averaging = (overrides: Partial<Options> = {}) =>
      options({
        ema: { decay: 0.9 },
        evaluate: async (params) => {
          evaluated.push(bits(params));
          return {};
        },
        ...overrides,
      });
    const plain = await trainLoop(options());
    rmSync(dir, { recursive: true });
    const whole = await trainLoop(averaging());
    expect(evaluated).toEqual([bits(whole.params)]);
    expect(bits(whole.params)).not.toEqual(bits(plain.params));
    rmSync(dir, { recursive: true });
    const stopper = new AbortController();
    await trainLoop(averaging({ signal: stopper.signal, onProgress: ({ step }) => step === 7 && stopper.abort() }));
    const rest = await trainLoop(averaging({ resume: true, optimizer: adamW() }));
    expect(bits(rest.params)).toEqual(bits(whole.params));
    await trainLoop(options({ resume: true, optimizer: adamW() })); // the raw parameters are there as well
    rmSync(dir, { recursive: true });
    await trainLoop(options());
    await expect(trainLoop(averaging({ resume: true }))).rejects.toThrow('lacks ema_steps');
  });

  describe('keeps the best evaluated weights', () => {
    /** Best at step 4, again (no better) at 10. */
    const figures: Record<number, number> = { 2: 10, 4: 60, 6: 30, 8: Number.NaN, 10: 60, 12: 50 };
    const judged = (overrides: Partial<Options> = {}) =>
      options({
        evaluate: async (params, step) => {
          seen.set(step, bits(params));
          return { mIoU: figures[step]! };
        },
        evaluateEvery: 2,
        bestBy: 'mIoU',
        ...overrides,
      });
    const seen = new Map<number, unknown>();

    test('beside the rotation, and returns the last or the best', async () => {
      const last = await trainLoop(judged({ ema: { decay: 0.5 } }));
      expect(last.best).toEqual({ step: 4, value: 60, path: join(dir, 'best', 'step-00000004.safetensors') });
      expect(readdirSync(join(dir, 'best'))).toEqual(['step-00000004.safetensors']);
      expect(bits(last.params)).toEqual(seen.get(12));
      const best = await trainLoop(judged({ ema: { decay: 0.5 }, keep: 'best', optimizer: adamW() }));
      expect(bits(best.params)).toEqual(seen.get(4));
    });

    test('and remembers them when resumed, even where the checkpoint is older', async () => {
      const broken = judged({
        loss: (params, x, training, step) => {
          if (step === 5) throw new Error('killed');
          return options().loss(params, x, training, step);
        },
        checkpointEvery: 3,
      });
      await expect(trainLoop(broken)).rejects.toThrow('killed');
      expect(readdirSync(join(dir, 'best'))).toEqual(['step-00000004.safetensors']);
      const rest = await trainLoop(judged({ resume: true, optimizer: adamW(), checkpointEvery: 3, keep: 'best' }));
      expect([rest.best?.step, rest.best?.value]).toEqual([4, 60]);
      expect(bits(rest.params)).toEqual(seen.get(4));
      const again = await trainLoop(judged({ resume: true, optimizer: adamW(), keep: 'best' })); // nothing left to do
      expect([again.best?.step, bits(again.params)]).toEqual([4, seen.get(4)]);
    });

    test('of this run alone: a new one in the folder starts without', async () => {
      await trainLoop(judged());
      const low = await trainLoop(
        judged({ evaluate: async (_, step) => ({ mIoU: step }), optimizer: adamW(), config: '{"a":3}' }),
      );
      expect([low.best?.step, readdirSync(join(dir, 'best'))]).toEqual([12, ['step-00000012.safetensors']]);
      await expect(trainLoop(judged({ bestBy: 'aAcc', optimizer: adamW() }))).rejects.toThrow(
        'bestBy is aAcc, but evaluate gives mIoU',
      );
    });
  });

  test('a run that starts over replaces the checkpoints of the one before', async () => {
    await trainLoop(options());
    await trainLoop(options({ steps: 6, optimizer: adamW(), config: '{"a":4}' }));
    expect(listCheckpoints(join(dir, 'checkpoints')).map(({ step }) => step)).toEqual([5, 6]);
  });

  describe('with a further phase', () => {
    /** The second layer works against the first, from step 4 on. */
    const adversarial = (overrides: Partial<Options> = {}): Options => {
      const { loss } = options();
      return options({
        further: [
          {
            name: 'critic',
            updates: (name) => name.startsWith('second.'),
            loss: (...args) => ({ loss: tf.neg(tf.tanh(loss(...args).loss)), logs: { margin: tf.scalar(2) } }),
            optimizer: adamW({ betas: [0.5, 0.9] }),
            schedule: () => 0.02,
            runs: (step) => step >= 4,
          },
        ],
        ...overrides,
      });
    };

    test('each phase updates its own parameters', async () => {
      const seen: Record<string, number[]> = {};
      const note = (params: ReturnType<Options['init']>, step: number) => {
        for (const [name, tensor] of namedTensors(params as unknown as Tree<tf.Tensor>)) {
          if (name.endsWith('weight')) seen[`${name} ${step}`] = [...tensor.dataSync()];
        }
      };
      await trainLoop(
        adversarial({
          afterStep: (params, step) => {
            note(params, step);
            return params;
          },
        }),
      );
      expect(seen['second.weight 4']).toEqual(seen['second.weight 1']); // not before its first step
      expect(seen['second.weight 5']).not.toEqual(seen['second.weight 4']);
      expect(seen['first.weight 2']).not.toEqual(seen['first.weight 1']);
    });

    test('resumes both optimisers, bit for bit, and logs both', async () => {
      const whole = await trainLoop(adversarial());
      const lines = readFileSync(join(dir, 'log.jsonl'), 'utf8').trim().split('\n');
      expect(JSON.parse(lines[2]!)).not.toHaveProperty('critic/loss');
      expect(JSON.parse(lines[8]!)).toMatchObject({ 'critic/margin': 2, 'critic/grad_norm': expect.any(Number) });
      for (const at of [2, 7]) {
        rmSync(dir, { recursive: true });
        const stopper = new AbortController();
        await trainLoop(
          adversarial({ signal: stopper.signal, onProgress: ({ step }) => step === at && stopper.abort() }),
        );
        const rest = await trainLoop(adversarial({ resume: true }));
        expect(rest.step).toBe(12);
        expect(bits(rest.params)).toEqual(bits(whole.params));
      }
    });

    test('refuses a checkpoint that lacks the state of a phase', async () => {
      await trainLoop(options());
      await expect(trainLoop(adversarial({ resume: true }))).rejects.toThrow('lacks optimizer_steps/critic');
    });

    test('a figure prepared before the loss is a constant to it', async () => {
      const order: string[] = [];
      const { loss } = options();
      await trainLoop(
        adversarial({
          steps: 2,
          prepare: (_params, _batch, _training, step) => void order.push(`prepare ${step}`),
          loss: (params, x, training, step) => {
            order.push(`loss ${step}`);
            return loss(params, x, training, step);
          },
        }),
      );
      expect(order).toEqual(['prepare 0', 'loss 0', 'prepare 1', 'loss 1']);
    });
  });

  test('goes on from the last whole checkpoint when a write was interrupted', async () => {
    const whole = await trainLoop(options());
    const path = listCheckpoints(join(dir, 'checkpoints')).at(-1)!.path;
    writeFileSync(`${path.replace('00000012', '00000013')}.tmp`, readFileSync(path).subarray(0, 100));
    const again = await trainLoop(options({ resume: true, optimizer: adamW() }));
    expect(again.step).toBe(12);
    expect(bits(again.params)).toEqual(bits(whole.params));
  });

  test('keeps the newest two checkpoints and leaves no temporary file', async () => {
    await trainLoop(options({ checkpointEvery: 2 }));
    expect(readdirSync(join(dir, 'checkpoints'))).toEqual(['step-00000010.safetensors', 'step-00000012.safetensors']);
  });

  test('refuses a checkpoint of another configuration, showing both', async () => {
    await trainLoop(options());
    await expect(trainLoop(options({ resume: true, config: '{"a":2}' }))).rejects.toThrow(
      /another configuration[\s\S]*"a":1[\s\S]*"a":2/,
    );
  });

  test('stops at a loss that is not finite and names the last good checkpoint', async () => {
    const loss: Options['loss'] = (params, x, training, step) => {
      const { loss } = options().loss(params, x, training, step);
      return { loss: step === 7 ? (tf.mul(loss, Number.NaN) as tf.Scalar) : loss };
    };
    const run = trainLoop(options({ loss }));
    await expect(run).rejects.toThrow(DivergedError);
    await expect(run).rejects.toThrow(/step 7 gave loss NaN.*step-00000005\.safetensors \(step 5\)/);
    expect(listCheckpoints(join(dir, 'checkpoints')).map(({ step }) => step)).toEqual([5]);
  });

  test('keeps no tensor but parameters and optimiser state', async () => {
    const run = async (steps: number) => {
      const optimizer = adamW();
      const before = tf.memory().numTensors;
      const { params } = await trainLoop(
        options({
          steps,
          optimizer,
          batches: () => {
            const x = tf.ones([4, 3]) as tf.Tensor2D;
            return { next: async () => x, close: () => x.dispose() };
          },
        }),
      );
      disposeTree(params as Tree<tf.Tensor>);
      optimizer.dispose();
      return tf.memory().numTensors - before;
    };
    expect(await run(9)).toBe(0);
  });

  test('logs every figure as a line of JSON', async () => {
    await trainLoop(options({ evaluate: async () => ({ 'val/mIoU': 50 }) }));
    const lines = readFileSync(join(dir, 'log.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(13);
    expect(lines[11]).toMatchObject({ step: 12, loss: expect.any(Number), 'optim/lr': expect.any(Number) });
    expect(lines[12]).toMatchObject({ step: 12, 'val/mIoU': 50 });
  });
});
