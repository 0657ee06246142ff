/* page.test.js - the page in Chromium, used as a person uses it */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'

import { createPageServer } from '../../wasm/bin/serve.js'
import { Engine } from '../../wasm/js/engine.js'
import { createFolder } from '../js/command.js'
import { defaultStyle, difference, madePixels, photoPath } from '../js/pictures.js'
import { createPlainServer, launch, listen } from './browser.js'

const style = await defaultStyle()

describe('page', () => {
  let browser
  let isolated
  let plain
  /** @type {Engine} */
  let engine
  let place
  let context
  let page
  let complaints

  before(async () => {
    browser = await launch()
    isolated = await listen(createPageServer())
    plain = await listen(createPlainServer())
    engine = await Engine.create({ variant: 'relaxed', threads: 1 })
  })
  after(async () => {
    engine?.dispose()
    plain?.close()
    isolated?.close()
    await browser?.close()
  })
  beforeEach(async () => {
    place = createFolder()
    context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US', acceptDownloads: true })
    page = await context.newPage()
    complaints = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
  })
  afterEach(async () => {
    await context.close()
    place.remove()
  })

  function madeFile(name, width, height, channels = 3, format = 'png') {
    const picture = engine.createImage(madePixels(width, height, channels), width, height, channels)
    writeFileSync(place.at(name), engine.encode(picture, { format }))
    engine.disposeImage(picture)
    return place.at(name)
  }

  function readPicture(file) {
    const picture = engine.decode(readFileSync(file))
    const pixels = engine.pixels(picture)
    engine.disposeImage(picture)
    return { width: picture.width, height: picture.height, channels: picture.channels, pixels }
  }

  async function open(url = isolated.url) {
    await page.goto(`${url}/`)
    await page.locator('#badge').waitFor()
    await page.locator('#styles input').first().waitFor({ state: 'attached' })
  }

  async function paint() {
    await page.getByRole('button', { name: 'Turn into anime' }).click()
    await page.locator('#done').waitFor({ timeout: 60_000 })
  }

  async function download(button) {
    const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: button }).click()])
    const file = place.at(`saved-${saved.suggestedFilename()}`)
    await saved.saveAs(file)
    return { name: saved.suggestedFilename(), ...readPicture(file) }
  }

  it('starts without a complaint, and says what runs, and under which terms a style stands', async () => {
    await open()
    const cores = await page.evaluate(() => navigator.hardwareConcurrency)
    assert.equal(await page.evaluate(() => crossOriginIsolated), true)
    assert.equal(await page.locator('#backend').textContent(), `Relaxed SIMD, ${Math.min(cores, 16)} ${cores === 1 ? 'thread' : 'threads'}`)
    const manifest = JSON.parse(readFileSync(new URL('../../models/manifest.json', import.meta.url), 'utf8'))
    const names = manifest.filter((entry) => entry.kind === 'generator' && entry.use === 'scenes').map((entry) => entry.name)
    assert.deepEqual(await page.locator('#styles input').evaluateAll((inputs) => inputs.map((input) => input.value)), names)
    assert.equal(await page.locator('#styles input:checked').inputValue(), style.entry.name)
    assert.ok((await page.locator('#license').textContent()).includes(style.entry.license))
    assert.equal(await page.getByRole('button', { name: 'Turn into anime' }).isDisabled(), true)
    assert.deepEqual(complaints, [])
  })

  it('paints a chosen photo in its own size; PNG and JPEG come down whole', async () => {
    await open()
    const photo = madeFile('harbour.png', 150, 110)
    await page.locator('#file').setInputFiles(photo)
    await page.getByText('harbour, 150 × 110 px').first().waitFor()
    await paint()
    const png = await download('Download PNG')
    assert.equal(png.name, 'harbour-anime.png')
    assert.deepEqual([png.width, png.height], [150, 110])
    const model = engine.loadModel(style.file)
    const source = engine.decode(readFileSync(photo))
    const { picture } = engine.convert(model, source)
    assert.ok(difference(png.pixels, engine.pixels(picture)).max <= 1, 'the page paints what Node paints')
    assert.ok(difference(png.pixels, readPicture(photo).pixels).mean > 2, 'it is not the photo')
    for (const one of [source, picture]) engine.disposeImage(one)
    engine.disposeModel(model)
    const jpeg = await download('Download JPEG')
    assert.equal(jpeg.name, 'harbour-anime.jpg')
    assert.ok(difference(jpeg.pixels, png.pixels).mean < 4)
    assert.match(await page.locator('#status').textContent(), /150 × 110 px, painted in/)
    assert.deepEqual(complaints, [])
  })

  it('paints a real photo 1024 px wide, and answers while it does', async () => {
    await open()
    await page.evaluate(() => {
      globalThis.longest = 0
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, entry.duration)
      }).observe({ type: 'longtask' })
    })
    await page.locator('#file').setInputFiles(photoPath(2))
    await page.locator('#view').waitFor()
    await page.getByRole('radio', { name: '1024 px wide' }).check()
    await page.evaluate(() => { globalThis.longest = 0 })
    await paint()
    const longest = await page.evaluate(() => globalThis.longest)
    console.log(`        longest task of the page's own thread: ${longest.toFixed(0)} ms`)
    assert.ok(longest < 200, `${longest} ms`)
    const photo = engine.probe(readFileSync(photoPath(2)))
    const made = await download('Download PNG')
    assert.equal(made.width, 1024)
    assert.ok(Math.abs(made.height - (1024 * photo.height) / photo.width) <= 1)
  })

  it('keeps alpha', async () => {
    await open()
    await page.locator('#file').setInputFiles(madeFile('alpha.png', 40, 30, 4))
    await paint()
    const made = await download('Download PNG')
    const alpha = (rgba) => rgba.filter((_, i) => i % 4 === 3)
    assert.equal(made.channels, 4)
    assert.deepEqual(alpha(made.pixels), alpha(madePixels(40, 30, 4)))
  })

  it('cancels soon, keeps the photo, and paints when asked again', async () => {
    await open()
    await page.locator('#file').setInputFiles(madeFile('large.jpg', 1600, 1200, 3, 'jpeg'))
    await page.getByRole('button', { name: 'Turn into anime' }).click()
    await page.waitForFunction(() => document.getElementById('progress').value > 0)
    const waited = await page.evaluate(() => new Promise((resolve) => {
      const working = document.getElementById('working')
      const start = performance.now()
      new MutationObserver(() => working.hidden && resolve(performance.now() - start)).observe(working, { attributes: true })
      document.getElementById('cancel').click()
    }))
    assert.ok(waited < 100, `${waited} ms`)
    assert.equal(await page.locator('#done').isVisible(), false)
    assert.equal(await page.locator('#status').textContent(), 'Cancelled.')
    assert.equal(await page.locator('#error').isVisible(), false)
    await page.locator('#file').setInputFiles(madeFile('small.png', 30, 30))
    await page.getByText('small, 30 × 30 px').first().waitFor()
    await paint()
  })

  it('takes a dropped and a pasted photo', async () => {
    await open()
    for (const [kind, target] of [['drop', 'body'], ['paste', 'body']]) {
      const bytes = [...readFileSync(madeFile(`${kind}.png`, 20, kind === 'drop' ? 10 : 12))]
      await page.evaluate(([kind, target, bytes]) => {
        const data = new DataTransfer()
        data.items.add(new File([new Uint8Array(bytes)], `${kind}.png`, { type: 'image/png' }))
        const event = kind === 'drop' ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }) : new ClipboardEvent('paste', { clipboardData: data, bubbles: true })
        document.querySelector(target).dispatchEvent(event)
      }, [kind, target, bytes])
      await page.getByText(`${kind}, 20 × ${kind === 'drop' ? 10 : 12} px`).first().waitFor()
    }
    await paint()
    assert.equal((await download('Download PNG')).height, 12)
  })

  it('takes a picture that only the browser can read, and says so', async () => {
    await open()
    await page.evaluate(async () => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 24, height: 18 })
      canvas.getContext('2d').fillRect(0, 0, 12, 18)
      const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/webp'))
      const data = new DataTransfer()
      data.items.add(new File([blob], 'web.webp', { type: blob.type }))
      dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }))
    })
    await page.getByText('web, 24 × 18 px (read by this browser)').first().waitFor()
    await paint()
    assert.equal((await download('Download PNG')).width, 24)
  })

  it('says what is wrong with a file that is no picture, and goes on', async () => {
    await open()
    writeFileSync(place.at('notes.jpg'), 'no picture')
    await page.locator('#file').setInputFiles(place.at('notes.jpg'))
    await page.getByRole('alert').getByText('cannot be read as a picture').waitFor()
    await page.locator('#file').setInputFiles(madeFile('good.png', 20, 20))
    await page.getByText('good, 20 × 20 px').first().waitFor()
    assert.equal(await page.getByRole('alert').isVisible(), false)
    await paint()
  })

  it('compares by keyboard, and tells a screen reader how far', async () => {
    await open()
    await page.locator('#file').setInputFiles(madeFile('photo.png', 90, 60))
    await paint()
    const range = page.getByRole('slider', { name: 'Compare photo and anime' })
    assert.equal(await range.evaluate((element) => element === document.activeElement), true)
    assert.equal(await range.getAttribute('aria-valuetext'), '50 % photo, 50 % anime')
    await page.keyboard.press('ArrowRight')
    assert.equal(await range.getAttribute('aria-valuetext'), '51 % photo, 49 % anime')
    await page.keyboard.press('Home')
    assert.equal(await page.locator('#compare').evaluate((element) => getComputedStyle(element).getPropertyValue('--split')), '0%')
  })

  it('can be used with the keyboard alone: every control is reached and shows that it is', async () => {
    await open()
    await page.locator('#file').setInputFiles(madeFile('photo.png', 90, 60))
    await paint()
    await page.evaluate(() => document.activeElement.blur())
    const reached = new Set()
    for (let i = 0; i < 16; i++) {
      await page.keyboard.press('Tab')
      reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.name || document.activeElement.tagName))
    }
    for (const name of ['language', 'split', 'style', 'width', 'paint', 'png', 'jpeg', 'another', 'SUMMARY']) assert.ok(reached.has(name), `${name} in ${[...reached]}`)
    assert.equal(await page.locator('input:visible, button:visible').evaluateAll((all) => all.filter((one) => !(one.labels?.length || one.getAttribute('aria-label') || one.textContent.trim())).length), 0)
  })

  it('speaks Chinese when it is asked to, and the next time by itself', async () => {
    await open()
    await page.getByRole('button', { name: '中文' }).click()
    await page.getByText('选择照片').waitFor()
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh')
    await page.reload()
    await page.getByRole('button', { name: '转换为动漫' }).waitFor()
  })

  it('works below any path and without COOP and COEP, on one thread, and says so', async () => {
    await open(`${plain.url}/some/path`)
    assert.equal(await page.evaluate(() => crossOriginIsolated), false)
    assert.equal(await page.locator('#backend').textContent(), 'Relaxed SIMD, 1 thread')
    assert.match(await page.locator('#why').textContent(), /without COOP and COEP/)
    await page.locator('#file').setInputFiles(madeFile('photo.png', 64, 48))
    await paint()
    assert.equal((await download('Download PNG')).width, 64)
    assert.deepEqual(complaints, [])
  })

  it('sends nothing anywhere: no request to another origin is made, and none is possible', async () => {
    let hits = 0
    const other = await listen(createServer((_, response) => {
      hits++
      response.writeHead(200, { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' }).end()
    }))
    const asked = []
    page.on('request', (request) => asked.push(request.url()))
    try {
      await open()
      await page.locator('#file').setInputFiles(madeFile('photo.png', 30, 20))
      await paint()
      const foreign = asked.filter((url) => !url.startsWith(isolated.url) && !url.startsWith('blob:'))
      assert.ok(asked.length > 5)
      assert.deepEqual(foreign, [])
      const refused = await page.evaluate(async (url) => {
        const violations = []
        addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective))
        const fetched = await fetch(url).then(() => 'fetched', () => 'refused')
        const loaded = await new Promise((resolve) => Object.assign(new Image(), { onload: () => resolve('loaded'), onerror: () => resolve('refused'), src: `${url}/x.png` }))
        const beacon = navigator.sendBeacon(url, 'x')
        await new Promise((resolve) => setTimeout(resolve, 200))
        return { fetched, loaded, beacon, violations }
      }, other.url)
      assert.equal(refused.fetched, 'refused')
      assert.equal(refused.loaded, 'refused')
      assert.ok(refused.violations.includes('connect-src') && refused.violations.includes('img-src'), String(refused.violations))
      assert.equal(hits, 0)
    } finally {
      other.close()
    }
  })

  it('works in flight mode after the first visit, threads included', async () => {
    const served = await listen(createPageServer())
    await open(served.url)
    await page.locator('#offline:not([hidden])').waitFor({ state: 'attached', timeout: 30_000 })
    served.close()
    await page.reload()
    await page.locator('#badge').waitFor()
    assert.equal(await page.evaluate(() => crossOriginIsolated), true)
    await page.locator('#file').setInputFiles(madeFile('photo.png', 50, 40))
    await paint()
    assert.equal((await download('Download PNG')).width, 50)
  })

  it('keeps every file of the page and of the worker for flight mode', () => {
    const listed = readFileSync(new URL('../../web/service-worker.js', import.meta.url), 'utf8').match(/FILES = \[([^\]]*)\]/)[1].match(/[^\s',]+/g)
    const there = (folder) => readdirSync(new URL(`../../${folder}`, import.meta.url))
    const wanted = [
      './',
      ...there('web').filter((name) => !['index.html', 'service-worker.js'].includes(name)),
      ...there('wasm/js').filter((name) => name !== 'files.js' && name.endsWith('.js')).map((name) => `wasm/js/${name}`), /* files.js is for Node */
      'models/manifest.json'
    ]
    assert.deepEqual([...listed].sort(), wanted.sort())
  })

  for (const [variant, threads] of [['simd', 1], ['relaxed', 1], ['simd', 2], ['relaxed', 2]]) {
    it(`the converter works in Chromium with ${variant}, ${threads} ${threads === 1 ? 'thread' : 'threads'}: converts, aborts within 100 ms, goes on`, async () => {
      await page.goto(`${isolated.url}/`)
      const photo = [...readFileSync(madeFile('photo.jpg', 320, 240, 3, 'jpeg'))]
      const seen = await page.evaluate(async ([variant, threads, bytes]) => {
        const { createConverter } = await import('./wasm/js/index.js')
        const converter = await createConverter({ variant, threads })
        const file = new Blob([new Uint8Array(bytes)])
        const start = performance.now()
        const { image } = await converter.convert(file, { output: 'imagedata' })
        const whole = performance.now() - start
        const latencies = []
        for (let i = 0; i < 12; i++) {
          const controller = new AbortController()
          const ended = converter.convert(file, { signal: controller.signal }).then(() => undefined, (error) => error)
          await new Promise((resolve) => setTimeout(resolve, (whole * 0.7 * i) / 12))
          const aborted = performance.now()
          controller.abort()
          const error = await ended
          if (error) latencies.push(error.name === 'AbortError' ? performance.now() - aborted : Infinity)
        }
        const { bytes: held } = await converter.memory()
        const again = await converter.convert(file)
        const { bytes: heldAfter } = await converter.memory()
        converter.dispose()
        return { info: converter.info, size: [image.width, image.height, image.data.length], latencies, again: again.width, held, heldAfter }
      }, [variant, threads, photo])
      assert.deepEqual([seen.info.variant, seen.info.threads], [variant, threads])
      assert.deepEqual(seen.size, [320, 240, 320 * 240 * 4])
      assert.ok(seen.latencies.length >= 5 && Math.max(...seen.latencies) < 100, `latencies ${seen.latencies}`)
      assert.equal(seen.again, 320)
      assert.equal(seen.heldAfter, seen.held)
    })
  }

  it('the converter says that threads need isolation, and that a file is not there', async () => {
    await page.goto(`${plain.url}/some/path/`)
    const errors = await page.evaluate(async () => {
      const { createConverter } = await import('./wasm/js/index.js')
      const codeOf = (promise) => promise.then(() => 'none', (error) => `${error.name} ${error.code}`)
      const converter = await createConverter({ threads: 1 })
      const lost = await createConverter({ threads: 1, models: './nowhere/' })
      const seen = [
        await codeOf(createConverter({ threads: 2 })),
        await codeOf(createConverter({ assets: './nowhere/' })),
        await codeOf(converter.convert(new URL('nowhere.jpg', location.href))),
        await codeOf(lost.convert(new Blob(['x'])))
      ]
      converter.dispose()
      lost.dispose()
      return seen
    })
    assert.deepEqual(errors, ['P2AError UNSUPPORTED', 'P2AError IO', 'P2AError IO', 'P2AError IO'])
  })
})
