import { renderStreetScene } from '@gss/datasets';
import type { LabelMap, RgbImage } from '@gss/maskige';
import { loadSegmenter, loadSegmenterFiles, type Segmenter } from '@gss/segmenter';
import { startBackend } from './backend.js';
import { colour, readPicture, show } from './pictures.js';

/** For tests and the console: the last result, and segmenting bytes without the file dialog. */
interface DemoHandle {
  readonly backend: string;
  /** True once a model is loaded. */
  readonly ready: boolean;
  segment(image: RgbImage): Promise<LabelMap>;
}
declare global {
  interface Window {
    gssDemo?: DemoHandle;
  }
}

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const status = element('status');
const canvases = {
  image: element<HTMLCanvasElement>('image'),
  maskige: element<HTMLCanvasElement>('maskige'),
  mask: element<HTMLCanvasElement>('mask'),
};
const controls = {
  sample: element<HTMLButtonElement>('sample'),
  picture: element<HTMLInputElement>('picture'),
  model: element<HTMLInputElement>('model'),
};

let segmenter: Segmenter | undefined;
let runsOn = '';
let scene = 0;

const say = (text: string) => {
  status.textContent = text;
};
const tell = (error: unknown) => say(error instanceof Error ? error.message : String(error));

async function segment(image: RgbImage): Promise<LabelMap> {
  if (!segmenter) throw new Error('Open a model first: its config.json and model.safetensors together.');
  const began = performance.now();
  const prediction = await segmenter.predict(image);
  const labels = await prediction.labels();
  const milliseconds = Math.round(performance.now() - began);
  const maskige = await prediction.maskige();
  prediction.dispose();
  show(canvases.image, image);
  show(canvases.maskige, maskige);
  const colours = segmenter.config.classes.map(({ color }) => color);
  show(canvases.mask, colour(labels, colours));
  say(`${runsOn} · ${labels.width} × ${labels.height} in ${milliseconds} ms`);
  return labels;
}

function useModel(next: Segmenter): void {
  segmenter?.dispose();
  segmenter = next;
  element('legend').replaceChildren(
    ...next.config.classes.map(({ name, color }) => {
      const item = document.createElement('li');
      const swatch = document.createElement('span');
      swatch.style.background = `rgb(${color.join(',')})`;
      item.append(swatch, name);
      return item;
    }),
  );
  controls.sample.disabled = false;
  controls.picture.disabled = false;
}

const sample = () =>
  segment(renderStreetScene({ seed: 1, index: scene++, width: 256, height: 192, split: 'test' }).image);

async function start(): Promise<void> {
  const choice = await startBackend();
  runsOn = `${choice.backend} — ${choice.device}`;
  const reasons = Object.entries(choice.unavailable).map(([name, why]) => `no ${name}: ${why}`);
  window.gssDemo = { backend: choice.backend, segment, ready: false };
  try {
    useModel(await loadSegmenter(new URL('./model/', document.baseURI).href));
  } catch (error) {
    say(
      `${runsOn}. No model beside the page (${error instanceof Error ? error.message : error}) Run npm start, or open a model's files.`,
    );
    return;
  }
  if (new URLSearchParams(location.search).get('sample') !== '0') await sample();
  else say(runsOn);
  window.gssDemo = { ...window.gssDemo, ready: true };
  if (reasons.length) status.title = reasons.join('\n');
}

controls.sample.addEventListener('click', () => void sample().catch(tell));
controls.picture.addEventListener('change', () => {
  const file = controls.picture.files?.[0];
  if (file) void readPicture(file).then(segment).catch(tell);
});
controls.model.addEventListener('change', () => {
  void loadSegmenterFiles(controls.model.files ?? [])
    .then(useModel)
    .then(sample)
    .catch(tell);
});
element('drop').addEventListener('dragover', (event) => event.preventDefault());
element('drop').addEventListener('drop', (event) => {
  event.preventDefault();
  const file = event.dataTransfer?.files[0];
  if (file) void readPicture(file).then(segment).catch(tell);
});

start().catch(tell);
