// Keeps the page's own files, so that it opens without a network. Weights are the engine's business: it checks and keeps them itself.

interface Waits extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface Asked extends Waits {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface Scope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  addEventListener(name: 'install' | 'activate', run: (event: Waits) => void): void;
  addEventListener(name: 'fetch', run: (event: Asked) => void): void;
}

/** Written by the build: the files of this version, and a name for it. */
declare const __FILES__: readonly string[];
declare const __VERSION__: string;

const scope = self as unknown as Scope;
const prefix = 'gss-demo-page-';
const cacheName = prefix + __VERSION__;
const listing = 'weights/index.json';

scope.addEventListener('install', (event) => {
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll(['./', listing, ...__FILES__])));
});

scope.addEventListener('activate', (event) => {
  const drop = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== cacheName);
    await Promise.all(old.map((name) => caches.delete(name)));
    await scope.clients.claim();
  };
  event.waitUntil(drop());
});

/** What was kept, else the network. */
async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  const page = request.mode === 'navigate' ? await cache.match('./') : undefined;
  // Hosts add Vary: Origin, and a module script has an Origin where the request that filled the cache had none.
  return page ?? (await cache.match(request, { ignoreVary: true })) ?? fetch(request);
}

/** Which models there are can change without a new version of the page. */
async function newest(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const known = await cache.match(request, { ignoreVary: true });
    if (known) return known;
    throw error;
  }
}

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const { scope: home } = scope.registration;
  if (request.method !== 'GET' || !request.url.startsWith(home)) return;
  const path = request.url.slice(home.length).split(/[?#]/)[0];
  if (path === listing) event.respondWith(newest(request));
  else if (!path?.startsWith('weights/')) event.respondWith(kept(request));
});
