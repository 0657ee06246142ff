/* choices.js - the panel's controls -> the options of a conversion */

/** @typedef {import('./wasm/js/models.js').ModelEntry} ModelEntry */
/** @typedef {import('./text.js').Words} Words */

/** Name, range, step and default are those of ConvertOptions in wasm/js/client.js. */
const SLIDERS = [
  { name: 'edgePreserve', group: 'picture', min: 0.5, max: 1.5, step: 0.05, value: 1, unit: 'percent' },
  { name: 'colorShift', group: 'picture', min: 0, max: 1, step: 0.05, value: 1, unit: 'percent' },
  { name: 'character', group: 'faces', min: 0, max: 1, step: 0.05, value: 0, unit: 'percent' },
  { name: 'skin', group: 'faces', min: 0, max: 1, step: 0.05, value: 0.5, unit: 'percent' },
  { name: 'eyes', group: 'faces', min: 0, max: 1, step: 0.05, value: 0.5, unit: 'percent' },
  { name: 'lips', group: 'faces', min: 0, max: 1, step: 0.05, value: 0.5, unit: 'percent' },
  { name: 'strength', group: 'faces', min: 0, max: 1, step: 0.05, value: 1, unit: 'percent' },
  { name: 'minPx', group: 'faces', min: 8, max: 128, step: 4, value: 16, unit: 'pixels' }
]
/** Parts of the painted faces that can be given a colour, and the one that is offered first. */
const COLORS = [
  { name: 'hairColor', value: '#6b4ea0' },
  { name: 'lipColor', value: '#c8454f' },
  { name: 'eyeColor', value: '#2f7fc4' },
  { name: 'clothColor', value: '#2c8f7b' }
]

/** @param {string} tag @param {Record<string, any>} properties @param {...(Node|string)} children */
function make(tag, properties, ...children) {
  const { data = {}, ...rest } = properties
  const element = Object.assign(document.createElement(tag), rest)
  Object.assign(element.dataset, data)
  element.append(...children)
  return element
}

function makeSlider({ name, min, max, step, value }) {
  const id = `slider-${name}`
  return make(
    'div', { className: 'slider' },
    make('label', { htmlFor: id, data: { text: `sliders.${name}` } }),
    make('output', { htmlFor: id, id: `${id}-text` }),
    make('input', { type: 'range', id, name, min, max, step, defaultValue: value })
  )
}

function makeColor({ name, value }) {
  return make(
    'div', { className: 'color' },
    make('input', { type: 'checkbox', id: `use-${name}` }),
    make('label', { htmlFor: `use-${name}`, data: { text: `colors.${name}` } }),
    make('input', { type: 'color', id: `color-${name}`, defaultValue: value })
  )
}

/**
 * @param {(id: string) => any} at an element by its id
 * @param {() => void} changed a choice
 */
