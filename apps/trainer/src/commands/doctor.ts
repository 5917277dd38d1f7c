import { availableParallelism } from 'node:os';
import { selectBackend } from '@gss/tensor/node';
import { command } from '../cli/command.js';

/** `gss doctor`: which backend runs, on what device, and what would be faster. */
export const doctorCommand = () =>
  command('doctor', 'say which backend runs here, on what device, and what would be faster', async ({ out }) => {
    const choice = await selectBackend({ probeAll: true });
    const { backend, device, available, unavailable, advice } = choice;
    out.line(`node       ${process.version}, ${availableParallelism()} cores, ${process.platform} ${process.arch}`);
    out.line(`backend    ${backend} — ${device}`);
    out.line(`available  ${available.join(', ')}`);
    for (const [name, reason] of Object.entries(unavailable)) out.line(`           not ${name}: ${reason}`);
    for (const line of advice) out.line(`advice     ${line}`);
    if (!advice.length) out.line('advice     none: the fastest backend for this machine is in use');
    out.result({ node: process.version, backend, device, available, unavailable, advice });
    return undefined;
  });
