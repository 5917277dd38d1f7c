import { leafSize, leavesOf, type Spec } from '@gss/tensor';
import { type CompactConfig, compactSpec } from './compact/compact.js';
import { type DvaeConfig, dvaeDownsample } from './dvae/config.js';
import { dvaeSpec } from './dvae/tokenizer.js';
import { codeSide, gridOf, type UvimConfig, uvimSpec } from './uvim/stage1.js';
import { hasAttention, type VqganConfig, vqganDownsample } from './vqgan/config.js';
import { vqganSpec } from './vqgan/model.js';

/** Floating-point operations per pixel of the image, a multiplication and an addition counted as two. */
export interface TokenizerFlops {
  readonly encode: number;
  readonly decode: number;
}

/** Products of every kernel and matrix of a spec: each value is used once at each of `positions(name)` positions a pixel. */
function productsOf(spec: Spec, positions: (name: string) => number): number {
  return leavesOf(spec).reduce(
    (sum, { name, leaf }) => sum + (leaf.shape.length > 1 ? 2 * leafSize(leaf) * positions(name) : 0),
    0,
  );
}

const digit = (pattern: RegExp, name: string): number | undefined => {
  const found = pattern.exec(name)?.[1];
  return found === undefined ? undefined : Number(found);
};

/**
 * DALL·E's dVAE as its reference computes it; with `asRun` as this package does: a look-up in place of the one-hot product,
 * and what precedes a doubling of the map done before it.
 */
export function dvaeFlops(config: DvaeConfig, { asRun = false }: { readonly asRun?: boolean } = {}): TokenizerFlops {
  const { encoder, decoder } = dvaeSpec(config);
  const token = dvaeDownsample ** -2;
  const group = (name: string) => digit(/group_(\d)/, name);
  const encode = productsOf(encoder, (name) => {
    const n = group(name);
    if (n) return 4 ** (1 - n);
    return name.includes('output') ? token : 1;
  });
  const decode = productsOf(decoder, (name) => {
    const n = group(name);
    if (!n) return name.includes('output') ? 1 : asRun ? 0 : token;
    const positions = token * 4 ** (n - 1);
    if (!asRun || n === 1 || !name.includes('block_1.')) return positions;
    if (/id_path|conv_1/.test(name)) return positions / 4;
    return name.includes('conv_2') ? (positions * 4) / 9 : positions;
  });
  return { encode, decode };
}

/**
 * VQGAN as its reference computes it; with `asRun` as this package does: convolutions of doubled maps with 4/9 of the products.
 * Attention grows with the number of positions, so the size of the image matters.
 */
export function vqganFlops(
  config: VqganConfig,
  [height, width]: readonly [number, number],
  { asRun = false }: { readonly asRun?: boolean } = {},
): TokenizerFlops {
  const { multipliers, residualBlocks, codes, codeDim } = config;
  const { encoder, decoder, quant_conv, post_quant_conv } = vqganSpec(config);
  const token = vqganDownsample(config) ** -2;
  const level = (name: string) => digit(/(?:down|up)\.(\d+)\./, name);
  const attention = (count: (blocks: number) => number) => {
    const at = (i: number) => {
      const positions = 4 ** -i;
      return 4 * positions * (positions * height * width) * config.width * multipliers[i]!; // Q Kᵀ and its product with V
    };
    const levels = multipliers.reduce(
      (sum, _, i) => sum + (hasAttention(config, i) ? count(residualBlocks) * at(i) : 0),
      0,
    );
    return levels + at(multipliers.length - 1);
  };
  const encode = productsOf(encoder, (name) => {
    const i = level(name);
    if (i === undefined) return name.startsWith('conv_in') ? 1 : token;
    return 4 ** -(name.includes('downsample') ? i + 1 : i);
  });
  const decode = productsOf(decoder, (name) => {
    const i = level(name);
    if (i === undefined) return name.startsWith('conv_out') ? 1 : token;
    return name.includes('upsample') ? 4 ** (1 - i) * (asRun ? 4 / 9 : 1) : 4 ** -i;
  });
  const perToken = (spec: Spec) => productsOf(spec, () => token);
  return {
    encode: encode + attention((n) => n) + perToken({ quant_conv }) + 2 * codes * codeDim * token,
    decode: decode + attention((n) => n + 1) + perToken({ post_quant_conv }),
  };
}

/** The compact tokenizer: everything runs at token resolution. */
export function compactFlops(config: CompactConfig): TokenizerFlops {
  const { encoder, codebook, decoder } = compactSpec(config);
  const perToken = (spec: Spec) => productsOf(spec, () => config.downsample ** -2);
  return { encode: perToken({ encoder, codebook }), decode: perToken({ decoder }) };
}

/** UViM's stage I, side images included, at its input size. */
export function uvimFlops(config: UvimConfig): TokenizerFlops {
  const { inputSize, width, encoderDepth, decoderDepth, codeLength } = config;
  const pixels = inputSize[0] * inputSize[1];
  const [rows, columns] = gridOf(config);
  const positions = (rows * columns) / pixels;
  const code = codeLength / pixels;
  const { params, state } = uvimSpec(config);
  const isOf = (half: 'encoder' | 'decoder') => (name: string) => {
    if (/bottleneck|^pos_/.test(name)) return 0;
    if (/^(encoder_head|decoder_stem)/.test(name)) return name.startsWith(half) ? code : 0;
    const own = half === 'encoder' ? /^(embedding_semantics|ctx_enc|encoder\.)/ : /^(head_semantics|ctx_dec|decoder\.)/;
    return own.test(name) && name.includes('kernel') ? positions : 0;
  };
  const attention = (depth: number) => 4 * depth * positions * rows * columns * width;
  const side = codeSide(config);
  const between = (2 * rows * columns * side * side * width) / pixels; // resized, or mixed by a matrix
  return {
    encode: productsOf(params, isOf('encoder')) + attention(encoderDepth) + between + productsOf(state, () => code),
    decode: productsOf(params, isOf('decoder')) + attention(decoderDepth) + between,
  };
}
