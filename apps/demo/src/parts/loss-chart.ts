import { html } from 'lit';
import { context2d } from '../lib/canvas.js';
import { text } from '../text.js';
import { LightElement } from './light-element.js';

const height = 192;
const margin = { left: 56, right: 8, top: 10, bottom: 24 };

/** A line of losses that grows while something learns. */
export class LossChart extends LightElement {
  static override properties = { losses: { attribute: false }, steps: { type: Number } };
  declare losses: readonly number[];
  /** Where the axis ends. */
  declare steps: number;

  constructor() {
    super();
    this.losses = [];
    this.steps = 0;
  }

  protected override render() {
    const { losses } = this;
    const said = losses.length ? text.learn.chartText(losses.length, losses[0]!, losses.at(-1)!) : text.learn.chart;
    return html`<figure>
      <canvas class="chart" height=${height} role="img" aria-label=${said}></canvas>
      <figcaption>${said}</figcaption>
    </figure>`;
  }

  protected override updated(): void {
    const canvas = this.querySelector('canvas')!;
    const width = canvas.clientWidth || 640; // as wide as it is shown: figures keep their shape on a phone
    if (canvas.width !== width) canvas.width = width;
    const context = context2d(canvas);
    const style = getComputedStyle(this);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    context.clearRect(0, 0, width, height);
    const { losses } = this;
    const top = Math.max(1e-6, ...losses) * 1.05;
    const x = (i: number) => margin.left + ((width - margin.left - margin.right) * i) / Math.max(1, this.steps - 1);
    const y = (loss: number) => height - margin.bottom - ((height - margin.top - margin.bottom) * loss) / top;
    context.font = '12px system-ui, sans-serif';
    context.fillStyle = colour('--soft');
    context.strokeStyle = colour('--line');
    context.lineWidth = 1;
    context.textAlign = 'right';
    for (const part of [0, 0.5, 1]) {
      const loss = (top / 1.05) * part;
      context.beginPath();
      context.moveTo(margin.left, y(loss));
      context.lineTo(width - margin.right, y(loss));
      context.stroke();
      context.fillText(loss.toPrecision(2), margin.left - 6, y(loss) + 4);
    }
    context.fillText(String(this.steps), width - margin.right, height - 6);
    context.strokeStyle = colour('--accent');
    context.lineWidth = 2;
    context.beginPath();
    losses.forEach((loss, i) => {
      context.lineTo(x(i), y(loss));
    });
    context.stroke();
  }
}

customElements.define('loss-chart', LossChart);
