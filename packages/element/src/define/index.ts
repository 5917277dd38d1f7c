// The one module of this package with a side effect: it makes `<gss-segmenter>` known to the page.
import { GssSegmenter, type GssSegmenterEventMap } from '../element/gss-segmenter.js';

declare global {
  interface HTMLElementTagNameMap {
    'gss-segmenter': GssSegmenter;
  }
  interface HTMLElementEventMap extends GssSegmenterEventMap {}
}
if (!customElements.get('gss-segmenter')) customElements.define('gss-segmenter', GssSegmenter);

export { GssSegmenter };
