/* weight.test.js - how much is fetched before the first painting, and how long the page's own thread is busy while it paints */
import assert from 'node:assert/strict'

import { photoPath } from '../js/pictures.js'
import { createVisit } from './visit.js'

const FIRST_LOAD_BYTES = 6e6
const TASK_MS = 50

describe('the page is light', () => {
  const visit = createVisit()

  it('fetches page, core, default style and face networks in at most 6 MB', async () => {
    const { page, context } = visit
    const fetched = new Map()
    context.on('requestfinished', async (request) => {
      const sizes = request.sizes() /* of the body, as sent */
      fetched.set(request.url(), sizes)
    })
    await visit.open()
    await page.locator('#privacy[data-ready]').waitFor()
    const sizes = await Promise.all([...fetched].map(async ([url, sizes]) => [url.replace(/^.*\//, '') || 'index.html', (await sizes).responseBodySize]))
    const total = sizes.reduce((sum, [, bytes]) => sum + bytes, 0)
    const names = sizes.map(([name]) => name)
    console.log(`        first load: ${(total / 1e6).toFixed(2)} MB in ${sizes.length} files`)
    for (const part of [/^index\.html$/, /^p2a-relaxed-threads\.wasm$/, /^anime.*\.safetensors$/, /^detector.*\.safetensors$/, /^parser.*\.safetensors$/, /^worker\.js$/]) {
      assert.ok(names.some((name) => part.test(name)), `${part} in ${names}`)
    }
    assert.ok(total <= FIRST_LOAD_BYTES, `${total} bytes: ${sizes.sort((a, b) => b[1] - a[1]).map((one) => one.join(' ')).join(', ')}`)
  })

  it('answers while it paints: no task of its own thread above 50 ms', async () => {
    const { page } = visit
    await visit.open()
    await page.locator('#privacy[data-ready]').waitFor()
    await page.evaluate(() => {
      globalThis.tasks = []
      new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: 'longtask' })
    })
    await visit.choose(photoPath(2))
    await page.getByRole('radio', { name: '1024 px wide' }).check()
    await page.locator('#styles canvas.painted').nth(2).waitFor({ timeout: 60_000 })
    await page.evaluate(() => { globalThis.tasks = [] })
    await visit.paint()
    const tasks = await page.evaluate(() => globalThis.tasks)
    console.log(`        tasks above 50 ms while painting: ${tasks.length ? tasks.map((ms) => `${ms} ms`).join(', ') : 'none'}`)
    assert.deepEqual(tasks.filter((ms) => ms > TASK_MS), [])
  })
})
