import { show } from '../errors.js';
import type { CallContext } from './globals.js';
import { isTuple, PickleName, PickleObject, type PickleValue } from './values.js';

/** How a NumPy scalar is read from its bytes. Training loops leave such numbers among the metadata. */
const readers: Readonly<Record<string, (view: DataView) => PickleValue>> = {
  f8: (view) => view.getFloat64(0, true),
  f4: (view) => view.getFloat32(0, true),
  i8: (view) => narrow(view.getBigInt64(0, true)),
  u8: (view) => narrow(view.getBigUint64(0, true)),
  i4: (view) => view.getInt32(0, true),
  u4: (view) => view.getUint32(0, true),
  i2: (view) => view.getInt16(0, true),
  u2: (view) => view.getUint16(0, true),
  i1: (view) => view.getInt8(0),
  u1: (view) => view.getUint8(0),
  b1: (view) => view.getUint8(0) !== 0,
};

const narrow = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

/** `numpy.dtype('f8', False, True)`; its byte order follows by BUILD. */
export function numpyDType([code]: readonly PickleValue[], { refuse }: CallContext): PickleObject {
  if (typeof code !== 'string' || !Object.hasOwn(readers, code))
    return refuse(`expected a NumPy type of ${Object.keys(readers)}, got ${show(code)}.`);
  const object = new PickleObject('numpy.dtype');
  object.attributes.set('code', code);
  return object;
}

/** `numpy.core.multiarray._reconstruct(numpy.ndarray, (0,), b'b')`: an empty array, whose state follows by BUILD. */
export function numpyArray([type, ...rest]: readonly PickleValue[], { refuse }: CallContext): PickleObject {
  if (!(type instanceof PickleName) || type.name !== 'numpy.ndarray' || rest.length > 2)
    return refuse(`expected an array of numpy.ndarray, got ${show(type)}.`);
  return new PickleObject('numpy.ndarray');
}

/** `(1, shape, dtype, fortran order, bytes)`, kept as attributes: arrays among the metadata are no weights. */
export function buildNumpyArray(array: PickleObject, state: unknown, refuse: CallContext['refuse']): void {
  const [, shape, dtype, fortran, bytes] = isTuple(state) ? state : [];
  const code = dtype instanceof PickleObject && dtype.className === 'numpy.dtype' && dtype.attributes.get('code');
  if (!isTuple(shape) || typeof code !== 'string' || typeof fortran !== 'boolean' || !(bytes instanceof Uint8Array))
    refuse(`expected shape, type and bytes of a NumPy array, got ${show(state)}. Arrays of objects are not read.`);
  else
    for (const [name, value] of Object.entries({ shape, dtype: code, fortran, bytes }))
      array.attributes.set(name, value);
}

/** `(3, '<', None, …)`, the state of a dtype: only the byte order is looked at. */
export function buildNumpyDType(state: unknown, refuse: CallContext['refuse']): void {
  if (!isTuple(state) || (state[1] !== '<' && state[1] !== '|'))
    refuse(`expected a NumPy type in little-endian order, got ${show(state)}. Big-endian is not supported.`);
}

/** `numpy.core.multiarray.scalar(dtype, bytes)`: a plain number. */
export function numpyScalar([dtype, bytes]: readonly PickleValue[], { refuse }: CallContext): PickleValue {
  const code =
    dtype instanceof PickleObject && dtype.className === 'numpy.dtype' ? dtype.attributes.get('code') : undefined;
  const read = typeof code === 'string' ? readers[code] : undefined;
  if (!read || !(bytes instanceof Uint8Array) || bytes.length !== Number((code as string)[1]))
    return refuse(`expected a NumPy number of a type and its bytes, got ${show(code)} and ${show(bytes)}.`);
  return read(new DataView(bytes.buffer, bytes.byteOffset));
}
