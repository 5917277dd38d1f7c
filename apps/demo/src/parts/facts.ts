import type { BackendName, Timings } from '@gss/element/engine';
import { html, nothing } from 'lit';
import type { Session } from '../model/session.js';
import { text } from '../text.js';
import { select } from './controls.js';

const stages = ['prepare', 'prior', 'decoder', 'inverse', 'total'] as const;

/** Milliseconds of every stage. */
export const timingTable = (timings: Timings) =>
  html`<h3>${text.segment.timings}</h3>
    <table>
      <tbody>
        ${stages.map(
          (stage) => html`<tr>
            <th scope="row">${text.segment.stages[stage]}</th>
            <td>${text.milliseconds(timings[stage])}</td>
          </tr>`,
        )}
      </tbody>
    </table>`;

/** Backend, device and why; which model, and whether its files were checked. */
export function facts({ backend, model }: Session) {
  const words = text.backend;
  if (!backend) return html`<h3>${words.heading}</h3><p class="help">${words.notStarted}</p>`;
  return html`<h3>${words.heading}</h3>
    <dl>
      <dt>${words.label}</dt>
      <dd id="backend">${backend.name}${backend.name === 'wasm' ? `, ${words.threads(backend.threads)}` : nothing}</dd>
      <dt>${words.device}</dt>
      <dd>${backend.device}</dd>
      <dt>${words.why}</dt>
      <dd>${backend.reason}</dd>
      ${
        model
          ? html`<dt>${text.model.label}</dt>
            <dd>
              ${model.name}: ${text.model.about(model.parameters, model.bytes)},
              ${model.cached ? text.model.cached : text.model.fresh}, ${text.model.verified[model.verified]}
            </dd>`
          : nothing
      }
    </dl>
    ${backend.name === 'wasm' && !crossOriginIsolated ? html`<p class="help">${words.noIsolation}</p>` : nothing}`;
}

/** Which model and which backend. */
export const choices = (session: Session, onChange: () => void) => html`
  ${select<string>({
    label: text.model.label,
    value: session.modelChoice,
    options: [
      ['auto', text.model.auto],
      ...session.models.map(({ id }) => [id, id] as const),
      ...(session.modelChoice === 'own' ? [['own', text.model.own] as const] : []),
    ],
    onChange: (modelChoice) => {
      session.set({ modelChoice });
      onChange();
    },
  })}
  ${select<BackendName | 'auto'>({
    label: text.backend.label,
    value: session.backendChoice,
    options: [
      ['auto', text.backend.auto],
      ...(['webgpu', 'webgl', 'wasm'] as const).map((name) => [name, text.backend.names[name]] as const),
    ],
    onChange: (backend) => {
      session.useBackend(backend);
      onChange();
    },
  })}
  ${select({
    label: text.colours.label,
    value: session.colours,
    options: [
      ['model', text.colours.model],
      ['safe', text.colours.safe],
    ],
    onChange: (colours) => session.set({ colours }),
  })}
`;
