/* bands.test.js - a large picture in bands is the picture painted whole, byte for byte, in every variant */
import assert from 'node:assert/strict'

import { Engine } from '../../wasm/js/engine.js'
import { readPackagedModel } from '../../wasm/js/files.js'
import { findStyle, readManifest, readModel } from '../../wasm/js/models.js'

const WIDTH = 1500
const HEIGHT = 1100

function makePixels() {
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3)
  for (let y = 0, i = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const tile = ((x >> 6) ^ (y >> 5)) & 1
      for (let c = 0; c < 3; c++) pixels[i++] = (x / (c + 4) + y / (6 - c) + tile * 70 + ((x * 7919 + y * 104729) % 11)) & 255
    }
  }
  return pixels
}

describe('bands', () => {
  let model
  before(async () => {
    const manifest = await readManifest(readPackagedModel)
    model = await readModel(findStyle(manifest), readPackagedModel)
  })
  for (const [variant, threads] of /** @type {const} */ ([['relaxed', 2], ['simd', 1]])) {
    it(`of 16 and of 512 rows paint ${WIDTH}x${HEIGHT} as it is painted whole (${variant}, threads: ${threads})`, async () => {
      const engine = await Engine.create({ variant, threads })
      try {
        const handle = engine.loadModel(model)
        const photo = engine.createImage(makePixels(), WIDTH, HEIGHT, 3)
        const paint = (bandRowsPx) => {
          const { picture, result } = engine.convert(handle, photo, { bandRowsPx })
          const pixels = Buffer.from(engine.pixels(picture))
          engine.disposeImage(picture)
          return { pixels, result }
        }
        const whole = paint(2048)
        for (const rows of [16, 512]) {
          const banded = paint(rows)
          assert.equal(banded.result.bandRowsPx, rows)
          assert.equal(banded.result.multiplyAdds, whole.result.multiplyAdds)
          assert.ok(banded.pixels.equals(whole.pixels), `bands of ${rows} rows differ`)
        }
      } finally {
        engine.dispose()
      }
    })
  }
})
