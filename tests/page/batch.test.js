/* batch.test.js - many photos: a state for each, one zip file for all */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { unzipSync } from 'fflate'

import { difference } from '../js/pictures.js'
import { createVisit } from './visit.js'

describe('the page with many photos', () => {
  const visit = createVisit()

  it('paints them one after another, says how each one went, and zips what is done', async () => {
    const { page } = visit
    await visit.open()
    await page.getByRole('checkbox', { name: 'Paint faces' }).uncheck()
    const files = [['one', 60, 40], ['two', 44, 70], ['three', 300, 200]].map(([name, width, height]) => visit.madeFile(`${name}.png`, width, height))
    writeFileSync(visit.place.at('notes.txt'), 'no picture')
    writeFileSync(visit.place.at('two.jpg'), readFileSync(fileURLToPath(new URL('../fixtures/images/grey.jpg', import.meta.url))))
    await visit.choose([...files, visit.place.at('two.jpg'), visit.place.at('notes.txt')])
    await page.getByRole('alert').getByText('notes.txt').waitFor()
    const items = page.locator('#items li')
    assert.equal(await items.count(), 4)
    assert.deepEqual(await page.locator('#items .state').allTextContents(), Array(4).fill('Waiting'))
    await page.evaluate(() => {
      globalThis.states = []
      new MutationObserver(() => globalThis.states.push([...document.querySelectorAll('#items .state')].map((one) => one.textContent).join())).observe(document.getElementById('items'), { subtree: true, childList: true, characterData: true })
    })
    await page.getByRole('button', { name: 'Paint all 4' }).click()
    await page.getByRole('heading', { name: '4 photos, 4 painted' }).waitFor({ timeout: 120_000 })
    await page.waitForFunction(() => !document.getElementById('zip').disabled)
    assert.deepEqual(await page.locator('#items .state').allTextContents(), Array(4).fill('Painted'))
    const states = await page.evaluate(() => globalThis.states)
    assert.ok(states.some((line) => /Painting \d+ %/.test(line)), 'each one is painting at some time')
    assert.equal(await page.getByRole('button', { name: 'Paint all' }).isDisabled(), true)

    await page.getByRole('combobox', { name: 'As' }).selectOption('png')
    const { name, file } = await visit.save('Download all (zip)')
    assert.equal(name, 'photo2anime.zip')
    const zipped = unzipSync(readFileSync(file))
    assert.deepEqual(Object.keys(zipped).sort(), ['one-anime.png', 'three-anime.png', 'two-anime-2.png', 'two-anime.png'])
    for (const [inside, width, height] of [['one', 60, 40], ['two', 44, 70], ['three', 300, 200]]) {
      const made = visit.readPicture(zipped[`${inside}-anime.png`])
      assert.deepEqual([made.width, made.height], [width, height])
      if (inside === 'three') assert.ok(difference(made.pixels, visit.readPicture(files[2]).pixels).mean > 2, 'it is painted')
    }
    await page.getByRole('combobox', { name: 'As' }).selectOption('jpeg')
    const jpegs = unzipSync(readFileSync((await visit.save('Download all (zip)')).file))
    assert.equal(visit.readPicture(jpegs['one-anime.jpg']).width, 60)

    /* one of them is looked at, and taken away; another setting makes all of them wait again */
    await page.getByRole('button', { name: /^three/ }).click()
    assert.match(await page.locator('#caption').textContent(), /300 × 200 px, painted in/)
    await page.getByRole('button', { name: 'Remove three' }).click()
    assert.equal(await items.count(), 3)
    assert.match(await page.locator('#caption').textContent(), /px, painted in/)
    await page.getByRole('radio', { name: 'Shinkai' }).check()
    assert.equal(await page.getByRole('button', { name: 'Paint all 3' }).isEnabled(), true)
    assert.deepEqual(visit.complaints, [])
  })

  it('goes on after one that fails, and stops when it is told to', async () => {
    const { page } = visit
    await visit.open()
    await page.getByRole('checkbox', { name: 'Paint faces' }).uncheck()
    await visit.choose([visit.madeFile('first.png', 30, 20), visit.madeFile('second.png', 40, 30), visit.madeFile('third.jpg', 1500, 1100, 3, 'jpeg')])
    await page.locator('#items li').nth(2).waitFor()
    writeFileSync(visit.place.at('first.png'), 'it was a picture when it was chosen')
    await page.getByRole('button', { name: 'Paint all 3' }).click()
    await page.locator('#items li[data-state="done"]').waitFor({ timeout: 120_000 })
    assert.match(await page.locator('#items .state').first().textContent(), /^Failed: /)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.locator('#working').waitFor({ state: 'hidden' })
    assert.deepEqual((await page.locator('#items li').evaluateAll((all) => all.map((one) => one.dataset.state))), ['failed', 'done', 'waiting'])
    assert.equal(await page.getByRole('button', { name: 'Paint all 2' }).isEnabled(), true)
    const zipped = unzipSync(readFileSync((await visit.save('Download all (zip)')).file))
    assert.deepEqual(Object.keys(zipped), ['second-anime.jpg'])
  })
})
