/* text.js - every word of the page, in English and Chinese, and putting them in place */

const TEXTS = {
  en: {
    tagline: 'Your photo becomes anime, on this device. Nothing is uploaded.',
    otherLanguage: '中文',
    stage: 'Photo',
    drop: 'Drop a photo here, or paste one',
    choose: 'Choose a photo',
    formats: 'JPEG or PNG up to 100 megapixels, and whatever else this browser can open.',
    photo: 'Photo',
    anime: 'Anime',
    compare: 'Compare photo and anime',
    compareValue: (share) => `${share} % photo, ${100 - share} % anime`,
    style: 'Style',
    styleNames: { miyazaki: 'Miyazaki', shinkai: 'Shinkai', anime: 'Anime' },
    width: 'Size of the result',
    original: 'As the photo',
    wide: '1024 px wide',
    paint: 'Turn into anime',
    cancel: 'Cancel',
    png: 'Download PNG',
    jpeg: 'Download JPEG',
    another: 'Another photo',
    license: (yes, licence) => `${yes ? 'Commercial use is allowed.' : 'Not for commercial use.'} ${licence}.`,
    stages: { load: 'Fetching the style', decode: 'Reading the photo', paint: 'Painting', encode: 'Writing the picture' },
    loaded: (name, width, height) => `${name}, ${width} × ${height} px`,
    byBrowser: 'read by this browser',
    finished: (width, height, seconds, faces) => `${width} × ${height} px, painted in ${seconds} s${faces ? `, ${faces} ${faces === 1 ? 'face' : 'faces'}` : ''}`,
    faces: 'Paint faces at their own scale',
    facesWhy: 'Small faces stay recognisable.',
    cancelled: 'Cancelled.',
    starting: 'Starting the engine',
    backend: (variant, threads) => `${variant === 'relaxed' ? 'Relaxed SIMD' : 'SIMD'}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    why: (variant, isolated) =>
      `${variant === 'relaxed' ? 'This browser has relaxed SIMD, the faster WebAssembly instructions.' : 'This browser has no relaxed SIMD; plain WebAssembly SIMD is used.'} ${isolated ? 'The page is cross-origin isolated, so all cores may help.' : 'The page is served without COOP and COEP headers, so one thread runs.'}`,
    offline: 'This page now works without a network, too.',
    errors: {
      IMAGE: 'This file cannot be read as a picture.',
      LIMIT: 'This picture is larger than the limit.',
      MEMORY: 'There is not enough memory for a picture of this size. Try 1024 px wide.',
      IO: 'Something could not be fetched. Try again.',
      MODEL: "The style's file is damaged. Reload the page.",
      UNSUPPORTED: 'This browser lacks WebAssembly SIMD. A current Chrome, Firefox or Safari has it.',
      TRAP: 'The engine broke and was started again. Try once more.'
    },
    failed: 'That did not work.'
  },
  zh: {
    tagline: '照片变动漫，全部在本机完成，不上传任何内容。',
    otherLanguage: 'English',
    stage: '照片',
    drop: '把照片拖到这里，或直接粘贴',
    choose: '选择照片',
    formats: 'JPEG 或 PNG，最大一亿像素；浏览器能打开的其他图片也可以。',
    photo: '照片',
    anime: '动漫',
    compare: '对比照片与动漫',
    compareValue: (share) => `照片 ${share} %，动漫 ${100 - share} %`,
    style: '风格',
    styleNames: { miyazaki: '宫崎骏', shinkai: '新海诚', anime: '动漫' },
    width: '输出尺寸',
    original: '与照片相同',
    wide: '宽 1024 像素',
    paint: '转换为动漫',
    cancel: '取消',
    png: '下载 PNG',
    jpeg: '下载 JPEG',
    another: '换一张照片',
    license: (yes, licence) => `${yes ? '可用于商业用途。' : '不可用于商业用途。'}（${licence}）`,
    stages: { load: '正在载入风格', decode: '正在读取照片', paint: '正在绘制', encode: '正在保存图片' },
    loaded: (name, width, height) => `${name}，${width} × ${height} 像素`,
    byBrowser: '由浏览器解码',
    finished: (width, height, seconds, faces) => `${width} × ${height} 像素，用时 ${seconds} 秒${faces ? `，${faces} 张人脸` : ''}`,
    faces: '按人脸自身的比例绘制',
    facesWhy: '小脸也能认得出来。',
    cancelled: '已取消。',
    starting: '正在启动引擎',
    backend: (variant, threads) => `${variant === 'relaxed' ? '宽松 SIMD' : 'SIMD'}，${threads} 线程`,
    why: (variant, isolated) =>
      `${variant === 'relaxed' ? '此浏览器支持更快的宽松 SIMD 指令。' : '此浏览器不支持宽松 SIMD，使用普通 WebAssembly SIMD。'}${isolated ? '页面已跨源隔离，可使用全部核心。' : '页面没有 COOP 和 COEP 响应头，只用一个线程。'}`,
    offline: '此页面现在可以离线使用。',
    errors: {
      IMAGE: '无法把这个文件读作图片。',
      LIMIT: '图片超出了大小限制。',
      MEMORY: '内存不足以处理这样大的图片，请试试宽 1024 像素。',
      IO: '有内容无法载入，请重试。',
      MODEL: '风格文件已损坏，请刷新页面。',
      UNSUPPORTED: '此浏览器不支持 WebAssembly SIMD，请使用新版 Chrome、Firefox 或 Safari。',
      TRAP: '引擎出错并已重新启动，请再试一次。'
    },
    failed: '操作没有成功。'
  }
}

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

/**
 * Put the words of a language into every element with data-text or data-label.
 * @param {'en'|'zh'} language
 * @returns {typeof TEXTS.en}
 */
export function setLanguage(language) {
  const words = TEXTS[language]
  document.documentElement.lang = language
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = words[element.dataset.text]
  for (const element of document.querySelectorAll('[data-label]')) element.setAttribute('aria-label', words[element.dataset.label])
  const button = document.getElementById('language')
  button.textContent = words.otherLanguage
  button.lang = language === 'zh' ? 'en' : 'zh'
  return words
}

/** @param {'en'|'zh'} language */
export function rememberLanguage(language) {
  try {
    localStorage.setItem(KEY, language)
  } catch {
    /* forbidden: it holds for this visit */
  }
}
