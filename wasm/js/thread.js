/**
 * thread.js - a browser's worker and Node's worker_threads behind the same few words
 *
 * Both ends of one line: openThread() for the client, ownPort() for the worker itself.
 */
import { P2AError } from './errors.js'

/**
 * @typedef {object} Thread
 * @property {(message: any, transfer: any[]) => void} post
 * @property {() => Promise<void>|void} end at once, whatever it is doing; fulfilled when it has ended
 */

/**
 * @typedef {object} Port
 * @property {(message: any, transfer?: any[]) => void} post
 * @property {(heard: (message: any) => void) => void} listen
 */

const IS_NODE = typeof process === 'object' && typeof process.versions?.node === 'string'

/**
 * @param {URL} script an ES module
 * @param {() => Worker} start it in a browser: written where bundlers look for it
 * @param {(message: any) => void} heard
 * @param {(error: P2AError) => void} broke the worker did not load, or ended by itself
 * @returns {Promise<Thread>}
 */
export async function openThread(script, start, heard, broke) {
  if (IS_NODE) {
    const { Worker } = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:worker_threads')
    const worker = new Worker(script)
    worker.on('message', heard)
    worker.on('error', (cause) => broke(new P2AError('TRAP', `the worker broke: ${/** @type {Error} */ (cause).message}`, { fatal: true, cause })))
    worker.on('exit', () => broke(new P2AError('TRAP', 'the worker ended by itself', { fatal: true })))
    return {
      post: (message, transfer) => worker.postMessage(message, transfer),
      end: async () => {
        worker.removeAllListeners('exit')
        await worker.terminate()
      }
    }
  }
  const worker = start()
  worker.onmessage = ({ data }) => heard(data)
  worker.onerror = (event) => {
    event.preventDefault()
    broke(new P2AError('TRAP', `the worker at ${script.href} broke or did not load: ${event.message ?? 'no reason was given'}`, { fatal: true }))
  }
  return { post: (message, transfer) => worker.postMessage(message, transfer), end: () => worker.terminate() }
}

/**
 * The worker's own end. In a browser `use` runs before this returns: a message that comes before
 * somebody listens would be lost.
 * @param {(port: Port) => void} use
 */
export function ownPort(use) {
  if (IS_NODE) {
    import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:worker_threads').then(({ parentPort }) => {
      if (!parentPort) throw new Error('expected worker.js to be started as a worker, got the main thread')
      use({
        post: (message, transfer = []) => parentPort.postMessage(message, transfer),
        listen: (heard) => parentPort.on('message', heard)
      })
    })
    return
  }
  const scope = /** @type {any} */ (globalThis)
  use({
    post: (message, transfer = []) => scope.postMessage(message, transfer),
    listen: (heard) => {
      scope.onmessage = (/** @type {MessageEvent} */ { data }) => heard(data)
    }
  })
}
