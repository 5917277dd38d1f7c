import { gridMarkdown } from '../reproduce/grid-markdown.js';
import { runTable3, table3 } from '../reproduce/table-3.js';
import { type GridCommandOptions, gridCommand, tellSeeds, withTraining } from './reproduce-grid.js';

/** `gss reproduce table-3` */
export const table3Command = () =>
  withTraining(
    gridCommand({
      name: 'table-3',
      description: 'ablation of the prior: d = 1/8, unlabelled auxiliary, d = 1/4, aggregation, at nano scale',
      rows: table3,
      run: runTable3,
      markdown: (results, { data, images, classes, command }, options: GridCommandOptions) =>
        gridMarkdown(results, {
          title: 'Table 3: ablation of latent prior learning, at nano scale',
          caution: [
            '**The columns do not compare.** The paper: ADE20K, Swin-Large with ImageNet-22K weights, 160,000 steps of 32. Here: a nano Swin from scratch,',
            `minutes on ${data} (${images} images, ${classes} classes), ${tellSeeds(options)}, long before it converges.`,
          ],
          paper: [
            { title: 'paper: mIoU', value: ({ paper }) => paper },
            { title: 'paper: mAcc', value: ({ paperAcc }) => paperAcc },
          ],
          columns: [
            { title: 'here: mIoU', key: 'mIoU' },
            { title: 'mAcc', key: 'mAcc' },
            { title: 'aAcc', key: 'aAcc' },
            { title: 'ceiling', key: 'ceiling' },
            { title: 'steps', key: 'steps', show: (value) => value.toFixed(0) },
            { title: 'training', key: 'seconds', show: (value) => `${Math.round(value)} s` },
          ],
          notes: [
            'ceiling: reconstruction of the true masks through the tokenizer at that d. All rows have one 4-fold tokenizer: its masks are halved for d = 1/8.',
            'Of the data only a small share is unlabelled, so that the auxiliary head mostly helps as a second loss; in the first three rows the token head reads the coarsest map alone.',
          ],
          command,
        }),
    }),
    'table-3',
  );
