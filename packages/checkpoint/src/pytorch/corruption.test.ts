import { readFileSync } from 'node:fs';
import { PyTorchError, readPyTorch } from '@gss/checkpoint/pytorch';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { archive, bytesOf, legacy, list, pickle } from './test-pickle.js';

const fixture = (name: string) => new Uint8Array(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)));

/** Reads all there is; true when it was refused. Anything but a refusal by name fails the test. */
function refused(bytes: Uint8Array): boolean {
  try {
    for (const { shape, data } of readPyTorch(bytes).stateDict().values())
      expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
    return false;
  } catch (error) {
    if (!(error instanceof PyTorchError)) throw error;
    return true;
  }
}

test.each([
  'bare-state-dict.pth',
  'mmseg-checkpoint.protocol4.pth',
  'mmseg-checkpoint.legacy.pth',
  'mmseg-checkpoint.torch2-layout.pth',
])('any corruption of %s is read or refused, never anything else', (name) => {
  const good = fixture(name);
  let refusals = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length), fc.nat(255), fc.constantFrom('set', 'insert', 'remove', 'cut')), {
        minLength: 1,
        maxLength: 4,
      }),
      (changes) => {
        let bytes: Uint8Array = good;
        for (const [at, byte, how] of changes) {
          const rest =
            how === 'cut'
              ? []
              : [...(how === 'remove' ? [] : [byte]), ...bytes.subarray(how === 'insert' ? at : at + 1)];
          bytes = bytesOf(bytes.subarray(0, at), Uint8Array.from(rest));
        }
        if (refused(bytes)) refusals++;
      },
    ),
    { numRuns: 200 },
  );
  expect(refusals).toBeGreaterThan(20);
});

test('any bytes as a pickle are refused or read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      refused(bytes);
      refused(bytesOf(0x80, 2, bytes));
      refused(archive(pickle(bytes)));
      refused(legacy(pickle(bytes), list()));
    }),
    { numRuns: 1000 },
  );
});
