#!/usr/bin/env node
import { main } from '../dist/cli.js';

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.exitCode = await main(
  process.argv.slice(2),
  {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    interactive: process.stderr.isTTY === true,
  },
  stop.signal,
);
