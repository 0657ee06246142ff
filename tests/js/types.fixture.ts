/* types.fixture.ts - a program that uses the types of the package; package.test.js compiles it */
import { createConverter, P2AError, type ConvertOptions, type Converter } from 'photo2anime'
import { Engine } from 'photo2anime/engine'

await using converter: Converter = await createConverter({ threads: 'auto', variant: 'auto', memoryLimit: 2 ** 28, maxPixels: 1e7 })
const options: ConvertOptions = { blend: { anime: 0.4, miyazaki: 0.6 }, width: 1024, faces: { character: 0.5 }, hairColor: '#336699' }
const bytes: Uint8Array = (await converter.convert('photo.jpg')).image
const blob: Blob = (await converter.convert(new Blob([]), { output: 'blob', format: 'jpeg' })).image
const made = await converter.convert(new URL('https://example.org/photo.png'), { ...options, output: 'imagedata' })
const numbers: number[] = [made.image.data[0], made.width, made.faces[0].box[0], made.timings.total, made.peakBytes, bytes.length, blob.size]
const codes: string[] = made.warnings
for await (const { index, result, error } of converter.convertMany([bytes, blob], { output: 'blob' })) {
  if (error instanceof P2AError && error.code === 'IMAGE') console.log(index, error.fatal)
  else console.log(result?.image.type)
}
const session = await converter.createVideoSession({ width: 640, height: 480, style: 'anime' })
const frame = await session.process(made.image)
console.log(numbers, codes, frame?.image.data.length, session.info.live, (await converter.estimate({ width: 9, height: 9 })).seconds)
await session.close()
const engine: Engine = await Engine.create()
engine.dispose()

// @ts-expect-error a width is a number or 'original'
await converter.convert(bytes, { width: 'wide' })
// @ts-expect-error an output is one of three
await converter.convert(bytes, { output: 'canvas' })
// @ts-expect-error a number is no picture
await converter.convert(42)
// @ts-expect-error bytes are no Blob
const wrong: Blob = (await converter.convert(bytes)).image
// @ts-expect-error a session needs a height
await converter.createVideoSession({ width: 640 })
// @ts-expect-error no such option
await createConverter({ colour: 'red' })
console.log(wrong)
