import type { ParamsOf } from '@gss/tensor';
import {
  type CompactConfig,
  compactSpec,
  compactTokenizer,
  type DvaeConfig,
  dvaeDownsample,
  dvaeSpec,
  dvaeTokenizer,
  type Tokenizer,
  type TokenizerOptions,
  type UvimConfig,
  uvimSpec,
  uvimTokenizer,
  type VqganConfig,
  vqganDownsample,
  vqganSpec,
  vqganTokenizer,
} from '@gss/vqvae';

/** The rows of Table 2, and ours. */
export interface TokenizerConfigs {
  readonly compact: CompactConfig;
  readonly dvae: DvaeConfig;
  readonly vqgan: VqganConfig;
  readonly uvim: UvimConfig;
}
export type TokenizerFamily = keyof TokenizerConfigs;

/** How labels become the image that a tokenizer reads: painted with β, or one channel a class (Table 2's rows without a maskige). */
export type LabelInput = 'maskige' | 'one-hot';

/**
 * A tokenizer and what it was trained on: what stage I leaves behind. `TokenizerConfig` is the union over the families,
 * discriminated by `type`; `TokenizerConfig<'dvae'>` is one of them.
 */
export type TokenizerConfig<F extends TokenizerFamily = TokenizerFamily> = {
  [T in F]: {
    readonly type: T;
    readonly config: TokenizerConfigs[T];
    /** Default maskige. */
    readonly input?: LabelInput;
  };
}[F];

const specs = { compact: compactSpec, dvae: dvaeSpec, vqgan: vqganSpec, uvim: uvimSpec };
type Specs = { readonly [F in TokenizerFamily]: ReturnType<(typeof specs)[F]> };
type Params = { readonly [F in TokenizerFamily]: ParamsOf<Specs[F]> };

// The tables again, in the form that lets TypeScript tie an entry's config to its parameters.
const specOf: { readonly [F in TokenizerFamily]: (config: TokenizerConfigs[F]) => Specs[F] } = specs;
const open: {
  readonly [F in TokenizerFamily]: (
    config: TokenizerConfigs[F],
    params: Params[F],
    options: TokenizerOptions,
  ) => Tokenizer;
} = { compact: compactTokenizer, dvae: dvaeTokenizer, vqgan: vqganTokenizer, uvim: uvimTokenizer };
const channelsOf: { readonly [F in TokenizerFamily]: (config: TokenizerConfigs[F]) => number } = {
  compact: ({ channels }) => channels,
  dvae: ({ channels }) => channels,
  vqgan: ({ channels }) => channels,
  uvim: ({ classes }) => classes,
};

/** Names of the families. */
export const tokenizerFamilies: readonly TokenizerFamily[] = ['compact', 'dvae', 'vqgan', 'uvim'];

/** Parameters of a tokenizer, named as in its reference. */
export const tokenizerSpec = <F extends TokenizerFamily>({ type, config }: TokenizerConfig<F>): Specs[F] =>
  specOf[type](config);
export type TokenizerParams<F extends TokenizerFamily = TokenizerFamily> = Params[F];

/** The tokenizer that a config describes; `params` stay the caller's. Tokens are taken as good: no read back. */
export const openTokenizer = <F extends TokenizerFamily>(
  { type, config }: TokenizerConfig<F>,
  params: TokenizerParams<F>,
  options: TokenizerOptions = { checkTokens: false },
): Tokenizer => open[type](config, params, options);

/** Channels of the images that a tokenizer reads. */
export const tokenizerChannels = <F extends TokenizerFamily>({ type, config }: TokenizerConfig<F>): number =>
  channelsOf[type](config);

const multipleOf: { readonly [F in TokenizerFamily]: (config: TokenizerConfigs[F]) => number } = {
  compact: ({ downsample }) => downsample,
  dvae: () => dvaeDownsample,
  vqgan: vqganDownsample,
  uvim: ({ inputSize }) => inputSize[0],
};

/** Images whose sides are multiples of it need no padding. */
export const tokenizerMultiple = <F extends TokenizerFamily>({ type, config }: TokenizerConfig<F>): number =>
  multipleOf[type](config);
