/**
 * What a file may ask of the reader before its bytes say so. Real checkpoints stay far below: the pickle of a network
 * with a thousand tensors has some 100 kB and 10,000 objects.
 */
export const limits = {
  /** Bytes of one pickle; storages are not counted, they lie outside. */
  pickleBytes: 64 * 2 ** 20,
  /** Lists, tuples, dicts, sets, objects and tensors made by one pickle, and elements copied between them. */
  objects: 1_000_000,
  /** Entries of the machine's stack, and of its memo. */
  stack: 1_000_000,
  /** Open marks at one time. */
  marks: 1_000,
  /** Levels of nesting in the finished value. */
  depth: 512,
  /** Steps to walk the finished value when everything shared is walked each time. */
  steps: 10_000_000,
  /** Bytes of one big integer. */
  longBytes: 1_024,
  /** Bytes of the name of a global. */
  nameBytes: 1_024,
} as const;

/** Bytes that all tensors of a file may have together: more than the file has, because some share memory. */
export const byteAllowance = (fileSize: number): number => 64 * 2 ** 20 + 4 * fileSize;
