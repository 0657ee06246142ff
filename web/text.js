/* text.js - the words of a language -> the elements that name them */
import { chinese } from './text-zh.js'
import { english } from './text-en.js'

/** @typedef {typeof english} Words */

const TEXTS = /** @type {{en: Words, zh: Words}} */ ({ en: english, zh: chinese })
const KEY = 'photo2anime.language'

/** @returns {'en'|'zh'} what was chosen before, else the browser's */
export function firstLanguage() {
  let saved = null
  try {
    saved = localStorage.getItem(KEY)
  } catch {
    /* storage can be forbidden: the browser's language is used */
  }
  return (saved ?? navigator.language).startsWith('zh') ? 'zh' : 'en'
}

/** @param {'en'|'zh'} language */
export function rememberLanguage(language) {
  try {
    localStorage.setItem(KEY, language)
  } catch {
    /* forbidden: it holds for this visit */
  }
}

/** @param {string} path "sliders.skin" @param {Words} words */
function wordAt(path, words) {
  return path.split('.').reduce((place, key) => place[key], words)
}

/**
 * Put the words of a language into every element with data-text or data-label.
 * @param {'en'|'zh'} language
 * @returns {Words}
 */
export function setLanguage(language) {
  const words = TEXTS[language]
  document.documentElement.lang = language
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = wordAt(element.dataset.text, words)
  for (const element of document.querySelectorAll('[data-label]')) element.setAttribute('aria-label', wordAt(element.dataset.label, words))
  const button = document.getElementById('language')
  button.textContent = words.otherLanguage
  button.lang = language === 'zh' ? 'en' : 'zh'
  return words
}
