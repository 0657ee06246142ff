/*
 * service-worker.js - the page without a network: what was fetched once is kept, and used when the
 * network does not answer. With a network, the network's answer always comes first.
 */
const CACHE = 'photo2anime'

/* Everything but the variant and the styles in use, which app.js names when it knows them. */
const FILES = [
  './', 'app.js', 'compare.js', 'icon.svg', 'photo.js', 'style.css', 'text.js',
  'wasm/js/client.js', 'wasm/js/conversion.js', 'wasm/js/engine.js', 'wasm/js/errors.js', 'wasm/js/heap.js',
  'wasm/js/index.js', 'wasm/js/layout.js', 'wasm/js/models.js', 'wasm/js/module.js', 'wasm/js/protocol.js',
  'wasm/js/thread.js', 'wasm/js/validate.js', 'wasm/js/worker.js', 'models/manifest.json'
]

async function keep(files) {
  const cache = await caches.open(CACHE)
  for (const file of files) if (!(await cache.match(file))) await cache.add(file)
}

async function answer(request) {
  const cache = await caches.open(CACHE)
  try {
    const response = await fetch(request)
    if (response.ok) await cache.put(request, response.clone())
    return response
  } catch (error) {
    const kept = await cache.match(request)
    if (kept) return kept
    throw error
  }
}

addEventListener('install', (event) => {
  event.waitUntil(keep(FILES).then(() => skipWaiting()))
})

addEventListener('activate', (event) => {
  event.waitUntil(clients.claim())
})

addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method === 'GET' && new URL(request.url).origin === location.origin) event.respondWith(answer(request))
})

/* {files}: keep these too, and say {kept} when they are there. */
addEventListener('message', (event) => {
  event.waitUntil(
    keep(event.data.files).then(
      () => event.source.postMessage({ kept: true }),
      () => event.source.postMessage({ kept: false })
    )
  )
})
