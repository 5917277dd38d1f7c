// Small wheels, clients and compilers for the tests: nothing here is part of the package.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll } from 'vitest';

const folders: string[] = [];
/** A folder that is deleted when the test file ends. */
export function temporaryFolder(): string {
  if (folders.length === 0)
    afterAll(() => {
      for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
    });
  const folder = mkdtempSync(join(tmpdir(), 'gss-native-'));
  folders.push(folder);
  return folder;
}

/** Writes a file and the folders above it. */
export function put(path: string, content: string | Uint8Array): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A zip of these files, deflated, in this order. Names may repeat. */
export function makeZip(files: readonly (readonly [string, Uint8Array])[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes] of files) {
    const packed = deflateRawSync(bytes);
    const file = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(file.length, 22);
    bodies.push(Buffer.from('PK\x03\x04', 'latin1'), common, file, packed);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, tail, file);
    offset += 30 + file.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, central, end]);
}

export interface FakeWheel {
  readonly folder: string;
  readonly file: string;
  readonly members: Readonly<Record<string, string | Uint8Array>>;
  /** Changes members after RECORD was written: what an attacker or a bad disk does. */
  readonly tamper?: Readonly<Record<string, string | Uint8Array>>;
  /** Lines of METADATA after its head. */
  readonly metadata?: string;
}

/** Writes a wheel with a true RECORD and returns its path. */
export function makeWheel({ folder, file, members, tamper = {}, metadata = '' }: FakeWheel): string {
  const [name, version] = file.split('-');
  const info = `${name}-${version}.dist-info`;
  const all: Record<string, string | Uint8Array> = {
    ...members,
    [`${info}/METADATA`]: `Metadata-Version: 2.4\nName: ${name}\nVersion: ${version}\n${metadata}`,
  };
  const record = Object.entries(all).map(([path, content]) => {
    const bytes = Buffer.from(content);
    return `${path},sha256=${createHash('sha256').update(bytes).digest('base64url')},${bytes.length}`;
  });
  const files = Object.entries({ ...all, ...tamper }).map(([path, content]) => [path, Buffer.from(content)] as const);
  return put(
    join(folder, file),
    makeZip([...files, [`${info}/RECORD`, Buffer.from(`${record.join('\n')}\n${info}/RECORD,,\n`)]]),
  );
}

/** What the tests' TensorFlow consists of on linux x64. */
export const tensorflowMembers: Readonly<Record<string, string | Uint8Array>> = {
  'tensorflow/libtensorflow_cc.so.2': Buffer.alloc(300_000, 'cc'),
  'tensorflow/libtensorflow_framework.so.2': 'framework',
  'tensorflow/include/tensorflow/c/c_api.h': '#include <stdint.h>\n#include "tensorflow/c/tf_status.h"\n',
  'tensorflow/include/tensorflow/c/tf_status.h':
    '#  include "xla/tsl/c/tsl_status.h"\n#include "tensorflow/c/c_api.h"\n',
  'tensorflow/include/xla/tsl/c/tsl_status.h': '// the end\n',
  'tensorflow/include/Eigen/Core': 'not needed',
};

export const wheelFile = (version = '9.9.9', distribution = 'tensorflow_cpu'): string =>
  `${distribution}-${version}-cp312-cp312-manylinux_2_27_x86_64.whl`;

/** A copy of tfjs-node-gpu with just what matters here. */
export function makeTfjsNode(path: string, version = '4.22.0'): string {
  put(join(path, 'package.json'), JSON.stringify({ name: '@tensorflow/tfjs-node-gpu', version, main: 'index.js' }));
  put(join(path, 'binding', 'tfjs_binding.cc'), '// source\n');
  put(join(path, 'binding', 'utils.h'), '// header\n');
  return path;
}

function program(path: string, source: string): string {
  put(path, `#!${process.execPath}\n${source}`);
  chmodSync(path, 0o755);
  return path;
}

/** A machine for `installNative`: its own cache, PATH, client and compiler, each of which keeps a log of its calls. */
export interface FakeMachine {
  readonly env: NodeJS.ProcessEnv;
  readonly cache: string;
  readonly bin: string;
  /** Lines of the calls, for instance `c++ -std=c++17 …`. */
  calls(): string[];
}

export interface FakeMachineOptions {
  /** Folder whose wheels the client serves; none: it says that the network is down. */
  readonly wheels?: string;
  /** Source of the client, in place of the usual one. */
  readonly client?: string;
  readonly compiler?: 'works' | 'fails' | 'missing';
}

export function makeMachine({ wheels, client, compiler = 'works' }: FakeMachineOptions = {}): FakeMachine {
  const folder = temporaryFolder();
  const bin = join(folder, 'bin');
  const log = join(folder, 'calls.log');
  const cache = join(folder, 'cache');
  mkdirSync(bin);
  const record = (name: string) =>
    `const fs = require('fs'), path = require('path'); const args = process.argv.slice(2); fs.appendFileSync(${JSON.stringify(log)}, [${JSON.stringify(name)}, ...args].join(' ') + '\\n');\n`;
  program(
    join(bin, 'python3'),
    `${record('python3')}if (args.includes('--version')) { console.log('pip 23.2.1 from here'); process.exit(0); }
${
  client ??
  (wheels === undefined
    ? `console.error("WARNING: Retrying after connection broken by 'NewConnectionError'\\nERROR: Could not find a version that satisfies the requirement\\nERROR: No matching distribution found"); process.exit(1);`
    : `const dest = args[args.indexOf('--dest') + 1];
const wanted = args.slice(args.indexOf('off') + 1).map((r) => /^[\\w.-]+/.exec(r)[0].replaceAll('-', '_'));
for (const f of fs.readdirSync(${JSON.stringify(wheels)})) if (wanted.includes(f.split('-')[0])) fs.copyFileSync(path.join(${JSON.stringify(wheels)}, f), path.join(dest, f));`)
}`,
  );
  if (compiler !== 'missing')
    program(
      join(bin, 'c++'),
      `${record('c++')}if (args.includes('--version')) { console.log('fake c++ 1.0'); process.exit(0); }
${compiler === 'fails' ? `console.error('tfjs_binding.cc:1: error: no such thing'); process.exit(1);` : `fs.writeFileSync(args[args.indexOf('-o') + 1], 'compiled');`}`,
    );
  return {
    env: { PATH: bin, GSS_CACHE: cache, HOME: folder },
    cache: join(cache, 'native'),
    bin,
    calls: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
  };
}

export const linuxHost = { platform: 'linux', arch: 'x64', glibc: '2.36' } as const;
