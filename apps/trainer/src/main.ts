import { buildProgram } from './program.js';

// A reader that goes away (`gss convert … | head`) is no failure of the command: it goes on in silence.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

await buildProgram().parseAsync(process.argv);
