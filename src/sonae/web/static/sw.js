/* Keeps what a resident needs when the network is gone, and nothing else (docs/decisions/0013).
   SHELL (addresses) stands before this text. Never touches staff, reception, API or exercise pages. */
const SHELL_CACHE = "sonae-shell", ANSWER = "sonae-answer", PRIVATE = "sonae-private";
const EXTRACT = "/me/kept/", LIMIT = 8000, LOGOUT = /^(\/drill)?\/accounts\/logout/;

self.addEventListener("install", (event) => event.waitUntil((async () => {
  const cache = await caches.open(SHELL_CACHE);
  for (const old of await cache.keys()) if (!SHELL.includes(new URL(old.url).pathname)) await cache.delete(old);
  await cache.addAll(SHELL);
  await self.skipWaiting();
})()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const ours = (path) => !/^\/(drill|staff|reception|api|accounts|feeds|language|home|a|u|ngsi|ogc|scim|oauth)(\/|$)/.test(path);

self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST" && LOGOUT.test(url.pathname)) {
    event.respondWith(forget().then(() => fetch(request)));
  } else if (request.method === "GET" && request.mode === "navigate" && ours(url.pathname)) {
    event.respondWith(page(request, url));
  } else if (request.method === "GET" && (SHELL.includes(url.pathname) || url.pathname === "/where/map.svg")) {
    event.respondWith(part(request, url));
  }
});

const forget = () => Promise.all([caches.delete(PRIVATE), caches.delete(ANSWER)]);

// A phone in a crowded cell waits for minutes: after LIMIT the kept copy is better than nothing.
async function fetched(request) {
  const late = new Promise((_, refuse) => setTimeout(() => refuse(new Error("late")), LIMIT));
  const answer = await Promise.race([fetch(request), late]);
  if ([502, 503, 504].includes(answer.status)) throw new Error("no server");
  return answer;
}

const asks = (url) => url.pathname === "/where/" && /[?&](town|at|q)=/.test(url.search);

// The page that brought the worker was loaded without it: it asks afterwards that its answer be kept.
self.addEventListener("message", (event) => {
  const urls = [event.data?.page, event.data?.map].filter(Boolean).map((one) => new URL(one, location.origin));
  const [answer, map] = urls.filter((url) => url.origin === location.origin);
  if (!answer || !asks(answer)) return;
  event.waitUntil((async () => {
    await page(new Request(answer, { credentials: "same-origin" }), answer);
    if (map?.pathname === "/where/map.svg") await part(new Request(map), map);
  })());
});

async function page(request, url) {
  try {
    const answer = await fetched(request);
    if (asks(url) && answer.ok && !answer.redirected) {
      const text = await answer.clone().text();
      if (text.includes('id="kept-note"')) await keep(ANSWER, "/where/", answer.clone());
    }
    return answer;
  } catch {
    return (await kept(url)) || Response.error();
  }
}

async function kept(url) {
  const own = await caches.match(EXTRACT, { cacheName: PRIVATE });
  const answer = await caches.match("/where/", { cacheName: ANSWER });
  const first = url.pathname === "/where/" ? answer || own : own || answer;
  if (!first) return caches.match("/offline/", { cacheName: SHELL_CACHE });
  const other = asks(url) ? new URL(first.url).search !== url.search : url.pathname.startsWith("/me/") && first === answer;
  return told(first, other ? ["kept-note", "kept-other"] : ["kept-note"]);
}

// The copy says itself that it is one, and of which place: the server wrote it, hidden; here it is shown.
async function told(copy, notes) {
  let text = await copy.text();
  for (const id of notes) text = text.replace(`id="${id}" class="notice warning" hidden`, `id="${id}" class="notice warning"`);
  const headers = new Headers(copy.headers);
  for (const name of ["content-encoding", "content-length"]) headers.delete(name);
  return new Response(text, { headers });
}

async function keep(cacheName, address, answer) {
  const cache = await caches.open(cacheName);
  await cache.put(address, answer);
}

// One map, under its whole address: the map of another place is never shown in its stead.
async function keepMap(url, answer) {
  const cache = await caches.open(ANSWER);
  for (const old of await cache.keys()) if (new URL(old.url).pathname === url.pathname) await cache.delete(old);
  await cache.put(url.pathname + url.search, answer);
}

async function part(request, url) {
  if (url.pathname === "/where/map.svg") {
    try {
      const answer = await fetched(request);
      if (answer.ok) await keepMap(url, answer.clone());
      return answer;
    } catch {
      return (await caches.match(url.pathname + url.search, { cacheName: ANSWER })) || Response.error();
    }
  }
  // Names of files carry their content's hash: what is kept is what is wanted.
  return (await caches.match(url.pathname, { cacheName: SHELL_CACHE })) || fetch(request);
}

// What the city says while no page is open. The browser has decrypted it; a newer word about the same replaces it.
self.addEventListener("push", (event) => {
  const { title, body, url, tag, lang } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body, tag, lang, renotify: true, requireInteraction: true, data: { url } }));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.url));
});
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil((async () => {
  const old = event.oldSubscription;
  const made = event.newSubscription || (old && await self.registration.pushManager.subscribe(old.options));
  if (!old || !made) return;
  const { endpoint, keys } = made.toJSON();
  await fetch("/push/renew/", { method: "POST", body: new URLSearchParams({ old: old.endpoint, endpoint, ...keys }) });
})()));
