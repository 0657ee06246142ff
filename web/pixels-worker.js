/* pixels-worker.js - {id, file, ratio, longest} -> {id, pixels}: a picture's file, cut and resized by the browser, as RGBA rows */

/**
 * @param {Blob} file
 * @param {number|undefined} ratio of width to height that is cut from the middle
 * @param {number|undefined} longest side of the result in pixels; its own size unless given
 */
async function read(file, ratio, longest) {
  const bitmap = await createImageBitmap(file)
  try {
    const cutWidth = ratio ? Math.min(bitmap.width, bitmap.height * ratio) : bitmap.width
    const cutHeight = ratio ? Math.min(bitmap.height, bitmap.width / ratio) : bitmap.height
    const scale = Math.min(1, (longest ?? Infinity) / Math.max(cutWidth, cutHeight))
    const width = Math.max(1, Math.round(cutWidth * scale))
    const height = Math.max(1, Math.round(cutHeight * scale))
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
    context.imageSmoothingQuality = 'high'
    context.drawImage(bitmap, (bitmap.width - cutWidth) / 2, (bitmap.height - cutHeight) / 2, cutWidth, cutHeight, 0, 0, width, height)
    return context.getImageData(0, 0, width, height)
  } finally {
    bitmap.close()
  }
}

onmessage = async ({ data: { id, file, ratio, longest } }) => {
  try {
    const pixels = await read(file, ratio, longest)
    postMessage({ id, pixels }, [pixels.data.buffer])
  } catch (error) {
    postMessage({ id, message: error.message })
  }
}
