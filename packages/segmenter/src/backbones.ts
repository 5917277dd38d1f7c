import { type EfficientNetConfig, efficientnet, efficientnetSpec, efficientnetTrains } from '@gss/efficientnet';
import { type HRNetConfig, hrnet, hrnetSpec, hrnetTrains } from '@gss/hrnet';
import { type ResNetConfig, resnet, resnetSpec, resnetTrains } from '@gss/resnet';
import { type SwinConfig, swin, swinSpec, swinTrains } from '@gss/swin';
import type { ParamsOf, Training } from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';

/** The paper's backbones, and a small one with ImageNet weights. */
export interface BackboneConfigs {
  readonly swin: SwinConfig;
  readonly resnet: ResNetConfig;
  readonly hrnet: HRNetConfig;
  readonly efficientnet: EfficientNetConfig;
}
export type BackboneFamily = keyof BackboneConfigs;

/**
 * A backbone of a model. `BackboneConfig` is the union over the families, discriminated by `type`;
 * `BackboneConfig<'swin'>` is one of them.
 */
export type BackboneConfig<F extends BackboneFamily = BackboneFamily> = {
  [T in F]: {
    readonly type: T;
    /** Its `frozenStages` is how many stages training leaves alone. */
    readonly config: BackboneConfigs[T];
    /**
     * Frozen BatchNorms (mmsegmentation's `norm_eval`): training uses and keeps the running statistics; weights and
     * biases still train. Default false. Not for Swin, which normalises by LayerNorm.
     */
    readonly normEval?: boolean;
  };
}[F];

const specs = { swin: swinSpec, resnet: resnetSpec, hrnet: hrnetSpec, efficientnet: efficientnetSpec };
type Specs = { readonly [F in BackboneFamily]: ReturnType<(typeof specs)[F]> };
type Params = { readonly [F in BackboneFamily]: ParamsOf<Specs[F]> };

/** Names of the families. */
export const backboneFamilies: readonly BackboneFamily[] = ['swin', 'resnet', 'hrnet', 'efficientnet'];

// Tables in the form that lets TypeScript tie an entry's config to its parameters.
const specOf: { readonly [F in BackboneFamily]: (config: BackboneConfigs[F]) => Specs[F] } = specs;
const trainsOf: { readonly [F in BackboneFamily]: (config: BackboneConfigs[F]) => (name: string) => boolean } = {
  swin: swinTrains,
  resnet: resnetTrains,
  hrnet: hrnetTrains,
  efficientnet: efficientnetTrains,
};
const run: {
  readonly [F in BackboneFamily]: (
    image: tf.Tensor4D,
    params: Params[F],
    backbone: BackboneConfig<F>,
    training?: Training,
  ) => readonly tf.Tensor4D[];
} = {
  swin: (image, params, { config }, training) => swin(image, params, config, training),
  // Neither has anything random, so that BatchNorm is all that training changes in them.
  resnet: (image, params, { config, normEval }, training) =>
    resnet(image, params, config, normEval ? undefined : training),
  hrnet: (image, params, { config, normEval }, training) =>
    hrnet(image, params, config, normEval ? undefined : training),
  efficientnet: (image, params, { config, normEval = false }, training) =>
    efficientnet(image, params, { ...config, normEval: normEval || config.normEval === true }, training),
};

/** Parameters of a backbone, named as in its reference. */
export const backboneSpec = <F extends BackboneFamily>({ type, config }: BackboneConfig<F>): Specs[F] =>
  specOf[type](config);
export type BackboneParams<F extends BackboneFamily = BackboneFamily> = Params[F];

/** Normalised image, [B, H, W, 3] → four maps, finest first, [B, Hᵢ, Wᵢ, backboneChannels[i]]. */
export const backboneFeatures = <F extends BackboneFamily>(
  image: tf.Tensor4D,
  params: BackboneParams<F>,
  backbone: BackboneConfig<F>,
  training?: Training,
): readonly tf.Tensor4D[] => run[backbone.type](image, params, backbone, training);

/** Channels of its maps: what the head reads. */
export const backboneChannels = ({ config }: BackboneConfig): readonly number[] => config.channels;

/** Which of its parameters train, by their names within the backbone: all but those of frozen stages. */
export const backboneTrains = <F extends BackboneFamily>({
  type,
  config,
}: BackboneConfig<F>): ((name: string) => boolean) => trainsOf[type](config);

/** Stages that can be frozen, the stem being stage 0. */
export const backboneStages = 4;

/** The stage of a parameter, by its name within the backbone: 0 for the stem, then 1 to 4, as `frozenStages` counts. */
export function backboneStage<F extends BackboneFamily>({ type, config }: BackboneConfig<F>): (name: string) => number {
  const trains = Array.from({ length: backboneStages }, (_, n) => trainsOf[type]({ ...config, frozenStages: n }));
  return (name) => {
    const stage = trains.findIndex((trained) => !trained(name));
    return stage < 0 ? backboneStages : stage;
  };
}
