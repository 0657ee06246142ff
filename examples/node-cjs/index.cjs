// node index.cjs photo.jpg anime.png: CommonJS reaches an ES module by import()
const { writeFile } = require('node:fs/promises')

async function main([photo, out]) {
  const { createConverter } = await import('photo2anime')
  const converter = await createConverter()
  const { image, width, height, faces } = await converter.convert(photo, { style: 'anime', width: 200 })
  await writeFile(out, image)
  await converter.dispose()
  console.log(`${width}x${height}, ${faces.length} faces`)
}

main(process.argv.slice(2))
