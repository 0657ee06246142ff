// node index.mjs photo.jpg anime.png
import { writeFile } from 'node:fs/promises'
import { createConverter } from 'photo2anime'

const [, , photo, out] = process.argv
const converter = await createConverter()
const { image, width, height, faces } = await converter.convert(photo, { style: 'anime', width: 200 })
await writeFile(out, image)
await converter.dispose()
console.log(`${width}x${height}, ${faces.length} faces`)
