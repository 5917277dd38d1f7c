import type { Evaluation } from '../stages/evaluate.js';
import { type Curve, curvesSvg } from './curves.js';

/** One row of pictures, each as an encoded image. */
export interface ReportRow {
  readonly name: string;
  readonly pictures: readonly { readonly title: string; readonly jpeg: Uint8Array }[];
}

export interface ReportData {
  readonly title: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly evaluation: Evaluation;
  readonly reconstruction: Evaluation;
  readonly classes: readonly { readonly name: string; readonly color: readonly [number, number, number] }[];
  readonly rows: readonly ReportRow[];
  readonly curves: readonly { readonly title: string; readonly curves: readonly Curve[] }[];
}

const escapeHtml = (text: string) =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
const picture = (title: string, jpeg: Uint8Array) =>
  `<figure><img alt="${escapeHtml(title)}" src="data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}"><figcaption>${escapeHtml(title)}</figcaption></figure>`;
const percent = (value: number | null) => (value === null ? '–' : value.toFixed(1));

const style = `
:root{color-scheme:light dark;--fg:#1a1a1a;--bg:#fff;--soft:#6b7280;--line:#e5e7eb}
@media(prefers-color-scheme:dark){:root{--fg:#e5e7eb;--bg:#111827;--soft:#9ca3af;--line:#374151}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:1180px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
.row{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:8px;margin-bottom:12px}
figure{margin:0}img{width:100%;display:block;border-radius:4px}figcaption{color:var(--soft);font-size:.8rem}
table{border-collapse:collapse}td,th{padding:2px 12px 2px 0;border-bottom:1px solid var(--line);text-align:right}td:first-child,th:first-child{text-align:left}
.swatch{display:inline-block;width:12px;height:12px;border-radius:2px;margin-right:6px;vertical-align:-1px}
svg{max-width:460px;font:11px system-ui;fill:var(--fg)}.grid{stroke:var(--line)}.curves{display:flex;flex-wrap:wrap;gap:16px}
.big{font-size:2rem;font-weight:600}dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px}dt{color:var(--soft)}dd{margin:0}`;

/** A report in one file: no script, no other file, readable from disk. */
export function renderReport({ title, facts, evaluation, reconstruction, classes, rows, curves }: ReportData): string {
  const table = evaluation.perClass.map(({ name, iou, acc }, i) => {
    const [r, g, b] = classes[i]!.color;
    return `<tr><td><span class="swatch" style="background:rgb(${r},${g},${b})"></span>${escapeHtml(name)}</td><td>${percent(iou)}</td><td>${percent(acc)}</td><td>${percent(reconstruction.perClass[i]!.iou)}</td></tr>`;
  });
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${style}</style></head><body>
<h1>${escapeHtml(title)}</h1>
<p><span class="big">${evaluation.mIoU.toFixed(1)} mIoU</span> on ${evaluation.images} images that training never saw · aAcc ${evaluation.aAcc.toFixed(1)} · mAcc ${evaluation.mAcc.toFixed(1)} · ceiling of the tokenizer ${reconstruction.mIoU.toFixed(1)} mIoU</p>
<dl>${Object.entries(facts)
    .map(([key, value]) => `<dt>${escapeHtml(key)}</dt><dd>${escapeHtml(value)}</dd>`)
    .join('')}</dl>
<h2>Pictures</h2>
${rows.map(({ pictures }) => `<div class="row">${pictures.map(({ title, jpeg }) => picture(title, jpeg)).join('')}</div>`).join('\n')}
<h2>Training</h2><div class="curves">${curves.map(({ title, curves }) => curvesSvg(curves, title)).join('')}</div>
<h2>Classes</h2>
<table><thead><tr><th>class</th><th>IoU</th><th>Acc</th><th>IoU through the tokenizer alone</th></tr></thead><tbody>${table.join('')}</tbody></table>
</body></html>
`;
}
