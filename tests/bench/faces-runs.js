/*
 * faces-runs.js - a photo's part, enlarged, with one face -> milliseconds of each step; runs in Node and in a browser's worker
 */

/** A square of a picture, [left, top, side], at side x side pixels, bilinear. */
function enlarge(engine, picture, [left, top, own], side) {
  const pixels = engine.pixels(picture)
  const channels = picture.channels
  const made = new Uint8Array(side * side * 3)
  for (let y = 0, i = 0; y < side; y++) {
    const v = top + ((y + 0.5) * own) / side - 0.5
    for (let x = 0; x < side; x++) {
      const u = left + ((x + 0.5) * own) / side - 0.5
      const at = (Math.floor(v) * picture.width + Math.floor(u)) * channels
      const [fu, fv] = [u - Math.floor(u), v - Math.floor(v)]
      for (let c = 0; c < 3; c++, i++) {
        const above = pixels[at + c] * (1 - fu) + pixels[at + channels + c] * fu
        const below = pixels[at + picture.width * channels + c] * (1 - fu) + pixels[at + (picture.width + 1) * channels + c] * fu
        made[i] = above * (1 - fv) + below * fv
      }
    }
  }
  return engine.createImage(made, side, side, 3)
}

/**
 * @param {typeof import('../../wasm/js/engine.js').Engine} Engine
 * @param {{variant: 'simd'|'relaxed', threads: number, side: number, runs: number, squares: Record<'face'|'none', number[]>}} settings
 *   squares: [left, top, side] of the photo with one face and with none
 * @param {Record<'photo'|'detector'|'parser'|'f32'|'int8', Uint8Array>} files
 * @returns {Promise<Record<'face'|'none', Record<'f32'|'int8', Record<string, number>[]>>>} p2a_result of each run
 */
export async function measure(Engine, { variant, threads, side, runs, squares }, files) {
  const engine = await Engine.create({ variant, threads })
  try {
    if (engine.info.threads !== threads) throw new Error(`expected ${threads} threads, got ${engine.info.threads}`)
    const photo = engine.decode(files.photo)
    const faceModels = { detector: engine.loadModel(files.detector), parser: engine.loadModel(files.parser) }
    const styles = { f32: engine.loadModel(files.f32), int8: engine.loadModel(files.int8) }
    const results = {}
    for (const [name, square] of Object.entries(squares)) {
      const picture = enlarge(engine, photo, square, side)
      results[name] = { f32: [], int8: [] }
      for (let run = -1; run < runs; run++) { /* the first warms up */
        for (const precision of ['f32', 'int8']) {
          const { picture: made, result } = engine.convert(styles[precision], picture, { faceModels })
          engine.disposeImage(made)
          if (result.faceCount !== (name === 'face' ? 1 : 0)) throw new Error(`expected one face and none, got ${result.faceCount} in ${name}`)
          if (run >= 0) results[name][precision].push(result)
        }
      }
      engine.disposeImage(picture)
    }
    return results
  } finally {
    engine.dispose()
  }
}