export function createChoices(at, changed) {
  const form = at('panel')
  /** @type {Words} */
  let words
  /** @type {ModelEntry[]} */
  let styles = []
  /** @type {ModelEntry[]} what finds and parses faces */
  let faceNetworks = []

  const value = (name) => new FormData(form).get(name)
  const style = () => styles.find((entry) => entry.name === value('style'))
  const other = () => styles.find((entry) => entry.name === value('mixStyle') && entry !== style())
  const title = (entry) => words.styleNames[entry.name] ?? entry.title
  /** The networks that a conversion would use now. */
  const used = () => [style(), other(), ...(paintsFaces() ? faceNetworks.filter((entry) => entry.kind !== 'generator' || amount('character') > 0) : [])].filter(Boolean)
  const amount = (name) => Number(at(`slider-${name}`).value)
  const amounts = (group) => Object.fromEntries(SLIDERS.filter((slider) => slider.group === group).map(({ name }) => [name, amount(name)]))
  const paintsFaces = () => at('faces').checked && !at('face-choice').hidden

  const makeSliders = () => {
    for (const group of new Set(SLIDERS.map((slider) => slider.group))) {
      const fieldset = make('fieldset', {}, make('legend', { data: { text: `groups.${group}` } }))
      fieldset.append(...SLIDERS.filter((slider) => slider.group === group).map(makeSlider))
      fieldset.id = `group-${group}`
      at('sliders').append(fieldset)
    }
    at('sliders').append(make('fieldset', { id: 'group-colors' }, make('legend', { data: { text: 'groups.colors' } }), ...COLORS.map(makeColor)))
  }

  /** The terms of all networks that would be used: one that forbids commercial use forbids it for the picture. */
  const showLicense = () => {
    const all = used()
    at('license').textContent = words.license(all.every((entry) => entry.commercial_use === 'yes'))
    at('license-text').replaceChildren(...all.map((entry) => make('span', { textContent: `${entry.title}: ${entry.license}` })))
  }
  const showMix = () => {
    const share = Number(value('mixShare'))
    at('mix-amount').hidden = !other()
    if (other()) {
      const text = words.mixValue(title(style()), share, title(other()))
      at('mix-text').textContent = text
      at('mix-share').setAttribute('aria-valuetext', text)
    }
  }
  const showSliders = () => {
    for (const { name, unit } of SLIDERS) {
      const input = at(`slider-${name}`)
      const text = words[unit](Number(input.value))
      at(`slider-${name}-text`).textContent = text
      input.setAttribute('aria-valuetext', text)
    }
  }
  const showColors = () => {
    for (const { name } of COLORS) {
      at(`color-${name}`).disabled = !at(`use-${name}`).checked
      at(`color-${name}`).setAttribute('aria-label', words.colorOf(words.colors[name]))
    }
    for (const group of ['faces', 'colors']) at(`group-${group}`).hidden = !paintsFaces()
  }
  const update = () => {
    if (!style()) return
    for (const option of at('mix-style').options) option.hidden = option.value === style().name
    if (value('mixStyle') === style().name) at('mix-style').value = ''
    showMix()
    showLicense()
    showSliders()
    showColors()
  }

  makeSliders()
  form.addEventListener('input', () => {
    update()
    changed()
  })
  at('reset').addEventListener('click', () => {
    for (const { name, value: usual } of SLIDERS) at(`slider-${name}`).value = String(usual)
    for (const { name } of COLORS) at(`use-${name}`).checked = false
    update()
    changed()
  })

  /** Radio buttons and the list to mix with; what was chosen stays chosen. */
  const showStyles = () => {
    const chosen = style() ?? styles.find((entry) => entry.default) ?? styles[0]
    const mixed = value('mixStyle')
    for (const entry of styles) {
      const known = at(`tile-${entry.name}`)
      if (known) {
        known.textContent = title(entry)
        continue
      }
      at('styles').append(
        make(
          'label', { className: 'tile' },
          make('input', { type: 'radio', name: 'style', value: entry.name, checked: entry === chosen }),
          make('canvas', { width: 4, height: 3, id: `thumbnail-${entry.name}`, ariaHidden: 'true', data: { style: entry.name } }),
          make('span', { id: `tile-${entry.name}`, textContent: title(entry) })
        )
      )
    }
    at('mix-style').replaceChildren(
      make('option', { value: '', textContent: words.mixNone }),
      ...styles.map((entry) => make('option', { value: entry.name, textContent: title(entry), selected: entry.name === mixed }))
    )
    at('mix').hidden = styles.length < 2
  }

  return {
    /** @param {ModelEntry[]} manifest */
    setModels(manifest) {
      styles = manifest.filter((entry) => entry.kind === 'generator' && entry.use === 'scenes')
      faceNetworks = manifest.filter((entry) => entry.kind === 'detector' || entry.kind === 'parser' || entry.use === 'faces')
      at('face-choice').hidden = !['detector', 'parser'].every((kind) => faceNetworks.some((entry) => entry.kind === kind))
      showStyles()
      update()
    },
    /** @param {Words} next */
    setWords(next) {
      words = next
      if (styles.length > 0) showStyles()
      update()
    },
    get styles() {
      return styles
    },
    used,
    /** @returns {import('./wasm/js/client.js').ConvertOptions} */
    options() {
      const share = Number(value('mixShare')) / 100
      const mixed = other() && `${style().name}=${share.toFixed(2)},${other().name}=${(1 - share).toFixed(2)}`
      const width = value('width')
      const scene = { style: mixed ?? style()?.name, width: width === 'original' ? 'original' : Number(width), ...amounts('picture') }
      if (!paintsFaces()) return { ...scene, faces: false }
      const colors = COLORS.filter(({ name }) => at(`use-${name}`).checked).map(({ name }) => [name, at(`color-${name}`).value])
      return { ...scene, faces: amounts('faces'), ...Object.fromEntries(colors) }
    },
    /** @returns {string} the same for the same options */
    key() {
      return JSON.stringify(this.options())
    }
  }
}
