/* precision-worker.js - what precision.mjs asks of a browser: files by URL, compare(), the result as a message */
import { Engine } from '../../wasm/js/engine.js'
import { compare } from './precision-runs.js'

self.onmessage = async ({ data: { settings, urls } }) => {
  try {
    const files = {}
    for (const [name, url] of Object.entries(urls)) files[name] = new Uint8Array(await (await fetch(url)).arrayBuffer())
    self.postMessage({ result: await compare(Engine, settings, files) })
  } catch (error) {
    self.postMessage({ error: String(error?.message ?? error) })
  }
}
self.postMessage({ ready: true })
