/* photo.test.js - one photo: chosen, dropped or pasted, painted as the controls say, and saved */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { readPackagedModel } from '../../wasm/js/files.js'
import { readModel } from '../../wasm/js/models.js'
import { defaultStyle, difference, madePixels } from '../js/pictures.js'
import { createVisit } from './visit.js'

const style = await defaultStyle()
const manifest = JSON.parse(readFileSync(new URL('../../models/manifest.json', import.meta.url), 'utf8'))
const styles = manifest.filter((entry) => entry.kind === 'generator' && entry.use === 'scenes')

describe('the page with one photo', () => {
  const visit = createVisit()

  it('starts without a complaint, and says what runs, and under which terms a style stands', async () => {
    await visit.open()
    const { page } = visit
    const cores = await page.evaluate(() => navigator.hardwareConcurrency)
    assert.equal(await page.evaluate(() => crossOriginIsolated), true)
    assert.equal(await page.locator('#backend').textContent(), `Relaxed SIMD, ${Math.min(cores, 16)} ${cores === 1 ? 'thread' : 'threads'}`)
    assert.deepEqual(await page.locator('#styles input').evaluateAll((inputs) => inputs.map((input) => input.value)), styles.map((entry) => entry.name))
    assert.equal(await page.locator('#styles input:checked').inputValue(), style.entry.name)
    assert.ok((await page.locator('#license-text').textContent()).includes(style.entry.license))
    await page.getByRole('checkbox', { name: 'Paint faces' }).uncheck()
    assert.equal(await page.locator('#license').textContent(), style.entry.commercial_use === 'yes' ? 'Commercial use is allowed' : 'Not for commercial use')
    assert.equal(await page.getByRole('button', { name: 'Turn into anime' }).isDisabled(), true)
    assert.deepEqual(visit.complaints, [])
  })

  it('paints a chosen photo in its own size, as Node does; PNG and JPEG come down whole', async () => {
    const { page, engine } = visit
    await visit.open()
    const photo = visit.madeFile('harbour.png', 150, 110)
    await visit.choose(photo)
    await page.getByText('harbour, 150 × 110 px').first().waitFor()
    await visit.paint()
    const png = await visit.download('Download PNG')
    assert.equal(png.name, 'harbour-anime.png')
    assert.deepEqual([png.width, png.height], [150, 110])
    const model = engine.loadModel(await readModel({ ...style.entry, ...style.entry.int8 }, readPackagedModel)) /* int8: what "auto" is */
    const source = engine.decode(readFileSync(photo))
    const { picture } = engine.convert(model, source)
    assert.ok(difference(png.pixels, engine.pixels(picture)).max <= 1, 'the page paints what Node paints')
    assert.ok(difference(png.pixels, visit.readPicture(photo).pixels).mean > 2, 'it is not the photo')
    for (const one of [source, picture]) engine.disposeImage(one)
    engine.disposeModel(model)
    const jpeg = await visit.download('Download JPEG')
    assert.equal(jpeg.name, 'harbour-anime.jpg')
    assert.ok(difference(jpeg.pixels, png.pixels).mean < 4)
    assert.match(await page.locator('#status').textContent(), /150 × 110 px, painted in/)
    assert.match(await page.locator('#backend').textContent(), /^Relaxed SIMD, \d+ threads?, 8-bit weights \(int8\)$/)
    assert.deepEqual(visit.complaints, [])
  })

  it('paints the photo on the tile of every style, and with each style, a mix and the sliders another picture', async () => {
    const { page } = visit
    await visit.open()
    await visit.choose(visit.madeFile('photo.png', 72, 54))
    await page.locator(`#styles canvas.painted >> nth=${styles.length - 1}`).waitFor()
    const tiles = await page.locator('#styles canvas').evaluateAll((all) => all.map((canvas) => canvas.toDataURL()))
    assert.equal(new Set(tiles).size, styles.length, 'no two tiles look the same')
    await page.getByRole('checkbox', { name: 'Paint faces' }).uncheck()
    const made = []
    const paintWith = async (what) => {
      await visit.paint()
      made.push([what, (await visit.download('Download PNG')).pixels])
    }
    for (const { name, title } of styles) {
      await page.getByRole('radio', { name: title }).check()
      await paintWith(name)
    }
    const [one, other] = styles.slice(-2)
    await page.getByLabel('Mix with').selectOption(one.name)
    await page.getByRole('slider', { name: 'Shares' }).fill('70')
    assert.equal(await page.locator('#mix-text').textContent(), `${other.title} 70 %, ${one.title} 30 %`)
    await paintWith('a mix')
    await page.getByLabel('Mix with').selectOption('')
    await page.getByText('Fine tuning').click()
    await page.getByRole('slider', { name: 'Fine edges' }).fill('1.5')
    await paintWith('edges')
    await page.getByRole('slider', { name: 'Colours' }).fill('0')
    await paintWith('edges and colours')
    for (let i = 0; i < made.length; i++) {
      for (let j = 0; j < i; j++) assert.ok(difference(made[i][1], made[j][1]).mean > 0.05, `${made[i][0]} differs from ${made[j][0]}`)
    }
    await page.getByRole('button', { name: 'Back to the defaults' }).click()
    assert.deepEqual([await page.locator('#slider-edgePreserve').inputValue(), await page.locator('#slider-colorShift').inputValue()], ['1', '1'])
  })

  it('makes a large picture 1024 px wide, with a first look on the way', async () => {
    const { page } = visit
    await visit.open()
    await page.getByRole('checkbox', { name: 'Paint faces' }).uncheck()
    await visit.choose(visit.madeFile('large.jpg', 1400, 1400, 3, 'jpeg'))
    await page.getByRole('radio', { name: '1024 px wide' }).check()
    /* noted by the page itself, and of a picture that takes a while: the look may be over before playwright asks again */
    await page.evaluate(() => {
      const tag = document.getElementById('tag-after')
      window.tagsSeen = []
      new MutationObserver(() => !tag.hidden && window.tagsSeen.push(tag.textContent)).observe(tag, { attributes: true, childList: true, characterData: true, subtree: true })
    })
    await visit.paint()
    assert.ok((await page.evaluate(() => window.tagsSeen)).includes('Preview'))
    assert.equal(await page.locator('#tag-after').textContent(), 'Anime')
    const made = await visit.download('Download PNG')
    assert.deepEqual([made.width, made.height], [1024, 1024])
  })

  it('keeps alpha', async () => {
    await visit.open()
    await visit.choose(visit.madeFile('alpha.png', 40, 30, 4))
    await visit.paint()
    const made = await visit.download('Download PNG')
    const alpha = (rgba) => rgba.filter((_, i) => i % 4 === 3)
    assert.equal(made.channels, 4)
    assert.deepEqual(alpha(made.pixels), alpha(madePixels(40, 30, 4)))
  })

  it('cancels soon, keeps the photo, and paints when asked again', async () => {
    const { page } = visit
    await visit.open()
    await visit.choose(visit.madeFile('large.jpg', 1600, 1200, 3, 'jpeg'))
    await page.getByRole('button', { name: 'Turn into anime' }).click()
    await page.waitForFunction(() => document.getElementById('progress').value > 0, undefined, { timeout: 120_000 })
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
    await page.locator('#file').setInputFiles(visit.madeFile('small.png', 30, 30))
    await page.getByText('small, 30 × 30 px').first().waitFor()
    await visit.paint()
  })

  it('shows on a phone what goes on, wherever the page was scrolled to, and then what to do next', async () => {
    const { page } = visit
    await page.setViewportSize({ width: 390, height: 844 })
    await visit.open()
    const loud = () => page.locator('.actions .primary').allTextContents()
    assert.deepEqual(await loud(), ['Turn into anime'])
    await visit.choose(visit.madeFile('large.jpg', 900, 700, 3, 'jpeg'))
    await page.evaluate(() => scrollTo({ top: document.body.scrollHeight, behavior: 'instant' }))
    await page.getByRole('button', { name: 'Turn into anime' }).click()
    await page.waitForFunction(() => {
      const { top, bottom } = document.getElementById('working').getBoundingClientRect()
      return top > 0 && bottom < innerHeight
    })
    await page.locator('#done').waitFor({ timeout: 120_000 })
    assert.deepEqual(await loud(), ['Download PNG'])
    await page.getByRole('radio', { name: 'Shinkai' }).check()
    assert.deepEqual(await loud(), ['Turn into anime'])
  })

  it('takes a dropped and a pasted photo', async () => {
    const { page } = visit
    await visit.open()
    for (const [kind, height] of [['drop', 10], ['paste', 12]]) {
      const bytes = [...readFileSync(visit.madeFile(`${kind}.png`, 20, height))]
      await page.evaluate(([kind, bytes]) => {
        const data = new DataTransfer()
        data.items.add(new File([new Uint8Array(bytes)], `${kind}.png`, { type: 'image/png' }))
        const event = kind === 'drop' ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }) : new ClipboardEvent('paste', { clipboardData: data, bubbles: true })
        document.body.dispatchEvent(event)
      }, [kind, bytes])
      await page.getByText(`${kind}, 20 × ${height} px`).first().waitFor()
    }
    await visit.paint()
    assert.equal((await visit.download('Download PNG')).height, 12)
  })

  for (const type of ['webp', 'bmp']) {
    it(`takes a picture that only the browser can read (${type}), and says so`, async () => {
      const { page } = visit
      await visit.open()
      await page.evaluate(async (type) => {
        const file = { webp: makeWebp, bmp: makeBmp }[type]
        async function makeWebp() {
          const canvas = Object.assign(document.createElement('canvas'), { width: 24, height: 18 })
          canvas.getContext('2d').fillRect(0, 0, 12, 18)
          return new Promise((resolve) => canvas.toBlob(resolve, 'image/webp'))
        }
        /* 24x18, 32 bits a pixel: a file header of 14 bytes, a picture header of 40, rows from below */
        async function makeBmp() {
          const bytes = new DataView(new ArrayBuffer(54 + 24 * 18 * 4))
          bytes.setUint16(0, 0x424d)
          for (const [at, value] of [[2, bytes.byteLength], [10, 54], [14, 40], [18, 24], [22, 18], [28, 0]]) bytes.setUint32(at, value, true)
          bytes.setUint16(26, 1, true)
          bytes.setUint16(28, 32, true)
          for (let i = 54; i < bytes.byteLength; i += 4) bytes.setUint32(i, i * 997, true)
          return new Blob([bytes], { type: 'image/bmp' })
        }
        const blob = await file()
        if (blob.type !== `image/${type}`) throw new Error(`expected image/${type}, got ${blob.type}`)
        const data = new DataTransfer()
        data.items.add(new File([blob], `made.${type}`, { type: blob.type }))
        dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }))
      }, type)
      await page.getByText('made, 24 × 18 px (read by this browser)').first().waitFor()
      await visit.paint()
      assert.equal((await visit.download('Download PNG')).width, 24)
    })
  }

  it('lets the browser read a JPEG that the core refuses, and says so', async () => {
    await visit.open()
    await visit.choose(fileURLToPath(new URL('../fixtures/images/cmyk.jpg', import.meta.url)))
    const before = await visit.page.locator('#caption').textContent()
    assert.doesNotMatch(before, /read by this browser/)
    await visit.paint()
    const made = await visit.download('Download PNG')
    assert.ok(before.includes(`${made.width} × ${made.height} px`), before)
  })

  it('takes the sample photo', async () => {
    await visit.open()
    await visit.page.getByRole('button', { name: 'No photo at hand?' }).click()
    await visit.page.getByText('lake-sherburne, 1280 × 720 px').first().waitFor()
  })

  it('says what is wrong with a file that is no picture, and goes on', async () => {
    const { page } = visit
    await visit.open()
    for (const [name, text] of [['notes.jpg', 'cannot be read as a picture'], ['phone.heic', 'cannot open HEIC']]) {
      writeFileSync(visit.place.at(name), 'no picture')
      await page.locator('#file').setInputFiles(visit.place.at(name))
      await page.getByRole('alert').getByText(text).waitFor()
    }
    await visit.choose(visit.madeFile('good.png', 20, 20))
    assert.equal(await page.getByRole('alert').isVisible(), false)
    await visit.paint()
  })
})
