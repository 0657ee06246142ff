/* camera.test.js - the live camera, with Chromium's fake one: painted frames, their rate, a picture taken */
import assert from 'node:assert/strict'

import { createVisit } from './visit.js'

describe('the camera', () => {
  const visit = createVisit({ args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] })

  it('paints live, says at which rate, changes the style, takes a picture, and is off afterwards', async () => {
    const { page } = visit
    await page.addInitScript(() => {
      const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
      globalThis.streams = []
      navigator.mediaDevices.getUserMedia = async (wanted) => {
        const stream = await ask(wanted)
        globalThis.streams.push(stream)
        return stream
      }
    })
    await visit.open()
    await page.getByRole('button', { name: 'Use the camera' }).click()
    const rate = page.locator('#live-rate').getByText(/^\d+(\.\d)? frames a second$/)
    await rate.waitFor({ timeout: 120_000 })
    console.log(`        ${await rate.textContent()} at ${await page.locator('#live-canvas').evaluate((canvas) => `${canvas.width}x${canvas.height}`)}`)
    const look = () => page.locator('#live-canvas').evaluate((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
      return { hash: data.reduce((sum, value, i) => (sum + value * (i % 251)) % 1e9, 0), colours: new Set(new Uint32Array(data.buffer)).size }
    })
    const first = await look()
    assert.ok(first.colours > 100, `${first.colours} colours`)
    await page.waitForFunction(async (hash) => {
      const canvas = document.getElementById('live-canvas')
      return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.reduce((sum, value, i) => (sum + value * (i % 251)) % 1e9, 0) !== hash
    }, first.hash)
    assert.equal(await page.getByRole('button', { name: 'Turn into anime' }).isDisabled(), true)
    await page.getByRole('radio', { name: 'Miyazaki' }).check()
    await page.getByRole('button', { name: 'Take a picture' }).click({ timeout: 120_000 })
    await page.getByText(/^camera, \d+ × \d+ px/).first().waitFor()
    assert.equal(await page.locator('#live').isVisible(), false)
    assert.deepEqual(await page.evaluate(() => globalThis.streams.flatMap((stream) => stream.getTracks()).map((track) => track.readyState)), ['ended', 'ended'])
    await page.getByRole('button', { name: 'Use the camera' }).click()
    await rate.waitFor({ timeout: 120_000 })
    await page.getByRole('button', { name: 'Stop the camera' }).click()
    await page.locator('#view').waitFor()
    assert.equal(await page.evaluate(() => globalThis.streams.at(-1).getTracks()[0].readyState), 'ended')
    assert.deepEqual(visit.complaints, [])
  })

  it('says that the camera was not allowed, and goes on', async () => {
    const { page } = visit
    await page.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('Permission denied', 'NotAllowedError'))
    })
    await visit.open()
    await page.getByRole('button', { name: 'Use the camera' }).click()
    await page.getByRole('alert').getByText('The camera was not allowed').waitFor()
    assert.equal(await page.locator('#empty').isVisible(), true)
    await visit.choose(visit.madeFile('photo.png', 20, 20))
  })
})
