/* choices.js - the panel's controls -> the options of a conversion */

/** @typedef {import('./wasm/js/models.js').ModelEntry} ModelEntry */
/** @typedef {import('./text.js').Words} Words */

/** Name, range, step and default are those of ConvertOptions in wasm/js/client.js. */
const SLIDERS = [
  { name: 'edgePreserve', group: 'picture', min: 0.5, max: 1.5, step: 0.05, value: 1, unit: 'percent' },
  { name: 'colorShift', group: 'picture', min: 0, max: 1, step: 0.05, value: 1, unit: 'percent' }
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
  const used = () => [style(), other(), ...(paintsFaces() ? faceNetworks : [])].filter(Boolean)
  const paintsFaces = () => at('faces').checked && !at('face-choice').hidden

  const makeSliders = () => {
    for (const group of new Set(SLIDERS.map((slider) => slider.group))) {
      const fieldset = make('fieldset', {}, make('legend', { data: { text: `groups.${group}` } }))
      fieldset.append(...SLIDERS.filter((slider) => slider.group === group).map(makeSlider))
      at('sliders').append(fieldset)
    }
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
  const update = () => {
    if (!style()) return
    for (const option of at('mix-style').options) option.hidden = option.value === style().name
    if (value('mixStyle') === style().name) at('mix-style').value = ''
    showMix()
    showLicense()
    showSliders()
  }

  makeSliders()
  form.addEventListener('input', () => {
    update()
    changed()
  })
  at('reset').addEventListener('click', () => {
    for (const { name, value: usual } of SLIDERS) at(`slider-${name}`).value = String(usual)
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
      faceNetworks = manifest.filter((entry) => entry.kind === 'detector' || entry.kind === 'parser')
      at('face-choice').hidden = new Set(faceNetworks.map((entry) => entry.kind)).size < 2
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
      return {
        style: mixed ?? style()?.name,
        width: width === 'original' ? 'original' : Number(width),
        faces: paintsFaces(),
        ...Object.fromEntries(SLIDERS.map(({ name }) => [name, Number(at(`slider-${name}`).value)]))
      }
    },
    /** @returns {string} the same for the same options */
    key() {
      return JSON.stringify(this.options())
    }
  }
}
