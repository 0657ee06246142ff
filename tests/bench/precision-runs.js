/*
 * precision-runs.js - one style in f32 and in int8, in turns -> times; runs in Node and in a browser's worker
 *
 * The two precisions take turns, so that what else the machine does falls on both.
 */

/** A photo-like picture: slopes, edges and grain. The network's time does not depend on it. */
function photo(engine, width, height) {
  const pixels = new Uint8Array(width * height * 3)
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const tile = ((x >> 5) ^ (y >> 5)) & 1
      for (let c = 0; c < 3; c++) pixels[i++] = ((x * (c + 1) + y * (3 - c)) / 9 + tile * 80 + ((x * 7919 + y * 104729) % 13)) & 255
    }
  }
  return engine.createImage(pixels, width, height, 3)
}

/**
 * @param {typeof import('../../wasm/js/engine.js').Engine} Engine
 * @param {{variant: 'simd'|'relaxed', threads: number, width: number, height: number, runs: number}} settings
 * @param {Record<'f32'|'int8', Uint8Array>} files of one style
 * @returns {Promise<Record<'f32'|'int8', {ms: number[], multiplyAdds: number, bare: number}>>}
 */
export async function compare(Engine, { variant, threads, width, height, runs }, files) {
  const engine = await Engine.create({ variant, threads })
  try {
    if (engine.info.threads !== threads) throw new Error(`expected ${threads} threads, got ${engine.info.threads}`)
    const picture = photo(engine, width, height)
    const results = {}
    const models = {}
    for (const precision of ['f32', 'int8']) {
      models[precision] = engine.loadModel(files[precision])
      results[precision] = { ms: [], multiplyAdds: 0, bare: engine.measure(precision) }
    }
    for (let run = -1; run < runs; run++) { /* the first warms up */
      for (const precision of ['f32', 'int8']) {
        const { picture: made, result } = engine.convert(models[precision], picture)
        engine.disposeImage(made)
        results[precision].multiplyAdds = result.multiplyAdds
        if (run >= 0) results[precision].ms.push(result.sceneMs)
      }
    }
    return results
  } finally {
    engine.dispose()
  }
}
