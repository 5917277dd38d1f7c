import { quote } from '../errors.js';
import { memberStart, readZipDirectory } from '../zip/read.js';
import type { ByteSource } from '../zip/source.js';
import { PyTorchError } from './error.js';
import { limits } from './limits.js';
import { readPickle } from './machine.js';
import { requireModest } from './modest.js';
import { TensorFactory } from './rebuild.js';
import type { PickleValue } from './values.js';

/** Reads the zip format: `NAME/data.pkl` and one member `NAME/data/KEY` a storage. @throws PyTorchError */
export function readArchive(source: ByteSource, classes: ReadonlySet<string>): PickleValue {
  const file = source.label;
  const members = readZipDirectory(source, 'Save the file anew with torch.save, or zip it with -0.');
  const pickles = [...members.values()].filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (!pickle || pickles.length > 1)
    throw new PyTorchError(
      `expected one NAME/data.pkl in the archive, got ${pickles.length}. It is no checkpoint of torch.save.`,
      { file },
    );
  const root = pickle.name.slice(0, -'data.pkl'.length);
  if (members.has(`${root}constants.pkl`))
    throw new PyTorchError(
      'this is a TorchScript archive, which holds code. Save its state dict: torch.save(torch.jit.load(file).state_dict(), other).',
      { file },
    );
  const order = members.get(`${root}byteorder`);
  if (order) {
    const start = memberStart(source, order);
    const text = String.fromCharCode(...source.read(start, start + Math.min(order.size, 16)));
    if (text !== 'little')
      throw new PyTorchError(
        `expected the byte order little, got ${quote(text)}. Big-endian files are not supported.`,
        { file, offset: start },
      );
  }
  if (pickle.size > limits.pickleBytes)
    throw new PyTorchError(
      `expected data.pkl of at most ${limits.pickleBytes} bytes, got ${pickle.size}. The file is hostile.`,
      { file, offset: pickle.headerAt },
    );

  const tensors = new TensorFactory(source, ({ key }, bytes, refuse) => {
    const member = members.get(`${root}data/${key}`);
    if (!member) return refuse(`expected the storage ${quote(key)} in the archive, got none. It is damaged.`);
    if (member.size !== bytes)
      return refuse(`expected ${bytes} bytes for the storage ${quote(key)}, got ${member.size}. The file is damaged.`);
    return memberStart(source, member);
  });
  const base = memberStart(source, pickle);
  const { value, end } = readPickle(source.read(base, base + pickle.size), { label: file, base, tensors, classes });
  const refuse = (message: string): never => {
    throw new PyTorchError(`pickle: ${message}`, { file, offset: base });
  };
  if (end !== pickle.size)
    refuse(`expected data.pkl to end at STOP, got ${pickle.size - end} more bytes. The file is damaged.`);
  requireModest(value, refuse);
  return value;
}
