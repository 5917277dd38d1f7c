import { tieClassifier } from '@gss/prior';
import { classTable, type GssModelConfig, type NetworkParams } from '@gss/segmenter';
import type { OpenedData } from '../data/sources.js';
import { encodeMaps, type TokenCoder } from '../data/tokens.js';

/** Label maps that code frequencies are counted on, at most. */
const counted = 100;

/** How often each code stands for the squares of the train labels, [V], on maps spread over them. */
async function codeFrequencies(coder: TokenCoder, { dataset }: OpenedData): Promise<Float64Array> {
  const counts = new Float64Array(coder.tokenizer.vocabulary);
  const step = Math.max(1, dataset.length / counted);
  for (let i = 0; i < dataset.length; i += step) {
    const { labels } = await dataset.read(Math.floor(i));
    const [tokens] = await encodeMaps([labels], coder);
    for (const token of tokens!.data) counts[token]! += 1;
  }
  return counts;
}

/**
 * The parameters that stage II starts from with their token classifier tied to the tokenizer's codes; as they are where the model's
 * is another. A start from another run keeps that run's biases.
 */
export async function withTiedClassifier(
  params: NetworkParams,
  model: GssModelConfig,
  { coder, train, init }: { readonly coder: TokenCoder; readonly train: OpenedData; readonly init: string | undefined },
): Promise<NetworkParams> {
  if (model.prior.classifier !== 'tied') return params;
  const table = classTable(model, coder.tokenizer, coder.codec);
  try {
    const frequencies = init === undefined ? await codeFrequencies(coder, train) : undefined;
    const conv_seg = tieClassifier(params.decode_head.conv_seg, table, frequencies);
    return { ...params, decode_head: { ...params.decode_head, conv_seg } };
  } finally {
    table.dispose();
  }
}
