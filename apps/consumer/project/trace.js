// `node trace.js SPECIFIER`: imports it and prints, as JSON, every module that came with it.
import { register } from 'node:module';
import { MessageChannel } from 'node:worker_threads';

const { port1, port2 } = new MessageChannel();
const seen = [];
port1.on('message', (url) => seen.push(url));
const hooks = `let port;
export function initialize(given) { port = given; }
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  port.postMessage(found.url);
  return found;
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`, { data: port2, transferList: [port2] });
await import(process.argv[2]);
await new Promise((resolve) => setTimeout(resolve, 50)); // messages of the hooks' thread arrive in later turns
port1.close();
console.log(JSON.stringify(seen));
