/** A wheel whose content is known: it is refused if its SHA-256 differs. */
export interface Pin {
  readonly sha256: string;
  /** Bytes of the wheel. */
  readonly size: number;
  /** Bytes of the libraries and headers taken out of it. */
  readonly unpacked: number;
}

/** 2.16.2 is the last version with a wheel for Intel Macs. */
export const defaultVersions = {
  'linux-x64': '2.21.0',
  'linux-arm64': '2.21.0',
  'darwin-arm64': '2.21.0',
  'darwin-x64': '2.16.2',
} as const;

/** The wheels of the default versions by file name; hashes and sizes were taken from the wheels themselves. */
export const pins: Readonly<Record<string, Pin>> = {
  'tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl': {
    sha256: 'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
    size: 274_000_871,
    unpacked: 853_600_000,
  },
  'tensorflow-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl': {
    sha256: 'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
    size: 572_611_111,
    unpacked: 1_259_300_000,
  },
  'tensorflow-2.21.0-cp312-cp312-manylinux_2_27_aarch64.whl': {
    sha256: 'b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552',
    size: 281_946_471,
    unpacked: 883_400_000,
  },
  'tensorflow-2.21.0-cp312-cp312-macosx_12_0_arm64.whl': {
    sha256: '56ecd7d47429acbe1df2694d50b75bf9fc3995ac92cb367cd9af6c4780ead712',
    size: 223_488_205,
    unpacked: 741_300_000,
  },
  'tensorflow-2.16.2-cp312-cp312-macosx_10_15_x86_64.whl': {
    sha256: '912b8cd1f88fd1ef32b8db54f0193ad0a3f057691324436ba82c5f74a63a17dd',
    size: 259_727_578,
    unpacked: 735_700_000,
  },
};

/** The default wheel of a target, by which space and progress are judged before anything is downloaded. */
export function expectedWheel(
  distribution: string,
  version: string,
  tags: readonly string[],
): (Pin & { readonly file: string }) | undefined {
  const start = `${distribution.replaceAll('-', '_')}-${version}-`;
  const file = Object.keys(pins).find(
    (name) => name.startsWith(start) && tags.some((tag) => name.includes(`-${tag}.whl`)),
  );
  const pin = file ? pins[file] : undefined;
  return file && pin ? { file, ...pin } : undefined;
}
