import type { Result } from '@gss/element/engine';
import type { LabelMap } from '@gss/maskige';
import { html, type TemplateResult } from 'lit';
import { labelsOf } from '../model/session.js';
import { type PaintState, paintTools } from './controls.js';
import { SessionElement } from './light-element.js';
import type { MaskPainter } from './mask-painter.js';
import './mask-painter.js';

export interface PainterOptions {
  readonly caption: string;
  /** A picture below the mask, and how much the mask covers it. */
  readonly under?: ImageData;
  readonly opacity?: number;
  /** A stroke is done. */
  readonly onPainted?: () => void;
}

/** A part of the page where the model's mask is painted on: a copy, which starts anew with every result. */
export abstract class MaskEditor extends SessionElement {
  static override properties = { ...SessionElement.properties, paint: { state: true }, labels: { state: true } };
  declare paint: PaintState;
  declare labels: LabelMap | undefined;
  /** The result whose mask is painted on. */
  protected of: Result | undefined;

  constructor() {
    super();
    this.paint = { tool: 'brush', radius: 8, label: 0 };
  }

  protected override willUpdate(): void {
    if (this.of !== this.session.result) this.reset();
  }

  /** Takes the model's mask again. */
  protected reset(): void {
    const { result } = this.session;
    this.of = result;
    this.labels = result && { ...labelsOf(result), data: result.labels.slice() };
  }

  protected painter({ caption, under, opacity = 1, onPainted }: PainterOptions): TemplateResult {
    return html`<mask-painter
      .caption=${caption}
      .labels=${this.labels}
      .palette=${this.session.palette}
      .under=${under}
      .opacity=${opacity}
      .tool=${this.paint.tool}
      .radius=${this.paint.radius}
      .label=${this.paint.label}
      @painted=${() => onPainted?.()}
    ></mask-painter>`;
  }

  /** Tool, radius, class and undo; `group` is unique in the page. */
  protected tools(group: string): TemplateResult {
    return paintTools({
      group,
      state: this.paint,
      names: this.session.model?.classes.map(({ name }) => name) ?? [],
      palette: this.session.palette,
      painter: () => this.querySelector<MaskPainter>('mask-painter'),
      onChange: (paint) => {
        this.paint = paint;
      },
    });
  }
}
