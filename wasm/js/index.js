/**
 * index.js - what `import { createConverter } from 'photo2anime'` gives, in browsers and in Node
 *
 *   const converter = await createConverter()
 *   const { image } = await converter.convert(file, { style: 'miyazaki', output: 'blob' })
 *   converter.dispose()
 */
import { Converter } from './client.js'

export { P2AError } from './errors.js'

/**
 * Start a worker with the variant that runs best here.
 * @param {import('./client.js').ConverterOptions} [options]
 * @returns {Promise<Converter>} release with dispose()
 * @throws {import('./errors.js').P2AError} ARGUMENT, UNSUPPORTED, IO, MEMORY; or the signal's reason (AbortError)
 */
export async function createConverter(options = {}) {
  const converter = new Converter(options)
  try {
    await converter.open(options.signal)
    return converter
  } catch (error) {
    converter.dispose()
    throw error
  }
}
