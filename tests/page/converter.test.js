/* converter.test.js - the converter in Chromium: every variant, with and without threads */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

import { createVisit } from './visit.js'

describe('the converter in a browser', () => {
  const visit = createVisit()

  for (const [variant, threads] of [['simd', 1], ['relaxed', 1], ['simd', 2], ['relaxed', 2]]) {
    it(`works with ${variant}, ${threads} ${threads === 1 ? 'thread' : 'threads'}: converts, aborts within 100 ms, goes on`, async () => {
      await visit.page.goto(`${visit.isolated.url}/`)
      const photo = [...readFileSync(visit.madeFile('photo.jpg', 320, 240, 3, 'jpeg'))]
      const seen = await visit.page.evaluate(async ([variant, threads, bytes]) => {
        const { createConverter } = await import('./wasm/js/index.js')
        const converter = await createConverter({ variant, threads })
        const file = new Blob([new Uint8Array(bytes)])
        const { image } = await converter.convert(file, { output: 'imagedata' }) /* the networks are loaded */
        const start = performance.now()
        await converter.convert(file)
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

  it('says that threads need isolation, and that a file is not there', async () => {
    await visit.page.goto(`${visit.plain.url}/some/path/`)
    const errors = await visit.page.evaluate(async () => {
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
