/* app.js - the page: a photo, a style and a size -> a painted picture, with the worker doing the work */
import { createConverter } from './wasm/js/index.js'
import { createCompare } from './compare.js'
import { listenForPhotos, openPhoto } from './photo.js'
import { firstLanguage, rememberLanguage, setLanguage } from './text.js'

const at = (id) => document.getElementById(id)

let language = firstLanguage()
let words = setLanguage(language)
/** @type {import('./wasm/js/client.js').Converter|undefined} */
let converter
/** @type {import('./wasm/js/models.js').ModelEntry[]} */
let styles = []
/** @type {import('./wasm/js/models.js').ModelEntry[]} what finds and parses faces */
let faceNetworks = []
/** @type {import('./photo.js').Photo|undefined} */
let photo
/** @type {{blob: Blob, url: string, width: number, height: number, seconds: string, faces: number}|undefined} */
let result
/** @type {AbortController|undefined} */
let running

const compare = createCompare(
  { frame: at('compare'), range: at('split'), before: at('before'), after: at('after'), tags: [at('tag-before'), at('tag-after')] },
  (share) => words.compareValue(share)
)

/** Say it to a screen reader. */
function say(text) {
  at('status').textContent = text
}

function showError(error) {
  const text = words.errors[error.code] ?? words.failed
  at('error').textContent = `${text} (${error.message})`
  at('error').hidden = false
}

function clearError() {
  at('error').hidden = true
}

function chosenStyle() {
  return styles.find((entry) => entry.name === new FormData(at('panel')).get('style'))
}

/** The terms of all networks that would be used: one that forbids commercial use forbids it for the picture. */
function showLicense() {
  const entry = chosenStyle()
  if (!entry) return
  const used = [entry, ...(at('faces').checked && !at('face-choice').hidden ? faceNetworks : [])]
  const licences = new Set(used.map((one) => one.license))
  at('license').textContent = words.license(used.every((one) => one.commercial_use === 'yes'), [...licences].join('; '))
}

/** Radio buttons from models/manifest.json; what was chosen stays chosen. */
function showStyles() {
  const chosen = chosenStyle() ?? styles.find((entry) => entry.default) ?? styles[0]
  at('styles').replaceChildren(
    ...styles.map((entry) => {
      const input = Object.assign(document.createElement('input'), { type: 'radio', name: 'style', value: entry.name, checked: entry === chosen })
      const title = Object.assign(document.createElement('span'), { textContent: words.styleNames[entry.name] ?? entry.title })
      const label = Object.assign(document.createElement('label'), { className: 'choice' })
      label.append(input, title)
      return label
    })
  )
  showLicense()
}

function showBackend() {
  if (!converter) return
  const { variant, threads } = converter.info
  at('backend').textContent = words.backend(variant, threads)
  at('why').textContent = words.why(variant, globalThis.crossOriginIsolated === true)
  at('badge').hidden = false
}

function showCaption() {
  if (!photo) return
  const text = result
    ? words.finished(result.width, result.height, result.seconds, result.faces)
    : words.loaded(photo.name, photo.width, photo.height)
  at('caption').textContent = photo.byBrowser && !result ? `${text} (${words.byBrowser})` : text
}

function showButtons() {
  at('paint').disabled = !photo || !converter || styles.length === 0 || running !== undefined
  at('done').hidden = !result || running !== undefined
  at('another').hidden = !photo || running !== undefined
  at('working').hidden = running === undefined
}

function forgetResult() {
  if (result) URL.revokeObjectURL(result.url)
  result = undefined
  compare.hideResult()
}

/** @param {File} file */
async function usePhoto(file) {
  running?.abort()
  clearError()
  try {
    const opened = await openPhoto(file)
    forgetResult()
    if (photo) URL.revokeObjectURL(photo.url)
    photo = opened
    at('empty').hidden = true
    at('view').hidden = false
    compare.showPhoto(photo)
    showCaption()
    say(at('caption').textContent)
  } catch (error) {
    showError(error)
  }
  showButtons()
}

