/* access.test.js - WCAG 2.2 AA as axe-core checks it, in every state of the page; words, widths, motion */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

import { createVisit } from './visit.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

describe('a page for everybody', () => {
  const visit = createVisit()

  /** Fails with what is wrong, and where. */
  async function check(where) {
    const { page } = visit
    await page.evaluate(`${axe}; undefined`)
    const { violations, passes } = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: tags }), TAGS)
    assert.ok(passes.length > 20, `expected axe to check many rules, got ${passes.length}`)
    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join('; ')}`), [], where)
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert.equal(wider, 0, `${where}: nothing is wider than the window`)
  }

  it('has no violation in light and dark, in English and Chinese, on a phone and a wide screen', async () => {
    const { page } = visit
    await visit.open()
    const at = async (state, ...places) => {
      for (const [width, colorScheme] of places) {
        await page.setViewportSize({ width, height: 844 })
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        await check(`${state}, ${width} px, ${colorScheme}`)
      }
    }
    await at('empty', [390, 'light'], [1440, 'dark'])
    for (const summary of ['#terms', '#tuning', '#badge', '#privacy']) await page.locator(`${summary} > summary`).click()
    await visit.choose([visit.madeFile('photo.png', 60, 40), visit.madeFile('other.png', 30, 40)])
    await page.locator('#items li').nth(1).waitFor()
    await page.getByLabel('Mix with').selectOption({ index: 2 })
    await visit.paint()
    await page.getByRole('button', { name: 'Zoom in' }).click()
    await at('painted, all open', [390, 'light'], [390, 'dark'], [1440, 'light'], [1440, 'dark'])
    await page.getByRole('button', { name: '中文' }).click()
    await at('painted, Chinese', [390, 'dark'], [1440, 'light'])
    await page.locator('#file').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') })
    await page.getByRole('alert').waitFor()
    await page.evaluate(() => { document.getElementById('working').hidden = false })
    await at('an error and progress', [390, 'light'], [1440, 'dark'])
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0)
  })

  it('speaks Chinese when it is asked to, and the next time by itself', async () => {
    const { page } = visit
    await visit.open()
    await page.getByRole('button', { name: '中文' }).click()
    await page.getByText('选择照片').waitFor()
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh')
    const english = await page.evaluate(() => [...document.querySelectorAll('[data-text], [data-label]')].filter((one) => /[a-z]{3}/i.test((one.dataset.text ? one.textContent : one.ariaLabel).replace(/JPEG|PNG|WebP|AVIF|HEIC|zip/g, ''))).map((one) => one.outerHTML))
    assert.deepEqual(english, [])
    await page.reload()
    await page.getByRole('button', { name: '转换为动漫' }).waitFor()
  })

  it('has the same words in both languages', async () => {
    const { english } = await import('../../web/text-en.js')
    const { chinese } = await import('../../web/text-zh.js')
    const shape = (words) => Object.fromEntries(Object.entries(words).map(([key, value]) => [key, typeof value === 'object' ? shape(value) : typeof value]))
    assert.deepEqual(shape(chinese), shape(english))
  })
})
