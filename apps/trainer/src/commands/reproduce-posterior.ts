import { Option } from 'commander';
import { gridMarkdown } from '../reproduce/grid-markdown.js';
import { runTable1, table1 } from '../reproduce/table-1.js';
import { runTable9, type Table9Row, table9 } from '../reproduce/table-9.js';
import { type GridCommandOptions, gridCommand, seedNumber, tellSeeds, withTraining } from './reproduce-grid.js';

const tokenizerOption = () =>
  new Option(
    '--tokenizer <dir>',
    'tokenizer for any palette, of configs/tokenizer-any.json or table-1/tokenizer.json (default: one is trained for each seed)',
  );

const figure = (digits: number) => (value: number) => value.toFixed(digits);
const seconds = (value: number) => `${Math.round(value)} s`;

/** `gss reproduce table-1` */
export const table1Command = () =>
  withTraining(
    gridCommand({
      name: 'table-1',
      description: 'reconstruction by variant of stage I: GSS-FF-R, FF, FT, TF, TT, FT-W, at nano scale',
      rows: table1,
      run: runTable1,
      markdown: (results, { data, images, classes, command }, options: GridCommandOptions) =>
        gridMarkdown(results, {
          title: 'Table 1: variants of latent posterior learning, at nano scale',
          caution: [
            '**The columns do not compare.** The paper: ADE20K, 150 classes, the dVAE of DALL·E, up to 40,000 steps of 16. Here: true masks',
            `through a small tokenizer for any palette on ${data} (${images} images, ${classes} classes), ${tellSeeds(options)}. Our other tokenizers are`,
            "counted from one palette's own squares, so that no other palette could be judged with them.",
          ],
          paper: [{ title: 'paper: mIoU', value: ({ paper }) => paper }],
          columns: [
            { title: 'here: mIoU', key: 'mIoU' },
            { title: 'aAcc', key: 'aAcc' },
            { title: 'mIoU by least squares', key: 'linear' },
            { title: 'steps', key: 'steps', show: figure(0) },
            { title: 'training', key: 'seconds', show: seconds },
          ],
          notes: [
            '𝒳⁻¹ of the rows without a learned one is the nearest colour, as in the paper’s code; beside it the same masks by γ = (βᵀβ)⁻¹βᵀ (Eq. 15).',
          ],
          command,
        }),
    }).addOption(tokenizerOption()),
    'table-1',
  );

interface Table9CommandOptions extends GridCommandOptions {
  readonly shapes: number;
}

/** `gss reproduce table-9` */
export const table9Command = () =>
  gridCommand<Table9Row, Table9CommandOptions>({
    name: 'table-9',
    description: 'reconstruction by palette: arithmetic, misaligned starts, random additive factors, refinement',
    rows: table9,
    run: runTable9,
    markdown: (results, { data, images, classes, command }, options: Table9CommandOptions) =>
      gridMarkdown(results, {
        title: 'Table 9: palettes under the maximal-distance assumption, at nano scale',
        caution: [
          '**The columns do not compare.** The paper: ADE20K, 150 classes, the dVAE of DALL·E. Here: true masks through a small tokenizer for',
          `any palette on ${data} (${images} images, ${classes} classes)${options.shapes ? `, and on ${options.shapes} masks of random shapes of 150 classes` : ''}, ${tellSeeds(options)}. 𝒳⁻¹ is the nearest colour.`,
        ],
        paper: [
          { title: 'paper: mIoU', value: ({ paper }) => paper },
          { title: 'paper: aAcc', value: ({ paperAcc }) => paperAcc },
        ],
        columns: [
          { title: 'here: mIoU', key: 'mIoU' },
          { title: 'aAcc', key: 'aAcc' },
          ...(options.shapes
            ? [
                { title: 'shapes, K = 150: mIoU', key: 'shapes/mIoU' },
                { title: 'aAcc', key: 'shapes/aAcc' },
              ]
            : []),
        ],
        command,
      }),
  })
    .addOption(tokenizerOption())
    .addOption(
      new Option('--shapes <n>', 'masks of random shapes of 150 classes to evaluate on besides')
        .argParser(seedNumber)
        .default(40),
    );