/** @param {import('./wasm/js/protocol.js').Progress} progress */
function showProgress({ stage, part }) {
  const percent = Math.round(part * 100)
  at('working-text').textContent = stage === 'paint' ? `${words.stages.paint}: ${percent} %` : words.stages[stage]
  if (stage === 'paint') at('progress').value = percent
}

async function paint() {
  if (!photo || !converter || running) return
  const controller = new AbortController()
  running = controller
  forgetResult()
  clearError()
  showCaption()
  at('progress').value = 0
  showProgress({ stage: 'load', part: 0 })
  showButtons()
  say(words.stages.paint)
  const width = new FormData(at('panel')).get('width')
  const start = performance.now()
  try {
    const made = await converter.convert(photo.input, {
      style: chosenStyle()?.name,
      width: width === 'original' ? 'original' : Number(width),
      faces: at('faces').checked,
      output: 'blob',
      signal: controller.signal,
      onProgress: showProgress
    })
    result = {
      blob: made.image,
      url: URL.createObjectURL(made.image),
      width: made.width,
      height: made.height,
      seconds: ((performance.now() - start) / 1000).toFixed(1),
      faces: made.faces.length
    }
    await compare.showResult(result.url, words.anime)
    showCaption()
    say(at('caption').textContent)
    keepForOffline()
  } catch (error) {
    if (controller.signal.aborted) say(words.cancelled)
    else showError(error)
  } finally {
    running = undefined
    showButtons()
    if (result) at('split').focus({ preventScroll: true })
  }
}

/** @param {'png'|'jpeg'} format */
async function download(format) {
  if (!result || !photo || !converter) return
  try {
    const blob = format === 'png' ? result.blob : (await converter.encode(result.blob, { format, quality: 92, output: 'blob' })).image
    const url = URL.createObjectURL(blob)
    const link = Object.assign(document.createElement('a'), { href: url, download: `${photo.name}-anime.${format === 'png' ? 'png' : 'jpg'}` })
    link.click()
    setTimeout(() => URL.revokeObjectURL(url), 60_000)
  } catch (error) {
    showError(error)
  }
}

function switchLanguage() {
  language = language === 'en' ? 'zh' : 'en'
  rememberLanguage(language)
  words = setLanguage(language)
  showStyles()
  showBackend()
  showCaption()
  compare.update()
  clearError()
}

/** Keep what this visit used, so that the next one needs no network. */
async function keepForOffline() {
  if (!navigator.serviceWorker || !converter) return
  const { variant, threads } = converter.info
  const name = `wasm/dist/p2a-${variant}${threads > 1 ? '-threads' : ''}`
  const files = [`${name}.mjs`, `${name}.wasm`, ...[chosenStyle(), ...faceNetworks].map((entry) => `models/${entry.file}`)]
  try {
    await navigator.serviceWorker.register('service-worker.js')
    const { active } = await navigator.serviceWorker.ready
    active.postMessage({ files })
  } catch {
    /* a private window, or a host without https: the page works with the network only */
  }
}

async function start() {
  try {
    converter = await createConverter()
    showBackend()
    const models = await converter.models()
    styles = models.filter((entry) => entry.kind === 'generator' && entry.use === 'scenes')
    faceNetworks = models.filter((entry) => entry.kind === 'detector' || entry.kind === 'parser')
    at('face-choice').hidden = !faceNetworks.some((entry) => entry.kind === 'detector') || !faceNetworks.some((entry) => entry.kind === 'parser')
    showStyles()
    keepForOffline()
  } catch (error) {
    showError(error)
  }
  showButtons()
}

navigator.serviceWorker?.addEventListener('message', ({ data }) => {
  at('offline').hidden = !data.kept
})
listenForPhotos(at('file'), at('stage'), usePhoto)
at('panel').addEventListener('submit', (event) => {
  event.preventDefault()
  paint()
})
for (const id of ['styles', 'faces']) at(id).addEventListener('change', showLicense)
at('cancel').addEventListener('click', () => running?.abort())
at('png').addEventListener('click', () => download('png'))
at('jpeg').addEventListener('click', () => download('jpeg'))
at('another').addEventListener('click', () => at('file').click())
at('language').addEventListener('click', switchLanguage)
start()
