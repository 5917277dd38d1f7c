import { html } from 'lit';
import '../parts/play-palettes.js';
import '../parts/play-samples.js';
import '../parts/play-tokens.js';
import { SessionElement } from '../parts/light-element.js';
import { withResult } from '../parts/need-result.js';
import { text } from '../text.js';

/** What only a generative model shows: several masks, tokens to edit, palettes to swap. */
export class PlayView extends SessionElement {
  protected override render() {
    const { session } = this;
    return html`<h2>${text.play.heading}</h2>
      <p>${text.play.lead}</p>
      ${withResult(session, text.play.needs, ({ model }) =>
        model.kind === 'generative'
          ? html`<play-samples .session=${session}></play-samples>
              <h3>${text.play.edit}</h3>
              <play-tokens .session=${session}></play-tokens>
              <h3>${text.play.palettes}</h3>
              <play-palettes .session=${session}></play-palettes>`
          : html`<p>${text.errors.discriminative}</p>`,
      )}`;
  }
}

customElements.define('view-play', PlayView);
