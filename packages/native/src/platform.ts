import { NativeError } from './errors.js';
import { defaultVersions } from './pins.js';

/** The machine that the library is for. */
export interface Target {
  readonly platform: 'linux' | 'darwin';
  readonly arch: 'x64' | 'arm64';
}

/** What is known of the running process; given explicitly only by tests. */
export interface Host {
  readonly platform: string;
  readonly arch: string;
  /** `2.36` with glibc, undefined with another C library (musl) and on systems without one. */
  readonly glibc?: string | undefined;
}

/** This process's system, processor and C library. */
export function currentHost(): Host {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return { platform: process.platform, arch: process.arch, glibc: report?.header?.glibcVersionRuntime };
}

/**
 * The target for this host.
 *
 * @throws NativeError `UNSUPPORTED_PLATFORM` where TensorFlow publishes no wheel: Windows (its wheel has no C library to
 *   link), 32-bit processors, musl.
 */
export function targetOf({ platform, arch, glibc }: Host): Target {
  const refuse = (why: string) =>
    new NativeError(
      'UNSUPPORTED_PLATFORM',
      `native: expected linux (glibc ≥ 2.17) or macOS on x64 or arm64, got ${platform} ${arch}: ${why}. Use the wasm backend (GSS_BACKEND=wasm).`,
    );
  if (platform !== 'linux' && platform !== 'darwin')
    throw refuse('no TensorFlow wheel with a linkable C library exists for it');
  if (arch !== 'x64' && arch !== 'arm64') throw refuse('no TensorFlow wheel exists for this processor');
  if (platform === 'linux' && !glibc)
    throw refuse('TensorFlow wheels need glibc, and this C library (musl?) is another');
  if (platform === 'linux' && compareVersions(glibc ?? '0', '2.17') < 0) throw refuse(`glibc ${glibc} is too old`);
  return { platform, arch };
}

/** The PyPI distribution that holds the library: the small one exists for linux x64 alone. */
export function distributionOf({ platform, arch }: Target, gpu: boolean): 'tensorflow' | 'tensorflow-cpu' {
  if (gpu && !(platform === 'linux' && arch === 'x64'))
    throw new NativeError(
      'UNSUPPORTED_PLATFORM',
      `native: TensorFlow's CUDA build exists for linux x64 only, got ${platform} ${arch}. Install without --gpu.`,
    );
  return platform === 'linux' && arch === 'x64' && !gpu ? 'tensorflow-cpu' : 'tensorflow';
}

/** The version installed when none is asked for. */
export const defaultVersion = ({ platform, arch }: Target): string => defaultVersions[`${platform}-${arch}`];

/** Wheel platform tags to offer to the client, newest first. pip widens the macOS one to older systems by itself. */
export function platformTags({ platform, arch }: Target, glibc?: string): string[] {
  if (platform === 'darwin') return [arch === 'arm64' ? 'macosx_12_0_arm64' : 'macosx_10_15_x86_64'];
  const cpu = arch === 'arm64' ? 'aarch64' : 'x86_64';
  const generations = ['2.35', '2.34', '2.31', '2.28', '2.27', '2.26', '2.24', '2.17', '2.12', '2.5'];
  const modern = generations
    .filter((generation) => !glibc || compareVersions(generation, glibc) <= 0)
    .map((generation) => `manylinux_${generation.replace('.', '_')}_${cpu}`);
  return [
    ...modern,
    `manylinux2014_${cpu}`,
    ...(cpu === 'x86_64' ? [`manylinux2010_${cpu}`, `manylinux1_${cpu}`] : []),
  ];
}

/** The Python whose wheel is taken. Any does: only C libraries and headers are used; it must merely exist for the version. */
export function pythonFor(version: string): string {
  if (compareVersions(version, '2.16') >= 0) return '3.12';
  return compareVersions(version, '2.12') >= 0 ? '3.11' : '3.10';
}

/** True if a wheel's platform tag (several joined by dots) fits the target. */
export function tagFits({ platform, arch }: Target, tag: string): boolean {
  const cpu = platform === 'linux' && arch === 'arm64' ? 'aarch64' : arch === 'x64' ? 'x86_64' : 'arm64';
  const system = platform === 'linux' ? /^(many)?linux/ : /^macosx_/;
  return tag
    .split('.')
    .some(
      (part) => part === 'any' || (system.test(part) && (part.endsWith(`_${cpu}`) || part.endsWith('_universal2'))),
    );
}

/** Library files inside the wheel's `tensorflow/`, and every name under which tfjs-node or a linker asks for them. */
export function libraryNames({ platform }: Target): { readonly file: string; readonly names: readonly string[] }[] {
  if (platform === 'darwin')
    return [
      {
        file: 'libtensorflow_cc.2.dylib',
        names: ['libtensorflow_cc.2.dylib', 'libtensorflow.2.dylib', 'libtensorflow.dylib'],
      },
      {
        file: 'libtensorflow_framework.2.dylib',
        names: ['libtensorflow_framework.2.dylib', 'libtensorflow_framework.dylib'],
      },
    ];
  return [
    { file: 'libtensorflow_cc.so.2', names: ['libtensorflow_cc.so.2', 'libtensorflow.so.2', 'libtensorflow.so'] },
    { file: 'libtensorflow_framework.so.2', names: ['libtensorflow_framework.so.2', 'libtensorflow_framework.so'] },
  ];
}

/** Orders dotted versions by their numbers: negative, 0 or positive. Suffixes (rc, post) are ignored. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [a, b].map((version) => version.split('.').map((part) => Number.parseInt(part, 10) || 0)) as [
    number[],
    number[],
  ];
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
