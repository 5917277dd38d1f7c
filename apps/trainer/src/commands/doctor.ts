import { availableParallelism } from 'node:os';
import { missingKernels } from '@gss/segmenter';
import { preset, presetNames } from '@gss/segmenter/presets';
import { selectBackend } from '@gss/tensor/node';
import { command } from '../cli/command.js';

/** Kernels that a backend lacks of what the presets need, each with the presets that would miss it. */
function lackingKernels(backend: string): Record<string, string[]> {
  const lacking: Record<string, string[]> = {};
  for (const name of presetNames()) {
    for (const kernel of missingKernels(preset(name).model, backend)) {
      lacking[kernel] ??= [];
      lacking[kernel].push(name);
    }
  }
  return lacking;
}

/** `gss doctor`: which backend runs, on what device, and what would be faster. */
export const doctorCommand = () =>
  command('doctor', 'say which backend runs here, on what device, and what would be faster', async ({ out }) => {
    const choice = await selectBackend({ probeAll: true });
    const { backend, device, available, unavailable, advice } = choice;
    out.line(`node       ${process.version}, ${availableParallelism()} cores, ${process.platform} ${process.arch}`);
    out.line(`backend    ${backend} — ${device}`);
    out.line(`available  ${available.join(', ')}`);
    for (const [name, reason] of Object.entries(unavailable)) out.line(`           not ${name}: ${reason}`);
    const kernels = Object.fromEntries(available.map((name) => [name, lackingKernels(name)]));
    for (const [name, lacking] of Object.entries(kernels)) {
      const list = Object.entries(lacking).map(([kernel, presets]) => `${kernel} (${presets.join(', ')})`);
      out.line(`kernels    ${name}: ${list.length ? `lacks ${list.join('; ')}` : 'all that the presets need'}`);
    }
    for (const line of advice) out.line(`advice     ${line}`);
    if (!advice.length) out.line('advice     none: the fastest backend for this machine is in use');
    out.result({ node: process.version, backend, device, available, unavailable, advice, kernels });
    return undefined;
  });
