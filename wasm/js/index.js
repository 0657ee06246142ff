/**
 * index.js - what `import { createConverter } from 'photo2anime'` gives, in browsers and in Node
 *
 *   const converter = await createConverter()
 *   const { image } = await converter.convert(file, { style: 'miyazaki', output: 'blob' })
 *   await converter.dispose()
 */
import { Converter as Client } from './client.js'

export { P2AError } from './errors.js'

/** @typedef {import('./client.js').Converter} Converter what createConverter() makes */
/** @typedef {import('./client.js').ConverterOptions} ConverterOptions */
/** @typedef {import('./client.js').ConvertOptions} ConvertOptions */
/** @typedef {import('./client.js').ConvertResult} ConvertResult */
/** @typedef {import('./options.js').FaceOptions} FaceOptions */
/** @typedef {import('./input.js').Input} Input */
/** @typedef {import('./input.js').Frame} Frame */
/** @typedef {import('./video.js').VideoSession} VideoSession */
/** @typedef {import('./video.js').VideoOptions} VideoOptions */
/** @typedef {import('./models.js').ModelEntry} ModelEntry */
/** @typedef {import('./errors.js').P2AErrorCode} P2AErrorCode */

/**
 * Start a worker with the variant that runs best here.
 * @param {ConverterOptions} [options]
 * @returns {Promise<Converter>} release with dispose()
 * @throws {import('./errors.js').P2AError} ARGUMENT, UNSUPPORTED, IO, MODEL, MEMORY; or the signal's reason (AbortError)
 */
export async function createConverter(options = {}) {
  const converter = new Client(options)
  try {
    await converter.open(options.signal)
    return converter
  } catch (error) {
    await converter.dispose()
    throw error
  }
}
