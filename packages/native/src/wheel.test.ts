import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { collectHeaders } from './headers.js';
import { makeWheel, makeZip, put, temporaryFolder, tensorflowMembers, wheelFile } from './test-wheel.js';
import { extractMember, parseWheelName, readMember, readMetadata, withWheel } from './wheel.js';

const library = 'tensorflow/libtensorflow_cc.so.2';
const code = (expected: string) => expect.objectContaining({ code: expected });

test('reads a file name', () => {
  expect(parseWheelName('/x/tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl')).toEqual({
    file: 'tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl',
    distribution: 'tensorflow-cpu',
    version: '2.21.0',
    platform: 'manylinux_2_27_x86_64',
  });
  expect(
    parseWheelName('nvidia_nccl_cu12-2.27.7-1-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl'),
  ).toMatchObject({ version: '2.27.7', platform: 'manylinux2014_x86_64.manylinux_2_17_x86_64' });
  expect(() => parseWheelName('libtensorflow.tar.gz')).toThrow(code('BAD_WHEEL'));
});

test('extracts a member byte for byte and reads the metadata', async () => {
  const folder = temporaryFolder();
  const path = makeWheel({
    folder,
    file: wheelFile(),
    members: tensorflowMembers,
    metadata: 'Provides-Extra: and-cuda\n',
  });
  await withWheel(path, async (wheel) => {
    const heard: number[] = [];
    const { size } = await extractMember(wheel, library, join(folder, 'out', 'cc'), {
      onChunk: (bytes) => heard.push(bytes),
    });
    expect(readFileSync(join(folder, 'out', 'cc')).equals(Buffer.alloc(300_000, 'cc'))).toBe(true);
    expect(heard.reduce((a, b) => a + b)).toBe(size);
    expect(await readMetadata(wheel)).toContain('and-cuda');
  });
});

test('follows includes and takes no other header', async () => {
  const path = makeWheel({ folder: temporaryFolder(), file: wheelFile(), members: tensorflowMembers });
  expect(await withWheel(path, collectHeaders)).toEqual([
    'tensorflow/c/c_api.h',
    'tensorflow/c/tf_status.h',
    'xla/tsl/c/tsl_status.h',
  ]);
});

test.each([
  ['one byte changed', Buffer.concat([Buffer.alloc(299_999, 'cc'), Buffer.from('!')])],
  ['cut short', Buffer.alloc(1000, 'cc')],
])('a member with %s is a hash mismatch', async (_, content) => {
  const folder = temporaryFolder();
  const path = makeWheel({ folder, file: wheelFile(), members: tensorflowMembers, tamper: { [library]: content } });
  await expect(withWheel(path, (wheel) => extractMember(wheel, library, join(folder, 'cc')))).rejects.toThrow(
    code('HASH_MISMATCH'),
  );
  await expect(withWheel(path, (wheel) => readMember(wheel, library))).rejects.toThrow(code('HASH_MISMATCH'));
});

test('a member that RECORD does not list is refused', async () => {
  const path = makeWheel({
    folder: temporaryFolder(),
    file: wheelFile(),
    members: { a: 'a' },
    tamper: { [library]: 'slipped in' },
  });
  await expect(withWheel(path, (wheel) => readMember(wheel, library))).rejects.toThrow(/RECORD does not vouch/);
});

test('damaged zips are refused with one kind of error', async () => {
  const folder = temporaryFolder();
  const whole = readFileSync(makeWheel({ folder, file: wheelFile(), members: tensorflowMembers }));
  const open = (name: string, bytes: Uint8Array) =>
    withWheel(put(join(folder, name, wheelFile()), bytes), (wheel) => readMember(wheel, library));
  await expect(open('truncated', whole.subarray(0, 500))).rejects.toThrow(code('BAD_WHEEL'));
  await expect(open('empty', new Uint8Array())).rejects.toThrow(code('BAD_WHEEL'));
  await expect(open('text', Buffer.from('<html>not found</html>'))).rejects.toThrow(code('BAD_WHEEL'));
  await expect(open('no record', makeZip([['a', Buffer.from('a')]]))).rejects.toThrow(/one .dist-info\/RECORD, got 0/);
  await expect(
    open(
      'twice',
      makeZip([
        ['a', Buffer.from('a')],
        ['a', Buffer.from('b')],
      ]),
    ),
  ).rejects.toThrow(/got a twice/);
  await expect(open('escaping', makeZip([['../../a', Buffer.from('a')]]))).rejects.toThrow(code('BAD_WHEEL'));
  const flipped = Buffer.from(whole);
  flipped.fill(0xff, 60, 120);
  await expect(open('flipped', flipped)).rejects.toThrow(code('BAD_WHEEL'));
  await expect(withWheel(join(folder, 'absent', wheelFile()), async () => 0)).rejects.toThrow(/no such file/);
});

test('an existing file is never written over', async () => {
  const folder = temporaryFolder();
  const path = makeWheel({ folder, file: wheelFile(), members: tensorflowMembers });
  writeFileSync(join(folder, 'cc'), 'mine');
  await expect(withWheel(path, (wheel) => extractMember(wheel, library, join(folder, 'cc')))).rejects.toThrow(/EEXIST/);
  expect(readFileSync(join(folder, 'cc'), 'utf8')).toBe('mine');
  expect(existsSync(join(folder, 'out'))).toBe(false);
});
