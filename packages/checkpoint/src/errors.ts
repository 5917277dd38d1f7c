/** Where in a checkpoint something was found wrong. */
export interface CheckpointErrorPlace {
  /** The file's path, or the label given to the parser. */
  readonly file?: string;
  /** Name of the tensor concerned. */
  readonly tensor?: string;
  /** Position in the file, in bytes from its start. */
  readonly offset?: number;
}

/** Base of every error this package throws for a file: who, expected, got, remedy, and the place as fields. */
export class CheckpointError extends Error {
  override readonly name: string = 'CheckpointError';
  readonly file: string | undefined;
  readonly tensor: string | undefined;
  readonly offset: number | undefined;

  constructor(message: string, place: CheckpointErrorPlace = {}, options?: ErrorOptions) {
    const { file, tensor, offset } = place;
    const where = [
      ...(file === undefined ? [] : [file]),
      ...(tensor === undefined ? [] : [`tensor ${quote(tensor)}`]),
      ...(offset === undefined ? [] : [`byte ${offset}`]),
    ];
    super(where.length > 0 ? `${where.join(', ')}: ${message}` : message, options);
    this.file = file;
    this.tensor = tensor;
    this.offset = offset;
  }
}

/** A safetensors file (or what was to become one) breaks the format. */
export class SafetensorsError extends CheckpointError {
  override readonly name = 'SafetensorsError';
}

/** A name from a file, made fit for a message: escaped and cut, because the file may be hostile. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}

/** A piece of data of unknown kind, in a few words: it may be hostile, so neither long nor deep. */
export function show(value: unknown, depth = 2): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'bigint') return `${String(value).slice(0, 40)}n`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value.byteLength} bytes)`;
  if (Array.isArray(value) && depth === 0) return '[…]';
  if (Array.isArray(value))
    return `[${value.slice(0, 16).map((item) => show(item, depth - 1))}${value.length > 16 ? ',…' : ''}]`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
