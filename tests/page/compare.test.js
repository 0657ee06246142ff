/* compare.test.js - photo beside painting, and both larger: by keyboard, by pointer, by finger, by button */
import assert from 'node:assert/strict'

import { createVisit } from './visit.js'

describe('comparing and zooming', () => {
  const visit = createVisit({ context: { hasTouch: true } })
  let page
  let range

  /* one visit for all: what each test leaves is what the next one starts from */
  async function start() {
    page = visit.page
    range = page.getByRole('slider', { name: 'Compare photo and anime' })
    await visit.open()
    await page.getByRole('checkbox', { name: 'Paint faces' }).uncheck()
    await visit.choose(visit.madeFile('photo.png', 96, 64))
    await visit.paint()
  }
  const property = (name) => page.locator('#compare').evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), name)
  const zoomed = async () => Number(await property('--zoom'))
  const box = () => page.locator('#compare').boundingBox()

  it('divides by keyboard, tells a screen reader how far, and needs no dragging', async () => {
    await start()
    assert.equal(await range.evaluate((element) => element === document.activeElement), true)
    assert.equal(await range.getAttribute('aria-valuetext'), '50 % photo, 50 % anime')
    await page.keyboard.press('ArrowRight')
    assert.equal(await range.getAttribute('aria-valuetext'), '51 % photo, 49 % anime')
    await page.keyboard.press('Home')
    assert.equal(await property('--split'), '0%')
    for (const [name, split] of [['Photo', '100%'], ['Both', '50%'], ['Anime', '0%']]) {
      await page.locator('#sides').getByRole('button', { name }).click()
      assert.equal(await property('--split'), split)
      assert.equal(await page.locator('#sides').getByRole('button', { name }).getAttribute('aria-pressed'), 'true')
    }
    const { x, y, width, height } = await box()
    await page.mouse.click(x + width * 0.25, y + height * 0.2)
    assert.equal(await property('--split'), '25%')
    /* and with dragging: from anywhere, and by the thumb */
    await page.mouse.move(x + width * 0.3, y + height * 0.2)
    await page.mouse.down()
    await page.mouse.move(x + width * 0.6, y + height * 0.3, { steps: 4 })
    await page.mouse.up()
    assert.equal(await property('--split'), '60%')
    await page.mouse.move(x + width * 0.6, y + height * 0.5)
    await page.mouse.down()
    await page.mouse.move(x + width * 0.8, y + height * 0.5, { steps: 4 })
    await page.mouse.up()
    assert.equal(await property('--split'), '80%')

    /* zoom: buttons, keys, wheel */
    assert.equal(await page.locator('#pan').isVisible(), false)
    await page.getByRole('button', { name: 'Zoom in' }).click()
    assert.equal(await zoomed(), 1.5)
    assert.match(await page.locator('#zoom-level').textContent(), /^\d+ %$/)
    await page.getByRole('button', { name: 'To the right' }).click()
    assert.ok(parseFloat(await property('--x')) < -width * 0.4, 'the picture went to the left')
    await range.focus()
    await page.keyboard.press('+')
    assert.equal(await zoomed(), 2.25)
    await page.keyboard.press('Shift+ArrowDown')
    await page.keyboard.press('-')
    assert.equal(await zoomed(), 1.5)
    await page.keyboard.press('0')
    assert.equal(await zoomed(), 1)
    assert.equal(await page.locator('#pan').isVisible(), false)
    await page.mouse.move(x + width / 2, y + height / 4)
    await page.mouse.wheel(0, -300)
    await page.waitForFunction(() => Number(getComputedStyle(document.getElementById('compare')).getPropertyValue('--zoom')) > 1)
    /* zoomed, dragging moves the picture and leaves the division; a click divides still */
    const left = parseFloat(await property('--x'))
    await page.mouse.move(x + width * 0.2, y + height * 0.2)
    await page.mouse.down()
    await page.mouse.move(x + width * 0.2 - 15, y + height * 0.2, { steps: 3 })
    await page.mouse.up()
    assert.ok(Math.abs(parseFloat(await property('--x')) - (left - 15)) < 1)
    assert.equal(await property('--split'), '80%')
    await page.mouse.click(x + width * 0.5, y + height * 0.2)
    assert.equal(await property('--split'), '50%')
    await page.getByRole('button', { name: 'Fit' }).click()
    assert.equal(await zoomed(), 1)

    /* two fingers */
    const session = await visit.context.newCDPSession(page)
    const touch = (type, spread) => session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: type === 'touchEnd' ? [] : [-1, 1].map((side, id) => ({ id, x: x + width / 2 + side * spread, y: y + height / 4 }))
    })
    await touch('touchStart', 20)
    for (const spread of [30, 40, 50]) await touch('touchMove', spread)
    await touch('touchEnd')
    const pinched = await zoomed()
    assert.ok(pinched > 2 && pinched < 3, `zoomed by ${pinched}, expected 50 / 20`)
    assert.deepEqual(visit.complaints, [])
  })

  it('can be used with the keyboard alone: every control is reached, and has a name', async () => {
    await start()
    await page.evaluate(() => document.activeElement.blur())
    const reached = new Set()
    for (let i = 0; i < 26; i++) {
      await page.keyboard.press('Tab')
      reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.name || document.activeElement.textContent))
    }
    for (const name of ['language', 'split', 'zoom-in', 'Both', 'style', 'mix-style', 'width', 'faces', 'Fine tuning', 'paint', 'png', 'jpeg', 'another']) {
      assert.ok(reached.has(name), `${name} in ${[...reached]}`)
    }
  })
})
