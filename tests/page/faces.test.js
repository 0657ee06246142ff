/* faces.test.js - the controls for faces and their colours reach the painting */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

import { difference, photoPath } from '../js/pictures.js'
import { createVisit } from './visit.js'

const FACE = { x: 960, y: 80, width: 400, height: 400 } /* in the third photo */

describe('the page with a face', () => {
  const visit = createVisit()

  it('finds it, paints it as the sliders and colours say, and leaves it when it is told to', async () => {
    const { page } = visit
    await visit.open()
    await page.evaluate(async ([bytes, { x, y, width, height }]) => {
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))]), x, y, width, height)
      const canvas = Object.assign(document.createElement('canvas'), { width, height })
      canvas.getContext('2d').drawImage(bitmap, 0, 0)
      const data = new DataTransfer()
      data.items.add(new File([await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'))], 'face.png', { type: 'image/png' }))
      dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }))
    }, [readFileSync(photoPath(3)).toString('base64'), FACE])
    await page.locator('#view').waitFor()
    await page.getByText('Fine tuning').click()
    const made = []
    const paintWith = async (what) => {
      await visit.paint()
      assert.match(await page.locator('#caption').textContent(), what === 'no faces' ? /in [\d.]+ s$/ : /, 1 face$/)
      const { pixels } = await visit.download('Download PNG')
      for (const [other, theirs] of made) assert.ok(difference(pixels, theirs).mean > 0.1, `${what} differs from ${other}`)
      made.push([what, pixels])
    }
    await paintWith('the defaults')
    await page.getByRole('slider', { name: 'Anime character' }).fill('1')
    await paintWith('character')
    assert.match(await page.locator('#license-text').textContent(), /Portrait/)
    await page.getByRole('button', { name: 'Back to the defaults' }).click()
    await page.getByRole('slider', { name: 'All corrections' }).fill('0')
    await paintWith('no corrections')
    await page.getByRole('checkbox', { name: 'Hair' }).check()
    await page.getByLabel('Hair: colour').fill('#2040ff')
    await paintWith('blue hair')
    await page.getByRole('checkbox', { name: 'Paint faces' }).uncheck()
    assert.equal(await page.getByRole('slider', { name: 'Anime character' }).isVisible(), false)
    await paintWith('no faces')
    assert.deepEqual(visit.complaints, [])
  })
})
