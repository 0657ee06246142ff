/*
 * service-worker.js - the page without a network: what was fetched once is kept, and used when the
 * network does not answer. With a network, the network's answer always comes first. Every request is
 * told to the pages, which count them (traffic.js).
 */
const CACHE = 'photo2anime'

/* Everything but the variant in use, which app.js names when it knows it, and the networks, which the converter keeps itself. */
const FILES = [
  './', 'app.js', 'camera.js', 'choices.js', 'compare.js', 'icon.svg', 'offline.js', 'paint.js', 'panel.css', 'photo.js', 'pixels-worker.js',
  'sample.jpg', 'save.js', 'stage.css', 'style.css', 'text-en.js', 'text-zh.js', 'text.js', 'thumbnails.js', 'traffic.js', 'tray.css', 'tray.js', 'zoom.js',
  'dist/client-zip.js', 'models/manifest.json',
  'wasm/js/client.js', 'wasm/js/conversion.js', 'wasm/js/digest.js', 'wasm/js/engine.js', 'wasm/js/errors.js', 'wasm/js/face.js',
  'wasm/js/fetch.js', 'wasm/js/heap.js', 'wasm/js/index.js', 'wasm/js/input.js', 'wasm/js/layout.js',
  'wasm/js/models.js', 'wasm/js/module.js', 'wasm/js/options.js', 'wasm/js/pixels.js', 'wasm/js/protocol.js', 'wasm/js/thread.js',
  'wasm/js/validate.js', 'wasm/js/video.js', 'wasm/js/worker.js'
]

async function keep(files) {
  const cache = await caches.open(CACHE)
  for (const file of files) if (!(await cache.match(file))) await cache.add(file)
}

async function answer(request) {
  const cache = await caches.open(CACHE)
  try {
    const response = await fetch(request)
    if (response.ok && !request.url.endsWith('.safetensors')) await cache.put(request, response.clone())
    return response
  } catch (error) {
    const kept = await cache.match(request)
    if (kept) return kept
    throw error
  }
}

async function tell({ clientId, request }) {
  const asking = await clients.get(clientId)
  const { url, method } = request
  for (const page of await clients.matchAll()) page.postMessage({ request: { url, method, fromWindow: asking?.type === 'window' } })
}

addEventListener('install', (event) => {
  event.waitUntil(keep(FILES).then(() => skipWaiting()))
})

addEventListener('activate', (event) => {
  event.waitUntil(clients.claim())
})

addEventListener('fetch', (event) => {
  const { request } = event
  if (request.mode !== 'navigate') event.waitUntil(tell(event))
  if (request.method === 'GET' && new URL(request.url).origin === location.origin) event.respondWith(answer(request))
})

/* {files}: keep these too, and say {kept} when they are there. */
addEventListener('message', (event) => {
  const [port] = event.ports
  event.waitUntil(
    keep(event.data.files).then(
      () => port.postMessage({ kept: true }),
      () => port.postMessage({ kept: false })
    )
  )
})
