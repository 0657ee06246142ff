/* privacy.test.js - nothing leaves: no request to another place, none possible, each one counted; and no network needed */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'

import { createPageServer } from '../../wasm/bin/serve.js'
import { listen } from './browser.js'
import { createVisit } from './visit.js'

/** A server of another origin that anybody may ask, and how often it was. */
async function createOther() {
  let hits = 0
  const other = await listen(createServer((_, response) => {
    hits++
    response.writeHead(200, { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' }).end()
  }))
  return { ...other, hits: () => hits }
}

/** What the panel says. */
async function counts(page) {
  const [elsewhere, uploads, own] = await page.locator('#privacy dd').allTextContents()
  return { elsewhere, uploads, own, line: await page.locator('#traffic').textContent() }
}

const serviceWorkerRuns = (page) => page.waitForFunction(() => navigator.serviceWorker.controller !== null, undefined, { timeout: 60_000 })

describe('a page that sends nothing', () => {
  const visit = createVisit()
  let other
  beforeEach(async () => {
    other = await createOther()
  })
  afterEach(() => other.close())

  for (const host of ['isolated', 'plain']) {
    it(`makes no request to another place, and none is possible (${host === 'plain' ? 'a host without headers' : 'photo2anime serve'})`, async () => {
      const { page } = visit
      const url = host === 'plain' ? `${visit.plain.url}/some/path` : visit.isolated.url
      const asked = []
      visit.context.on('request', (request) => asked.push(request.url()))
      await visit.open(url)
      await visit.choose(visit.madeFile('photo.png', 30, 20))
      await visit.paint()
      assert.ok(asked.length > 5)
      assert.deepEqual(asked.filter((one) => !one.startsWith(url) && !one.startsWith('blob:')), [])
      if (host === 'plain') {
        assert.equal(await page.evaluate(() => crossOriginIsolated), false)
        assert.equal(await page.locator('#backend').textContent(), 'Relaxed SIMD, 1 thread, 8-bit weights (int8)')
        assert.match(await page.locator('#why').textContent(), /without COOP and COEP/)
        assert.equal((await visit.download('Download PNG')).width, 30)
      }
      assert.deepEqual(visit.complaints, [])
      const refused = await page.evaluate(async (url) => {
        const violations = []
        addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective))
        const fetched = await fetch(url).then(() => 'fetched', () => 'refused')
        const loaded = await new Promise((resolve) => Object.assign(new Image(), { onload: () => resolve('loaded'), onerror: () => resolve('refused'), src: `${url}/x.png` }))
        navigator.sendBeacon(url, 'x')
        await new Promise((resolve) => setTimeout(resolve, 200))
        return { fetched, loaded, violations }
      }, other.url)
      assert.equal(refused.fetched, 'refused')
      assert.equal(refused.loaded, 'refused')
      assert.ok(refused.violations.includes('connect-src') && refused.violations.includes('img-src'), String(refused.violations))
      assert.equal(other.hits(), 0)
    })
  }

  it('counts what is fetched, and would count an upload', async () => {
    const { page } = visit
    await visit.open()
    await serviceWorkerRuns(page)
    await visit.choose(visit.madeFile('photo.png', 30, 20))
    await visit.paint()
    await page.locator('#styles canvas.painted').nth(2).waitFor()
    const quiet = await counts(page)
    assert.deepEqual([quiet.elsewhere, quiet.uploads, quiet.line], ['0', '0', 'Nothing has left this device since loading'])
    await page.evaluate(() => fetch('nowhere', { method: 'POST', body: 'a photo' }).catch(() => {}))
    await page.waitForFunction(() => document.getElementById('traffic-uploads').textContent === '1')
    assert.equal((await counts(page)).line, '0 requests to other places, 1 upload')
  })

  it('works in flight mode after the first visit, threads included', async () => {
    const { page } = visit
    const served = await listen(createPageServer())
    await visit.open(served.url)
    await page.locator('#offline:not([hidden])').waitFor({ state: 'attached', timeout: 60_000 })
    served.close()
    await page.reload()
    await page.locator('#badge').waitFor()
    assert.equal(await page.evaluate(() => crossOriginIsolated), true)
    await visit.choose([visit.madeFile('photo.png', 50, 40), visit.madeFile('another.png', 20, 20)])
    await visit.paint()
    assert.equal((await visit.download('Download PNG')).width, 50)
    await visit.save('Download all (zip)')
  })

  it('keeps every file of the page and of the worker for flight mode', () => {
    const listed = readFileSync(new URL('../../web/service-worker.js', import.meta.url), 'utf8').match(/FILES = \[([^\]]*)\]/)[1].match(/[^\s',]+/g)
    const there = (folder) => readdirSync(new URL(`../../${folder}`, import.meta.url), { withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => name)
    const wanted = [
      './',
      ...there('web').filter((name) => !['index.html', 'service-worker.js'].includes(name)),
      ...there('web/dist').filter((name) => name.endsWith('.js')).map((name) => `dist/${name}`),
      ...there('wasm/js').filter((name) => name !== 'files.js' && name.endsWith('.js')).map((name) => `wasm/js/${name}`), /* files.js is for Node */
      'models/manifest.json'
    ]
    assert.deepEqual([...listed].sort(), wanted.sort())
  })
})

describe('a page that could send', () => {
  const visit = createVisit({ context: { bypassCSP: true } })

  it('counts a request to another place, if the browser did not refuse it', async () => {
    const other = await createOther()
    try {
      await visit.open()
      await visit.page.evaluate((url) => fetch(url, { mode: 'no-cors' }).catch(() => {}), other.url)
      await visit.page.waitForFunction(() => document.getElementById('traffic-elsewhere').textContent === '1')
      assert.match((await counts(visit.page)).line, /^1 request to other places/)
    } finally {
      other.close()
    }
  })
})
