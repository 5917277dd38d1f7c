import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '@gss/checkpoint/node';
import { loadSegmenterFolder } from '@gss/segmenter/node';
import type { NodeBackend } from '@gss/tensor/node';
import { type Context, command, interrupted } from '../cli/command.js';
import { duration } from '../cli/output.js';
import { configsFolder } from '../config/folder.js';
import { loadConfig } from '../config/load.js';
import { saveResolved } from '../config/save.js';
import { type OpenedData, openSplit } from '../data/sources.js';
import { trainingData } from '../data/training-data.js';
import { draw, heat, indexPng, overlay, rgbJpeg, rgbPng, writeAll } from '../images/write.js';
import { readCurves } from '../report/curves.js';
import { type ReportRow, renderReport } from '../report/report.js';
import { evaluateModel } from '../stages/evaluate.js';
import { evaluateTokenizer } from '../stages/oracle.js';
import { trainPrior } from '../stages/prior.js';
import { trainTokenizer } from '../stages/tokenizer.js';
import { openAnyTokenizer } from '../stages/tokenizers/open.js';
import { printEvaluation } from './evaluate.js';
import { backendOption, startBackend } from './options.js';

interface Options {
  readonly out: string;
  readonly set?: string[];
  readonly resume?: boolean;
  readonly backend?: NodeBackend;
}

/** Segments the first pictures of the split, writes them to DIR/predictions, and returns them for the report. */
async function predictSamples(model: string, data: OpenedData, dir: string, count: number): Promise<ReportRow[]> {
  const segmenter = await loadSegmenterFolder(model);
  const colours = segmenter.config.classes.map(({ color }) => color);
  mkdirSync(dir, { recursive: true });
  const rows: ReportRow[] = [];
  for (let i = 0; i < Math.min(count, data.dataset.length); i++) {
    const { image, labels: truth, name } = await data.dataset.read(i);
    const prediction = await segmenter.predict(image);
    const labels = await prediction.labels();
    const maskige = await prediction.maskige();
    const confidence = heat(await prediction.confidence(), prediction.width, prediction.height);
    prediction.dispose();
    const drawn = draw(labels, colours);
    await writeAll({
      [join(dir, `${name}.maskige.png`)]: await rgbPng(maskige),
      [join(dir, `${name}.overlay.jpg`)]: await rgbJpeg(overlay(image, drawn)),
      [join(dir, `${name}.png`)]: indexPng(labels),
    });
    const jpeg = async (title: string, picture: typeof image) => ({ title, jpeg: await rgbJpeg(picture, 85) });
    rows.push({
      name,
      pictures: [
        await jpeg('image', image),
        await jpeg('truth', draw(truth, colours)),
        await jpeg('generated maskige', maskige),
        await jpeg('prediction', drawn),
        await jpeg('confidence', confidence),
      ],
    });
  }
  segmenter.dispose();
  return rows;
}

/** Trains both stages on the embedded data set, evaluates, segments pictures, writes the report. */
async function quickstart(context: Context, options: Options): Promise<number | undefined> {
  const { out } = context;
  const began = performance.now();
  const config = loadConfig(join(configsFolder(), 'quickstart.json'), options.set);
  const { train, evaluation } = await trainingData(config, await openSplit({}, 'train'), (split) =>
    openSplit({}, split),
  );
  const val = await openSplit({}, 'val');
  const { backend, device } = await startBackend(out, options.backend);
  await saveResolved(options.out, config);
  const stage = { config, train, evaluation, dir: options.out, resume: Boolean(options.resume), ...context };
  const first = await trainTokenizer(stage);
  const second = first.folder ? await trainPrior({ ...stage, tokenizer: first.folder }) : undefined;
  if (!first.folder || !second?.folder) {
    out.note('Saved. Go on with: npx gss quickstart --resume');
    return interrupted;
  }
  const oracle = await evaluateTokenizer(await openAnyTokenizer(first.folder, val.classes), val, context);
  const reconstruction = oracle.evaluation;
  const segmenter = await loadSegmenterFolder(second.folder);
  const measured = await evaluateModel(segmenter, val.dataset, context);
  segmenter.dispose();
  const rows = await predictSamples(second.folder, val, join(options.out, 'predictions'), 6);
  const seconds = Math.round((performance.now() - began) / 1000);
  const report = join(options.out, 'report.html');
  const html = renderReport({
    title: 'GSS quickstart: synthetic-streets',
    facts: {
      time: `${duration(seconds)} in all (stage I ${duration(first.seconds)}, stage II ${duration(second.seconds)})`,
      backend: `${backend} — ${device}`,
      seed: String(config.seed),
      model: second.folder,
    },
    evaluation: measured,
    reconstruction,
    classes: val.classes,
    rows,
    curves: [
      {
        title: 'stage I',
        curves: readCurves(join(options.out, 'tokenizer', 'log.jsonl'), ['loss', 'reconstruction', 'classes']),
      },
      { title: 'stage II', curves: readCurves(join(options.out, 'prior', 'log.jsonl'), ['loss', 'token', 'pixel']) },
    ],
  });
  await writeFileAtomic(report, html);
  printEvaluation(out, measured);
  out.line(`report: ${report}`);
  out.result({ mIoU: measured.mIoU, seconds, report });
  return undefined;
}

/** `gss quickstart` */
export const quickstartCommand = () =>
  command('quickstart', 'train a small model on rendered streets, evaluate it and write a report', quickstart)
    .option('--out <dir>', 'folder of the run', join('runs', 'quickstart'))
    .option('--set <key=value...>', 'override a value of configs/quickstart.json')
    .option('--resume', 'go on from the newest checkpoint')
    .addOption(backendOption());
