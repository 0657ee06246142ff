/* weight.test.js - how much is fetched before the first painting, and how long the page's own thread is busy meanwhile */
import assert from 'node:assert/strict'

import { createPageServer } from '../../wasm/bin/serve.js'
import { photoPath } from '../js/pictures.js'
import { listen } from './browser.js'
import { createVisit } from './visit.js'

const FIRST_LOAD_BYTES = 6e6
const TASK_MS = 50
const PAINTINGS = 3

describe('the page is light', () => {
  const visit = createVisit()

  it('fetches page, core, default style and face networks in at most 6 MB, all that the server sends counted', async () => {
    const server = createPageServer()
    const sockets = []
    const asked = []
    server.on('connection', (socket) => sockets.push(socket))
    server.on('request', ({ url }) => asked.push(url))
    const { url, close } = await listen(server)
    try {
      await visit.open(url)
      await visit.page.locator('#offline:not([hidden])').waitFor({ state: 'attached', timeout: 120_000 })
      const total = sockets.reduce((sum, socket) => sum + socket.bytesWritten, 0)
      console.log(`        first load: ${(total / 1e6).toFixed(2)} MB, ${asked.length} requests`)
      for (const part of [/^\/$/, /p2a-relaxed-threads\.wasm$/, /\/anime[^/]*\.safetensors$/, /\/detector[^/]*\.safetensors$/, /\/parser[^/]*\.safetensors$/, /worker\.js$/]) {
        assert.ok(asked.some((one) => part.test(one)), `${part} in ${asked}`)
      }
      assert.ok(total > 1e6 && total <= FIRST_LOAD_BYTES, `${total} bytes: ${asked}`)
    } finally {
      close()
    }
  })

  /* Seen from outside, by the browser's own trace: a task's time on the processor, which other programs on the machine
     do not lengthen, but what the host of a virtual machine takes away does. So paintings that were disturbed are repeated:
     a task of the page's own that is too long is in each of them. What a person would notice, the time until the task's
     end, is printed. */
  it('answers while it paints: no task of its own thread takes 50 ms', async () => {
    const longest = []
    do {
      const tasks = await tasksOfPainting(visit)
      assert.ok(tasks.length > 100, `expected hundreds of tasks, got ${tasks.length}`)
      const [work, end] = ['tdur', 'dur'].map((key) => Math.max(...tasks.map((task) => task[key])) / 1000)
      console.log(`        longest task: ${work.toFixed(0)} ms of work, ${end.toFixed(0)} ms until its end`)
      longest.push(work)
    } while (longest.at(-1) >= TASK_MS && longest.length < PAINTINGS)
    assert.ok(longest.at(-1) < TASK_MS, `${longest} ms`)
  })
})

/* Traces one painting in three styles; gives the tasks of the page's own thread. */
async function tasksOfPainting (visit) {
  const { page, browser } = visit
  await visit.open()
  await page.locator('#privacy[data-ready]').waitFor({ timeout: 120_000 })
  await page.getByRole('radio', { name: '1024 px wide' }).check()
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] })
  await visit.choose(photoPath(2))
  await visit.paint()
  await page.locator('#styles canvas.painted').nth(2).waitFor({ timeout: 120_000 })
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString())
  const thread = ({ pid, tid }) => `${pid} ${tid}`
  const own = new Set(traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(thread))
  return traceEvents.filter((event) => event.ph === 'X' && /RunTask$/.test(event.name) && own.has(thread(event)) && event.tdur >= 0)
}
