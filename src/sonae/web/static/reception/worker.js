/* Keeps the reception application, and nothing else: no list, no event, no answer of the API (decision 0015).
   KEPT (version, world, page, files) stands before this text. Answers from what is kept, so that the desk
   opens in a moment with or without a network; a new version is fetched whole or not at all. */
const CACHE = `sonae-device-${KEPT.world}-${KEPT.version}`, OWN = `sonae-device-${KEPT.world}-`;

self.addEventListener("install", (event) => event.waitUntil((async () => {
  const cache = await caches.open(CACHE);
  await cache.addAll(KEPT.files.map((file) => new Request(file, { cache: "no-cache", credentials: "omit" })));
  await self.skipWaiting();
})()));

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith(OWN) && name !== CACHE) await caches.delete(name);
  await self.clients.claim();
})()));

self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (url.origin !== location.origin || request.method !== "GET") return;
  const asked = url.pathname === KEPT.page ? pageOf(url) : url.pathname;
  if (KEPT.files.includes(asked)) event.respondWith(kept(asked, request));
});

function pageOf(url) {
  const language = url.searchParams.get("lang"), wanted = `${KEPT.page}?lang=${language}`;
  return language && KEPT.files.includes(wanted) ? wanted : KEPT.page;
}

async function kept(asked, request) {
  return (await caches.match(asked, { cacheName: CACHE })) || fetch(request);
}
