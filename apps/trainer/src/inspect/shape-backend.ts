import * as tf from '@tensorflow/tfjs-core';

/** What a data id stands for: its size, and its values where the program itself wrote them. */
interface Data {
  readonly bytes: number;
  readonly values: tf.BackendValues | undefined;
  references: number;
}

/**
 * A tfjs backend that computes nothing: its tensors have shapes and no memory. What runs on it is counted: multiply-adds,
 * and the bytes that are alive at once, as a real backend would hold them.
 */
export class ShapeBackend extends tf.KernelBackend {
  private readonly known = new Map<object, Data>();
  /** Multiply-adds of convolutions and matrix products so far. */
  multiplyAdds = 0;
  /** Bytes alive now, and the most there have been. */
  bytes = 0;
  peak = 0;

  private make(bytes: number, values?: tf.BackendValues): object {
    const id = {};
    this.known.set(id, { bytes, values, references: 1 });
    this.bytes += bytes;
    this.peak = Math.max(this.peak, this.bytes);
    return id;
  }

  /** A tensor of a shape, without values. */
  output(shape: readonly number[], dtype: tf.DataType = 'float32'): tf.TensorInfo {
    return { dataId: this.make(sizeOf(shape) * tf.util.bytesPerElement(dtype)), shape: [...shape], dtype };
  }

  /** The same data under another shape. */
  view(x: tf.TensorInfo, shape: readonly number[] = x.shape): tf.TensorInfo {
    this.incRef(x.dataId);
    return { dataId: x.dataId, shape: [...shape], dtype: x.dtype };
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    return this.make(sizeOf(shape) * tf.util.bytesPerElement(dtype), values);
  }

  override move(id: object, values: tf.BackendValues, shape: number[], dtype: tf.DataType, references: number): void {
    const bytes = sizeOf(shape) * tf.util.bytesPerElement(dtype);
    this.known.set(id, { bytes, values, references });
    this.bytes += bytes;
  }

  override readSync(id: object): tf.BackendValues {
    const values = this.known.get(id)?.values;
    if (values) return values;
    throw new Error('shapes: a value was asked for, but only shapes were computed. This model cannot be counted so.');
  }

  override read(id: object): Promise<tf.BackendValues> {
    return Promise.resolve(this.readSync(id));
  }

  override incRef(id: object): void {
    const data = this.known.get(id);
    if (data) data.references += 1;
  }

  override disposeData(id: object, force = false): boolean {
    const data = this.known.get(id);
    if (!data) return true;
    data.references -= 1;
    if (!force && data.references > 0) return false;
    this.bytes -= data.bytes;
    this.known.delete(id);
    return true;
  }

  override refCount = (id: object): number => this.known.get(id)?.references ?? 0;
  override numDataIds = (): number => this.known.size;
  override memory = () => ({ unreliable: false, numBytes: this.bytes });
  override timerAvailable = (): boolean => false;
  override floatPrecision = (): 32 => 32;
  override epsilon = (): number => 1e-7;
  override dispose(): void {
    this.known.clear();
  }
}

/** Values of a tensor of this shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);
