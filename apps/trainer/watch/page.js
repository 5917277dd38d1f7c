// The page of gss watch: polls the log of a run and draws a chart for every figure in it.
import uPlot from './uplot.js';

const every = 2000; // milliseconds between two looks
const element = (id) => document.getElementById(id);
const [runs, smooth, state, charts, pictures] = ['run', 'smooth', 'state', 'charts', 'pictures'].map(element);

/** What has been read of the run that is shown. */
let run = { name: '', offset: 0, text: '', figures: new Map(), last: undefined };
/** figure → { plot, place } */
const plots = new Map();

/** A step that was logged twice (an interrupted run that was resumed) counts as its later line says. */
function add(line) {
  const { step, time, ...values } = JSON.parse(line);
  run.last = { step, time };
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'number') continue;
    if (!run.figures.has(name)) run.figures.set(name, new Map());
    const points = run.figures.get(name);
    for (const later of [...points.keys()].reverse()) {
      if (later < step) break;
      points.delete(later);
    }
    points.set(step, value);
  }
}

/** Exponential smoothing that starts at the first value. */
function smoothed(values, share) {
  let mean = values[0];
  return values.map((value) => {
    mean = share * mean + (1 - share) * value;
    return mean;
  });
}

function draw() {
  const colour = getComputedStyle(document.body).color;
  for (const [name, points] of run.figures) {
    const [steps, values] = [[...points.keys()], [...points.values()]];
    const data = [steps, values, smoothed(values, Number(smooth.value))];
    const known = plots.get(name);
    if (known) {
      known.plot.setData(data);
      continue;
    }
    const figure = document.createElement('figure');
    const caption = figure.appendChild(document.createElement('figcaption'));
    caption.textContent = name;
    const place = figure.appendChild(document.createElement('div'));
    charts.append(figure);
    const axis = { stroke: colour, grid: { stroke: '#8884' }, ticks: { stroke: '#8884' } };
    const options = {
      width: place.clientWidth || 400,
      height: 200,
      scales: { x: { time: false } },
      axes: [axis, { ...axis, size: 64 }],
      series: [
        { label: 'step' },
        { label: name, stroke: '#8888', width: 1, points: { show: values.length < 2 } },
        { label: 'smoothed', stroke: '#0a7d8c', width: 2 },
      ],
    };
    plots.set(name, { plot: new uPlot(options, data, place), place });
  }
}

/** Reads what was added to the log since the last look. */
async function readLog() {
  const response = await fetch(`log?run=${encodeURIComponent(run.name)}&from=${run.offset}`);
  if (!response.ok) throw new Error(await response.text());
  const size = Number(response.headers.get('x-log-size'));
  if (size < run.offset) return show(run.name); // the run was started anew
  run.text += await response.text();
  run.offset = size;
  const lines = run.text.split('\n');
  run.text = lines.pop();
  for (const line of lines) if (line) add(line);
  return draw();
}

async function readPictures() {
  const list = await (await fetch(`pictures?run=${encodeURIComponent(run.name)}`)).json();
  for (const { name, changed } of list) {
    let picture = pictures.querySelector(`img[data-name="${CSS.escape(name)}"]`);
    if (!picture) {
      const figure = pictures.appendChild(document.createElement('figure'));
      figure.appendChild(document.createElement('figcaption')).textContent = name.replace(/\.png$/, '');
      picture = figure.appendChild(document.createElement('img'));
      picture.dataset.name = name;
      picture.alt = `image, truth, maskige and prediction of ${name}`;
    }
    const source = `picture?run=${encodeURIComponent(run.name)}&name=${encodeURIComponent(name)}&changed=${changed}`;
    if (picture.getAttribute('src') !== source) picture.src = source;
  }
}

function show(name) {
  run = { name, offset: 0, text: '', figures: new Map(), last: undefined };
  for (const { plot } of plots.values()) plot.destroy();
  plots.clear();
  charts.replaceChildren();
  pictures.replaceChildren();
}

async function look() {
  try {
    const names = await (await fetch('runs')).json();
    if (names.join('\n') !== [...runs.options].map(({ value }) => value).join('\n')) {
      const chosen = runs.value;
      runs.replaceChildren(...names.map((name) => new Option(name, name)));
      if (names.includes(chosen)) runs.value = chosen;
    }
    if (runs.value !== run.name) show(runs.value);
    if (run.name) await Promise.all([readLog(), readPictures()]);
    const age = run.last ? Math.max(0, Math.round(Date.now() / 1000 - run.last.time)) : undefined;
    state.textContent = run.last ? `step ${run.last.step}, logged ${age} s ago` : 'nothing logged yet';
  } catch (error) {
    state.textContent = `no answer from gss watch: ${error.message}`;
  }
}

runs.addEventListener('change', look);
smooth.addEventListener('input', draw);
addEventListener('resize', () => {
  for (const { plot, place } of plots.values()) plot.setSize({ width: place.clientWidth, height: 200 });
});
await look();
setInterval(look, every);
