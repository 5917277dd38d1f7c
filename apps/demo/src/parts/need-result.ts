import type { ModelInfo, Result } from '@gss/element/engine';
import { html, type TemplateResult } from 'lit';
import type { Picture, Session } from '../model/session.js';
import { text } from '../text.js';

export interface Current {
  readonly picture: Picture;
  readonly result: Result;
  readonly model: ModelInfo;
}

/** What Play and Learn start from: the segmented picture, or a way to get one. */
export function withResult(
  session: Session,
  needs: string,
  draw: (current: Current) => TemplateResult,
): TemplateResult {
  const { picture, result, model } = session;
  if (!picture || !result || !model)
    return html`<p>${needs}</p>
      <button type="button" class="main" data-scene @click=${() => session.nextScene()}>
        ${text.play.useScene}
      </button>`;
  return draw({ picture, result, model });
}
