import { css } from 'lit';

export const styles = css`
  :host {
    display: inline-block;
    max-width: 100%;
    font: 0.875rem/1.4 system-ui, sans-serif;
    color: var(--gss-color, inherit);
  }
  :host([hidden]) {
    display: none;
  }
  [part='frame'] {
    position: relative;
    background: var(--gss-background, transparent);
    border-radius: var(--gss-radius, 0);
    overflow: hidden;
    width: fit-content;
    max-width: 100%;
    min-height: 2rem;
  }
  [part='canvas'] {
    display: block;
    max-width: 100%;
    height: auto;
    image-rendering: var(--gss-image-rendering, auto);
  }
  [part='progress'] {
    position: absolute;
    inset: auto 0 0;
    width: 100%;
    height: 4px;
    accent-color: var(--gss-accent, #0b5cad);
  }
  [part='controls'] {
    display: flex;
    flex-wrap: wrap;
    gap: 0.25rem 0.75rem;
    align-items: center;
    margin-block: 0.5rem;
    padding: 0;
    border: 0;
  }
  [part='controls'] label {
    display: inline-flex;
    gap: 0.25rem;
    align-items: center;
    min-height: 1.75rem;
  }
  input,
  button {
    font: inherit;
    accent-color: var(--gss-accent, #0b5cad);
  }
  [part='status'],
  [part='error'] {
    margin: 0.25rem 0;
  }
  [part='error'] {
    color: var(--gss-error-color, #b3261e);
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;
