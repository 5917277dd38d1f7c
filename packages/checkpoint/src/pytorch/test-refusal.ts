import { PyTorchError, readPyTorch } from '@gss/checkpoint/pytorch';
import { expect } from 'vitest';
import { archive, pickle } from './test-pickle.js';

/** Reads a hostile file and returns the message of its refusal; any other outcome fails the test. */
export function refusal(bytes: Uint8Array): string {
  try {
    const { value } = readPyTorch(bytes, { label: 'file' });
    return `was read: ${typeof value}`;
  } catch (error) {
    expect(error).toBeInstanceOf(PyTorchError);
    expect((error as Error).message.length).toBeLessThan(1000);
    return (error as Error).message;
  }
}

/** The refusal of a pickle in an otherwise good archive. */
export const inArchive = (...parts: (string | number | Uint8Array)[]): string => refusal(archive(pickle(...parts)));
