/* app.js - the page: photos, a style and a size -> painted pictures, with the worker doing the work */
import { createConverter } from './wasm/js/index.js'
import { createCamera } from './camera.js'
import { createChoices } from './choices.js'
import { createCompare } from './compare.js'
import { keepForOffline, variantFiles } from './offline.js'
import { paintMany, paintOne } from './paint.js'
import { closePhoto, listenForPhotos, openPhoto } from './photo.js'
import { savePicture, saveZip } from './save.js'
import { firstLanguage, rememberLanguage, setLanguage } from './text.js'
import { createThumbnails } from './thumbnails.js'
import { createTraffic } from './traffic.js'
import { createTray } from './tray.js'

const at = (id) => document.getElementById(id)

let language = firstLanguage()
let words = setLanguage(language)
/** @type {import('./wasm/js/client.js').Converter|undefined} */
let converter
/** @type {import('./photo.js').Photo[]} */
let photos = []
/** @type {import('./photo.js').Photo|undefined} */
let selected
/** @type {AbortController|undefined} */
let running

const traffic = createTraffic(at)
const compare = createCompare(at)
const choices = createChoices(at, () => {
  camera.setStyle(choices.options().style)
  showParts()
  showThumbnails()
})
const thumbnails = createThumbnails((name) => at(`thumbnail-${name}`))
const tray = createTray(at('items'), { select, remove })
const camera = createCamera(at, { onError: showError, onPicture: (file) => usePhotos([file]), onChange: showParts })

/** Say it to a screen reader. */
function say(text) {
  at('status').textContent = text
}

/** On a phone the buttons may be pages below what they do. */
const showStage = () => at('stage').scrollIntoView({ block: 'nearest' })

function showError(error) {
  const text = words.errors[error.code] ?? words.failed
  at('error').textContent = `${text} (${error.message})`
  at('error').hidden = false
  showStage()
}

function clearError() {
  at('error').hidden = true
}

/** @param {import('./photo.js').Photo} photo */
const isPainted = (photo) => photo.result?.madeWith === choices.key()

function showBackend() {
  if (!converter) return
  const { variant, threads } = converter.info
  at('backend').textContent = words.backend(variant, threads, selected?.result?.backend.precision)
  at('why').textContent = words.why(variant, globalThis.crossOriginIsolated === true)
  at('badge').hidden = false
}

function showCaption() {
  if (!selected) return
  const { result, name, width, height, byBrowser } = selected
  const text = result ? words.finished(result.width, result.height, result.seconds, result.faces) : words.loaded(name, width, height)
  at('caption').textContent = byBrowser && !result ? `${text} (${words.byBrowser})` : text
}

function showTray() {
  const done = photos.filter((photo) => photo.result).length
  const missing = photos.filter((photo) => !isPainted(photo)).length
  at('tray').hidden = photos.length < 2
  at('tray-title').textContent = words.tray(photos.length, done)
  at('paint-all').textContent = words.paintAll(missing)
  at('paint-all').disabled = !converter || running !== undefined || missing === 0
  at('zip').disabled = running !== undefined || done === 0
  tray.show(photos, { selected, words, busy: running !== undefined })
}

/** Which parts of the page are there, and which buttons can be pressed. */
function showParts() {
  const busy = running !== undefined
  at('empty').hidden = Boolean(selected) || camera.on
  at('view').hidden = !selected || camera.on
  at('paint').disabled = !selected || !converter || choices.styles.length === 0 || busy || camera.on
  at('done').hidden = !selected?.result || busy || camera.on
  at('next').hidden = !selected || busy || camera.on
  at('working').hidden = !busy
  /* the next thing to do stands out: painting, or taking home what is painted */
  const painted = Boolean(selected) && isPainted(selected)
  at('paint').classList.toggle('primary', !painted)
  at('png').classList.toggle('primary', painted)
  for (const id of ['camera-start', 'camera-again']) at(id).hidden = !camera.available || !converter
  showTray()
}

async function showSelected() {
  showParts()
  showCaption()
  showBackend()
  if (selected) await compare.show(selected)
}

function showThumbnails() {
  if (!converter || !selected || running || camera.on) return
  /* each style is a file of megabytes: where data is dear, only those that are asked for */
  const names = navigator.connection?.saveData ? choices.used().filter((entry) => entry.kind === 'generator') : choices.styles
  thumbnails.show(converter, selected, names.map((entry) => entry.name))
}

/** @param {import('./photo.js').Photo} photo */
async function select(photo) {
  selected = photo
  clearError()
  await showSelected()
  say(at('caption').textContent)
  showThumbnails()
}

/** @param {import('./photo.js').Photo} photo */
function remove(photo) {
  const index = photos.indexOf(photo)
  photos = photos.filter((one) => one !== photo)
  closePhoto(photo)
  if (photo === selected) select(photos[Math.min(index, photos.length - 1)])
  else showParts()
  at('items').querySelectorAll('.open')[Math.min(index, photos.length - 1)]?.focus()
}

