/* traffic.js - every request of this page and of its workers -> counts that anybody can read */

/** @typedef {import('./text.js').Words} Words */

const GET = ['GET', 'HEAD']

/**
 * The page's own requests come from the Performance API; those of its workers, and the method of
 * each, from the service worker.
 * @param {(id: string) => any} at an element by its id
 */
export function createTraffic(at) {
  /** @type {Words} */
  let words
  let ready = false
  let elsewhere = 0
  let uploads = 0
  /** @type {string[]} */
  let own = []

  const show = () => {
    if (!words) return
    const worker = Boolean(navigator.serviceWorker?.controller)
    at('traffic').textContent = words.traffic(elsewhere, uploads, worker)
    at('traffic-dot').classList.toggle('bad', elsewhere + uploads > 0)
    at('traffic-elsewhere').textContent = String(elsewhere)
    at('traffic-uploads').textContent = worker ? String(uploads) : '–' /* only the service worker sees methods */
    at('traffic-own').textContent = String(own.length)
    at('traffic-files').textContent = own.join(', ')
    at('traffic-how').textContent = words.trafficHow(worker)
  }
  /** @param {string} address */
  const count = (address) => {
    const url = new URL(address, location.href)
    if (!/^(https?|wss?):$/.test(url.protocol)) return /* blob: and data: stay in the browser */
    if (url.origin !== location.origin) elsewhere++
    else if (ready) own.push(url.pathname.split('/').pop() || '/')
  }

  new PerformanceObserver((list) => {
    for (const { name } of list.getEntries()) count(name)
    show()
  }).observe({ type: 'resource', buffered: true })
  navigator.serviceWorker?.addEventListener('message', ({ data }) => {
    if (!data.request) return
    const { url, method, fromWindow } = data.request
    if (!GET.includes(method)) uploads++
    if (!fromWindow) count(url) /* the others are in the Performance API */
    show()
  })
  navigator.serviceWorker?.addEventListener('controllerchange', show)

  return {
    /** The page, the engine and the networks are here: files are counted from now on. */
    markReady() {
      ready = true
      own = []
      at('privacy').dataset.ready = ''
      show()
    },
    /** @param {Words} next */
    setWords(next) {
      words = next
      show()
    }
  }
}
