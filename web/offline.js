/* offline.js - what this visit used -> kept by the service worker, so that the next visit needs no network */

/**
 * @param {string[]} files beside those that the service worker lists itself
 * @returns {Promise<boolean>} whether all of it is kept
 */
export async function keepForOffline(files) {
  if (!navigator.serviceWorker) return false
  try {
    await navigator.serviceWorker.register('service-worker.js')
    const { active } = await navigator.serviceWorker.ready
    const { port1, port2 } = new MessageChannel()
    const kept = new Promise((resolve) => {
      port1.onmessage = ({ data }) => resolve(data.kept)
    })
    active.postMessage({ files }, [port2])
    return await kept
  } catch {
    return false /* a private window, or a host without https: the page works with the network only */
  }
}

/** @param {{variant: string, threads: number}} info @returns {string[]} the files of that variant */
export function variantFiles({ variant, threads }) {
  const name = `wasm/dist/p2a-${variant}${threads > 1 ? '-threads' : ''}`
  return [`${name}.mjs`, `${name}.wasm`]
}
