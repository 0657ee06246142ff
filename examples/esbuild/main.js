import { createConverter } from 'photo2anime'

// the wasm files and the models are not bundled: they lie beside the page, and are fetched when they are needed
const converter = await createConverter({
  assets: new URL('photo2anime/wasm/', document.baseURI),
  models: new URL('photo2anime/models/', document.baseURI)
})
document.getElementById('photo').addEventListener('change', async ({ target }) => {
  const { image } = await converter.convert(target.files[0], { style: 'anime', width: 200, output: 'blob' })
  document.getElementById('anime').src = URL.createObjectURL(image)
})
document.documentElement.dataset.ready = converter.info.variant