/** @param {File[]} files */
async function usePhotos(files) {
  running?.abort()
  camera.stop()
  clearError()
  let first
  for (const file of files) {
    try {
      const photo = await openPhoto(file)
      photos.push(photo)
      first ??= photo
      if (first === photo) await select(photo)
      else showParts()
    } catch (error) {
      showError(error)
    }
  }
  showParts()
}

/** @param {import('./paint.js').Step} step @param {number} [number] of count photos @param {number} [count] */
function showStep({ stage, part }, number, count) {
  const percent = Math.round(part * 100)
  const text = stage === 'paint' ? `${words.stages.paint}: ${percent} %` : words.stages[stage]
  at('working-text').textContent = count ? words.ofMany(number, count, text) : text
  if (stage === 'paint') at('progress').value = percent
}

/**
 * What running a conversion needs before and after it.
 * @param {(signal: AbortSignal) => Promise<void>} work
 */
async function run(work) {
  if (!converter || running) return
  const controller = new AbortController()
  running = controller
  camera.stop()
  thumbnails.stop()
  clearError()
  at('progress').value = 0
  showStep({ stage: 'load', part: 0 })
  say(words.stages.paint)
  try {
    const working = work(controller.signal)
    await showSelected()
    showStage()
    await working
    keepUsed()
  } catch (error) {
    if (controller.signal.aborted) say(words.cancelled)
    else showError(error)
  } finally {
    running = undefined
    await showSelected()
    showThumbnails()
  }
}

async function paint() {
  const photo = selected
  if (!photo) return
  await run(async (signal) => {
    await paintOne(converter, photo, choices.options(), { signal, madeWith: choices.key(), onStep: showStep, onPreview: () => photo === selected && compare.show(photo) })
    if (photo === selected) await showSelected()
    say(at('caption').textContent)
  })
  if (photo === selected && photo.result) compare.focus()
}

async function paintAll() {
  const waiting = photos.filter((photo) => !isPainted(photo))
  await run(async (signal) => {
    await paintMany(converter, waiting, choices.options(), {
      signal,
      madeWith: choices.key(),
      onStep: (number, step) => showStep(step, number, waiting.length),
      onPhoto: (photo) => {
        showTray()
        if (photo === selected && photo.result) showSelected()
      }
    })
    say(at('tray-title').textContent)
  })
}

/** @param {() => Promise<void>} save */
async function trySaving(save) {
  clearError()
  try {
    await save()
  } catch (error) {
    showError(error)
  }
}

async function useSample() {
  const response = await fetch('sample.jpg')
  usePhotos([new File([await response.blob()], 'lake-sherburne.jpg', { type: 'image/jpeg' })])
}

function switchLanguage() {
  language = language === 'en' ? 'zh' : 'en'
  rememberLanguage(language)
  showWords()
  clearError()
}

function showWords() {
  words = setLanguage(language)
  for (const part of [choices, compare, camera, traffic]) part.setWords(words)
  showBackend()
  showParts()
  showCaption()
}

/** Keep what this visit used, so that the next one needs no network. */
async function keepUsed() {
  if (!converter) return
  const kept = await keepForOffline(variantFiles(converter.info)) /* the networks are kept by the converter */
  at('offline').hidden = !kept
}

/** Fetch what the first photo will need, so that nothing is fetched after it is chosen; where data is dear, only then. */
async function warmUp() {
  if (navigator.connection?.saveData) return
  const { style, faces } = choices.options()
  await converter.convert(new ImageData(32, 32), { style, faces, output: 'imagedata' })
}

async function start() {
  try {
    converter = await createConverter()
    showBackend()
    choices.setModels(await converter.models())
    showParts()
    await warmUp()
    await keepUsed()
    traffic.markReady()
    showThumbnails()
  } catch (error) {
    showError(error)
  }
  showParts()
}

listenForPhotos(at('file'), at('stage'), usePhotos)
at('panel').addEventListener('submit', (event) => {
  event.preventDefault()
  paint()
})
at('cancel').addEventListener('click', () => running?.abort())
at('png').addEventListener('click', () => trySaving(() => savePicture(converter, selected, 'png')))
at('jpeg').addEventListener('click', () => trySaving(() => savePicture(converter, selected, 'jpeg')))
at('another').addEventListener('click', () => at('file').click())
at('sample').addEventListener('click', () => trySaving(useSample))
at('paint-all').addEventListener('click', paintAll)
at('zip').addEventListener('click', () =>
  trySaving(async () => {
    const done = photos.filter((photo) => photo.result)
    await saveZip(converter, done, at('zip-format').value)
    say(words.zipDone(done.length))
  })
)
for (const id of ['camera-start', 'camera-again']) at(id).addEventListener('click', () => {
  running?.abort()
  thumbnails.stop()
  clearError()
  camera.start(converter, choices.options().style)
  showStage()
})
at('language').addEventListener('click', switchLanguage)
showWords()
start()
