import { expect, test } from 'vitest';
import { cudaRequirements, isCudaRuntimeFile } from './cuda.js';
import { expectedWheel, pins } from './pins.js';
import {
  compareVersions,
  currentHost,
  defaultVersion,
  distributionOf,
  platformTags,
  pythonFor,
  tagFits,
  targetOf,
} from './platform.js';
import { parseWheelName } from './wheel.js';

const targets = [
  { platform: 'linux', arch: 'x64' },
  { platform: 'linux', arch: 'arm64' },
  { platform: 'darwin', arch: 'arm64' },
  { platform: 'darwin', arch: 'x64' },
] as const;

test('the four supported machines are told from all others', () => {
  for (const target of targets)
    expect(targetOf({ ...target, glibc: target.platform === 'linux' ? '2.36' : undefined })).toEqual(target);
  for (const host of [
    { platform: 'win32', arch: 'x64' },
    { platform: 'linux', arch: 'ia32', glibc: '2.36' },
    { platform: 'linux', arch: 'x64', glibc: undefined },
    { platform: 'linux', arch: 'x64', glibc: '2.12' },
  ])
    expect(() => targetOf(host)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_PLATFORM' }));
  expect(currentHost().platform).toBe(process.platform);
});

test.each(targets)('the default wheel for $platform $arch is pinned and fits no other machine', (target) => {
  const version = defaultVersion(target);
  const wheel = expectedWheel(distributionOf(target, false), version, platformTags(target));
  expect(wheel?.sha256).toMatch(/^[0-9a-f]{64}$/);
  const { platform } = parseWheelName(wheel?.file ?? '');
  expect(targets.filter((other) => tagFits(other, platform))).toEqual([target]);
});

test('every pin is the wheel of some machine', () => {
  const used = targets.flatMap((target) =>
    [false, true].flatMap((gpu) =>
      gpu && !(target.platform === 'linux' && target.arch === 'x64')
        ? []
        : (expectedWheel(distributionOf(target, gpu), defaultVersion(target), platformTags(target))?.file ?? []),
    ),
  );
  expect(used.sort()).toEqual(Object.keys(pins).sort());
});

test('CUDA is refused where its build does not exist', () => {
  expect(distributionOf({ platform: 'linux', arch: 'x64' }, true)).toBe('tensorflow');
  expect(() => distributionOf({ platform: 'darwin', arch: 'arm64' }, true)).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED_PLATFORM' }),
  );
});

test('tags newer than the C library are not offered', () => {
  const tags = platformTags({ platform: 'linux', arch: 'x64' }, '2.27');
  expect(tags).toContain('manylinux_2_27_x86_64');
  expect(tags).not.toContain('manylinux_2_28_x86_64');
  expect(tags).toContain('manylinux2014_x86_64');
});

test('versions are compared by number, and an existing Python is chosen for each', () => {
  expect(compareVersions('2.9.3', '2.21.0')).toBeLessThan(0);
  expect(compareVersions('2.21', '2.21.0')).toBe(0);
  expect([pythonFor('2.21.0'), pythonFor('2.15.1'), pythonFor('2.11.0')]).toEqual(['3.12', '3.11', '3.10']);
});

test('the CUDA wheels are read from METADATA, in its new and old form', () => {
  const metadata = `Requires-Dist: numpy>=1.26.0
Provides-Extra: and-cuda
Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"
Requires-Dist: nvidia-nccl-cu12 (==2.16.5) ; extra == 'and-cuda'
Requires-Dist: tensorboard; extra == "other"
Requires-Dist: nvidia-other-cu12; extra == "other"
`;
  expect(cudaRequirements(metadata)).toEqual(['nvidia-cublas-cu12<13.0,>=12.5.3.2', 'nvidia-nccl-cu12==2.16.5']);
});

test('only run-time files of CUDA wheels are taken', () => {
  const members = [
    'nvidia/cudnn/lib/libcudnn.so.9',
    'nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.12.9',
    'nvidia/cuda_cupti/lib/libcheckpoint.so',
    'nvidia/cuda_nvcc/bin/ptxas',
    'nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc',
  ];
  const others = [
    'nvidia/cudnn/include/cudnn.h',
    'nvidia/cublas/lib/libcublas_static.a',
    'nvidia/__init__.py',
    'nvidia/cuda_nvcc/bin/nvcc',
    'other/lib/libx.so.1',
    'nvidia/a/b/lib/libx.so.1',
  ];
  expect([...members, ...others].filter(isCudaRuntimeFile)).toEqual(members);
});
