import { expect, test } from 'vitest';
import { threadsFor } from './backends.js';

test.each([
  [1, undefined, 1],
  [2, undefined, 1],
  [4, undefined, 2],
  [8, undefined, 4],
  [64, undefined, 8],
  [8, 2, 2],
  [64, 100, 8],
  [8, 0, 1],
])('%i cores, %s asked for: %i threads', (cores, asked, threads) => expect(threadsFor(cores, asked)).toBe(threads));
