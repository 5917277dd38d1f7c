import type { Palette } from '@gss/maskige';
import { html, nothing, type TemplateResult } from 'lit';
import { text } from '../text.js';
import type { MaskPainter, Tool } from './mask-painter.js';

export interface SliderOptions {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  /** What stands beside it; default the value. */
  readonly shown?: string;
  readonly onInput: (value: number) => void;
}

/** A slider with its name and value. */
export const slider = ({ label, value, min, max, step = 1, shown, onInput }: SliderOptions): TemplateResult =>
  html`<label class="field"
    ><span>${label}: ${shown ?? value}</span>
    <input
      type="range"
      min=${min}
      max=${max}
      step=${step}
      .value=${String(value)}
      aria-valuetext=${shown ?? String(value)}
      @input=${(event: Event) => onInput(Number((event.target as HTMLInputElement).value))}
  /></label>`;

/** A number to type. */
export const numberField = ({ label, value, min, max, step = 1, onInput }: SliderOptions): TemplateResult =>
  html`<label class="field"
    ><span>${label}</span>
    <input
      type="number"
      min=${min}
      max=${max}
      step=${step}
      .value=${String(value)}
      @change=${(event: Event) => {
        const input = event.target as HTMLInputElement;
        const typed = Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : value;
        const clamped = Math.min(max, Math.max(min, typed));
        input.value = String(clamped);
        onInput(clamped);
      }}
  /></label>`;

export interface SelectOptions<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [value: T, name: string])[];
  readonly disabled?: boolean;
  readonly onChange: (value: T) => void;
}

/** A drop-down list with its name. */
export const select = <T extends string>({ label, value, options, disabled, onChange }: SelectOptions<T>) =>
  html`<label class="field"
    ><span>${label}</span>
    <select ?disabled=${disabled} @change=${(event: Event) => onChange((event.target as HTMLSelectElement).value as T)}>
      ${options.map(([key, name]) => html`<option value=${key} ?selected=${key === value}>${name}</option>`)}
    </select></label
  >`;

/** A colour patch. */
export const swatch = (color: readonly number[] | undefined): TemplateResult =>
  html`<span class="swatch" aria-hidden="true" .style=${`background: rgb(${(color ?? [0, 0, 0]).join()})`}></span>`;

export interface PaintState {
  readonly tool: Tool;
  readonly radius: number;
  readonly label: number;
}

export interface PaintToolsOptions {
  /** Unique in the page. */
  readonly group: string;
  readonly state: PaintState;
  readonly names: readonly string[];
  readonly palette: Palette;
  readonly painter: () => MaskPainter | null;
  readonly onChange: (state: PaintState) => void;
}

/** Tool, radius, class and undo of a painter. */
export const paintTools = ({
  group,
  state,
  names,
  palette,
  painter,
  onChange,
}: PaintToolsOptions): TemplateResult => html`
  <div class="controls">
    <fieldset class="choices">
      <legend>${text.paint.tools}</legend>
      ${(['brush', 'fill'] as const).map(
        (tool) => html`<label class="choice"
          ><input type="radio" name="${group}-tool" .checked=${tool === state.tool} @change=${() => onChange({ ...state, tool })} /><span
            >${text.paint[tool]}</span
          ></label
        >`,
      )}
    </fieldset>
    ${slider({
      label: text.paint.radius,
      value: state.radius,
      min: 0,
      max: 40,
      onInput: (radius) => onChange({ ...state, radius }),
    })}
    <button type="button" @click=${() => painter()?.undo()}>${text.paint.undo}</button>
  </div>
  <fieldset class="choices">
    <legend>${text.paint.class}</legend>
    ${names.map(
      (name, k) => html`<label class="choice"
        ><input type="radio" name="${group}-class" .checked=${k === state.label} @change=${() => onChange({ ...state, label: k })} /><span
          >${swatch(palette[k])}${name}</span
        ></label
      >`,
    )}
  </fieldset>
  <p class="help">${text.paint.help}</p>
`;

/** A message that screen readers speak when it changes. */
export const live = (message: string | undefined): TemplateResult =>
  html`<p class="live" role="status">${message || nothing}</p>`;
