import { type DvaeConfig, dvaeSpec } from '@gss/vqvae';
import { UsageError } from '../../cli/errors.js';
import { type Described, type Family, type Naming, ours, renamed } from '../family.js';
import { shapesOf } from '../shapes.js';
import type { Weights } from '../weights.js';

/** openai/DALL-E publishes two pickled modules; in each the names begin with `blocks`. */
const inputOf = 'blocks.input.w';

/** The encoder looks at 7 × 7 pixels, the decoder at one code. */
export const dalleHalf = (weights: Weights): 'encoder' | 'decoder' | undefined => {
  const input = weights.get(inputOf);
  return input && (input.shape[2] === 1 ? 'decoder' : 'encoder');
};

const dalle: Naming = {
  name: 'dall-e',
  recognise: (weights) => weights.has(inputOf),
  toOurs: (weights) => renamed(weights, (name) => `${dalleHalf(weights)}.${name}`),
  fromOurs: (weights) => {
    const halves = new Set([...weights.keys()].map((name) => name.split('.')[0]!));
    if (halves.size > 1)
      throw new UsageError(
        'DALL·E keeps encoder and decoder in two files. Write them one by one: --select encoder. and --select decoder.',
      );
    return renamed(weights, (name) => name.slice([...halves][0]!.length + 1));
  },
};

function configOf(weights: Weights): DvaeConfig {
  const shapes = shapesOf(weights);
  const { side } = shapes;
  const encoder = shapes.has('encoder.blocks.input.w');
  const half = encoder ? 'encoder' : 'decoder';
  // Blocks count from 1.
  const blocks = [...weights.keys()].flatMap((name) => {
    const n = new RegExp(`^${half}\\.blocks\\.group_1\\.block_(\\d+)\\.`).exec(name)?.[1];
    return n === undefined ? [] : [Number(n)];
  });
  return {
    channels: encoder ? side('encoder.blocks.input.w', 1) : side('decoder.blocks.output.conv.w', 0) / 2,
    hidden: encoder ? side('encoder.blocks.input.w', 0) : side('decoder.blocks.output.conv.w', 1),
    init: shapes.has('decoder.blocks.input.w') ? side('decoder.blocks.input.w', 0) : 128,
    blocksPerGroup: Math.max(...blocks, 1),
    vocabulary: encoder ? side('encoder.blocks.output.conv.w', 0) : side('decoder.blocks.input.w', 1),
  };
}

function describe(weights: Weights): Described {
  const config = configOf(weights);
  const { encoder, decoder } = dvaeSpec(config);
  const has = (half: string) => [...weights.keys()].some((name) => name.startsWith(`${half}.`));
  if (has('encoder') && has('decoder')) return { config, spec: { encoder, decoder } };
  const [present, absent] = has('encoder') ? ['encoder', 'decoder'] : ['decoder', 'encoder'];
  return {
    config,
    spec: has('encoder') ? { encoder } : { decoder },
    notes: [`only the ${present}: a tokenizer needs the ${absent} too; give both files to have them in one`],
  };
}

/** The dVAE of DALL·E. */
export const dvae: Family = {
  name: 'dvae',
  title: "DALL·E's dVAE",
  namings: [ours((weights) => weights.has('encoder.blocks.input.w') || weights.has('decoder.blocks.input.w')), dalle],
  describe,
};
