import { maskedCrc32c } from './crc32c.js';

/** One value of a TensorBoard event. Images are encoded files (PNG or JPEG). */
export type SummaryValue =
  | { readonly tag: string; readonly scalar: number }
  | { readonly tag: string; readonly image: Uint8Array; readonly width: number; readonly height: number }
  | { readonly tag: string; readonly text: string };

export interface TensorBoardEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  readonly values: readonly SummaryValue[];
}

const utf8 = new TextEncoder();

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
  return out;
}

type Piece = number[] | Uint8Array;
const join = (...pieces: Piece[]): Uint8Array => {
  const out = new Uint8Array(pieces.reduce((n, piece) => n + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
};
// Protocol buffer fields: wire types 0 (varint), 1 (64 bit), 2 (length-delimited), 5 (32 bit).
const integer = (field: number, value: number) => join(varint(field * 8), varint(value));
const bytes = (field: number, value: Uint8Array) => join(varint(field * 8 + 2), varint(value.length), value);
const text = (field: number, value: string) => bytes(field, utf8.encode(value));
const double = (field: number, value: number) =>
  join(varint(field * 8 + 1), new Uint8Array(new Float64Array([value]).buffer));
const float = (field: number, value: number) =>
  join(varint(field * 8 + 5), new Uint8Array(new Float32Array([value]).buffer));

/** tensorflow.Summary.Value; field numbers of tensorflow/core/framework/summary.proto. */
function summaryValue(value: SummaryValue): Uint8Array {
  const tag = text(1, value.tag);
  if ('scalar' in value) return join(tag, float(2, value.scalar));
  if ('image' in value) {
    const image = join(integer(1, value.height), integer(2, value.width), integer(3, 3), bytes(4, value.image));
    return join(tag, bytes(4, image));
  }
  const plugin = bytes(1, text(1, 'text')); // SummaryMetadata.plugin_data.plugin_name
  const DT_STRING = 7;
  const shape = bytes(2, bytes(2, integer(1, 1))); // TensorShapeProto with one dimension of size 1
  const tensor = join(integer(1, DT_STRING), shape, text(8, value.text));
  return join(tag, bytes(9, plugin), bytes(8, tensor));
}

/** Length, its CRC, data, its CRC: the TFRecord frame. */
function frame(data: Uint8Array): Uint8Array {
  const head = new Uint8Array(12);
  const view = new DataView(head.buffer);
  view.setUint32(0, data.length, true);
  view.setUint32(8, maskedCrc32c(head.subarray(0, 8)), true);
  const tail = new Uint8Array(4);
  new DataView(tail.buffer).setUint32(0, maskedCrc32c(data), true);
  return join(head, data, tail);
}

/** The first record of an event file. */
export const versionRecord = (wallTime: number): Uint8Array =>
  frame(join(double(1, wallTime), text(3, 'brain.Event:2')));

/** One tensorflow.Event as a record of an event file. */
export function eventRecord({ wallTime, step, values }: TensorBoardEvent): Uint8Array {
  const summary = join(...values.map((value) => bytes(1, summaryValue(value))));
  return frame(join(double(1, wallTime), integer(2, step), bytes(5, summary)));
}
