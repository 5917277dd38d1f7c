import { createOutput, type Output } from './output.js';

/** An output that shows no progress and keeps what it is told in `notes`. */
export function quietOutput(): { readonly out: Output; readonly notes: string[] } {
  const notes: string[] = [];
  const note = (text: string) => void notes.push(text);
  return { out: { ...createOutput(true), note, progress: () => ({ update() {}, stop() {} }) }, notes };
}
