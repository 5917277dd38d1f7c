import { existsSync, readFileSync } from 'node:fs';

/** One figure over the steps of a run. */
export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [step: number, value: number])[];
}

/** Figures of a log.jsonl; where a resumed run logged a step twice the later line counts. */
export function readCurves(path: string, names: readonly string[]): Curve[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, number>);
  return names.map((name) => {
    const bySteps = new Map(
      lines.filter((line) => typeof line[name] === 'number').map((line) => [line.step!, line[name]!]),
    );
    return { name, points: [...bySteps].sort((a, b) => a[0] - b[0]) };
  });
}

const palette = ['#2563eb', '#db2777', '#059669', '#d97706'];

/** Curves as an inline SVG, linear axes, the first value clipped to the 98th percentile so that a spike hides nothing. */
export function curvesSvg(curves: readonly Curve[], title: string): string {
  const points = curves.flatMap((curve) => curve.points);
  if (!points.length) return '';
  const width = 460;
  const height = 200;
  const values = points.map(([, value]) => value).sort((a, b) => a - b);
  const top = values[Math.floor(values.length * 0.98)]! || 1;
  const bottom = Math.min(0, values[0]!);
  const last = Math.max(...points.map(([step]) => step));
  const x = (step: number) => 46 + (step / last) * (width - 56);
  const y = (value: number) => 20 + (1 - (Math.min(value, top) - bottom) / (top - bottom || 1)) * (height - 44);
  const lines = curves.map(
    ({ points }, i) =>
      `<polyline fill="none" stroke="${palette[i % palette.length]}" stroke-width="1.5" points="${points.map(([s, v]) => `${x(s).toFixed(1)},${y(v).toFixed(1)}`).join(' ')}"/>`,
  );
  const ticks = [0, 0.5, 1].map((share) => {
    const value = bottom + share * (top - bottom);
    return `<text x="40" y="${y(value) + 4}" text-anchor="end">${value.toPrecision(2)}</text><line x1="46" x2="${width - 10}" y1="${y(value)}" y2="${y(value)}" class="grid"/>`;
  });
  const legend = curves.map(({ name }, i) => `<tspan fill="${palette[i % palette.length]}">${name}  </tspan>`).join('');
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}"><text x="46" y="13">${title}: ${legend}</text>${ticks.join('')}${lines.join('')}<text x="${width - 10}" y="${height - 6}" text-anchor="end">step ${last}</text></svg>`;
}
