/*
 * precision-runs.js - one style in f32 and in int8, in turns -> times; runs in Node and in a browser's worker
 *
 * The two precisions take turns, so that what else the machine does falls on both.
 */

/** A photo at the size of the run: cut off, and mirrored at the bottom where it is not high enough. int8's time depends on it a little: see nn/pairs.h. */
function photoOf(engine, file, width, height) {
  const photo = engine.decode(file)
  const source = engine.rgba(photo)
  engine.disposeImage(photo)
  if (photo.width < width || 2 * photo.height < height) throw new Error(`expected a photo of at least ${width}x${height / 2}, got ${photo.width}x${photo.height}`)
  const pixels = new Uint8Array(width * height * 4)
  for (let y = 0; y < height; y++) {
    const row = y < photo.height ? y : 2 * photo.height - 1 - y
    pixels.set(source.subarray(row * photo.width * 4, (row * photo.width + width) * 4), y * width * 4)
  }
  return engine.createImage(pixels, width, height, 4)
}

/**
 * @param {typeof import('../../wasm/js/engine.js').Engine} Engine
 * @param {{variant: 'simd'|'relaxed', threads: number, width: number, height: number, runs: number}} settings
 * @param {Record<'f32'|'int8'|'photo', Uint8Array>} files one style, and what it paints
 * @returns {Promise<Record<'f32'|'int8', {ms: number[], multiplyAdds: number, bare: number}>>}
 */
export async function compare(Engine, { variant, threads, width, height, runs }, files) {
  const engine = await Engine.create({ variant, threads })
  try {
    if (engine.info.threads !== threads) throw new Error(`expected ${threads} threads, got ${engine.info.threads}`)
    const picture = photoOf(engine, files.photo, width, height)
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
