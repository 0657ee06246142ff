/* many.mjs - small pictures through convertMany(), one after another, and each by a fresh converter: pictures a second */
import process from 'node:process'
import { fileURLToPath } from 'node:url'

import { createConverter } from '../../wasm/js/index.js'
import { difference, madePixels } from '../js/pictures.js'

const SIZE_PX = 256

/** Pictures that differ: the same slopes, shifted. */
function makePictures(count, size = SIZE_PX) {
  const wide = madePixels(size + count, size, 4)
  return Array.from({ length: count }, (_, i) => {
    const data = new Uint8ClampedArray(size * size * 4)
    for (let y = 0; y < size; y++) data.set(wide.subarray(4 * (y * (size + count) + i), 4 * (y * (size + count) + i + size)), 4 * y * size)
    return { data, width: size, height: size }
  })
}

/**
 * @param {number} count of pictures
 * @param {import('../../wasm/js/client.js').ConverterOptions} options
 * @returns {Promise<{fresh: number, each: number, many: number, busyGain: number, unequal: string[]}>} seconds of all pictures; how many times the processor time
 *   of convertMany() fresh converters take, which other programs do not change; where a way gives other pixels than a fresh converter
 */
export async function measureMany(count, options) {
  const pictures = makePictures(count)
  const how = { output: 'imagedata' }
  const timed = async (work) => {
    const [start, used] = [performance.now(), process.cpuUsage()]
    const images = await work()
    const { user, system } = process.cpuUsage(used)
    return { seconds: (performance.now() - start) / 1000, busy: user + system, images }
  }
  const fresh = await timed(async () => {
    const images = []
    for (const picture of pictures) {
      const converter = await createConverter(options)
      images.push((await converter.convert(picture, how)).image.data)
      await converter.dispose()
    }
    return images
  })
  const converter = await createConverter(options)
  const each = await timed(async () => {
    const images = []
    for (const picture of pictures) images.push((await converter.convert(picture, how)).image.data)
    return images
  })
  await converter.dispose()
  const many = await timed(async () => {
    const own = await createConverter(options)
    const images = []
    for await (const { result } of own.convertMany(pictures, how)) images.push(result.image.data)
    await own.dispose()
    return images
  })
  const unequal = []
  for (const [way, { images }] of Object.entries({ each, many })) {
    for (const [i, image] of images.entries()) {
      const { max, mean } = difference(image, fresh.images[i])
      if (max > 0) unequal.push(`picture ${i}, ${way}: largest difference ${max}, mean ${mean}`)
    }
  }
  return { fresh: fresh.seconds, each: each.seconds, many: many.seconds, busyGain: fresh.busy / many.busy, unequal }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const count = Number(process.argv[2] ?? 32)
  for (const [variant, threads] of [['relaxed', 2], ['relaxed', 1]]) {
    const { fresh, each, many, unequal } = await measureMany(count, { variant, threads })
    const row = (name, seconds) => `${name}: ${seconds.toFixed(2)} s, ${(count / seconds).toFixed(1)} pictures a second, ${(fresh / seconds).toFixed(2)} times a fresh converter each`
    console.log(`${variant}, ${threads} threads, ${count} pictures of ${SIZE_PX}x${SIZE_PX}, Node ${process.version}; pixel-equal: ${unequal.length === 0}`)
    for (const line of [row('a fresh converter each', fresh), row('convert() one after another', each), row('convertMany(), its converter included', many)]) console.log(`  ${line}`)
  }
}
