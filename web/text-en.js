/* text-en.js - every word of the page in English */
const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`

export const english = {
  tagline: 'Your photo becomes anime, on this device. Nothing is uploaded.',
  otherLanguage: '中文',

  stage: 'Photo',
  lead: 'Turn your photos into anime',
  drop: 'Drop them on this page, paste one, or choose:',
  choose: 'Choose photos',
  formats: 'JPEG and PNG up to 100 megapixels. WebP, AVIF, HEIC and others where this browser can open them.',
  sample: 'No photo at hand?',
  sampleTry: 'Try this one',
  camera: 'Use the camera',
  photo: 'Photo',
  anime: 'Anime',
  both: 'Both',
  preview: 'Preview',
  show: 'Show',
  compare: 'Compare photo and anime',
  compareValue: (share) => `${share} % photo, ${100 - share} % anime`,
  zoom: 'Zoom',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  fit: 'Fit',
  move: 'Move the picture',
  moveLeft: 'To the left',
  moveRight: 'To the right',
  moveUp: 'Up',
  moveDown: 'Down',
  loaded: (name, width, height) => `${name}, ${width} × ${height} px`,
  byBrowser: 'read by this browser',
  finished: (width, height, seconds, faces) => `${width} × ${height} px, painted in ${seconds} s${faces ? `, ${plural(faces, 'face', 'faces')}` : ''}`,
  cancelled: 'Cancelled.',
  cancel: 'Cancel',
  stages: { load: 'Fetching the style', preview: 'A first look', decode: 'Reading the photo', faces: 'Finding faces', paint: 'Painting', encode: 'Writing the picture' },
  ofMany: (number, count, stage) => `${number} of ${count}: ${stage}`,

  tray: (count, done) => `${plural(count, 'photo', 'photos')}${done ? `, ${done} painted` : ''}`,
  paintAll: (count) => (count > 1 ? `Paint all ${count}` : 'Paint all'),
  zip: 'Download all (zip)',
  zipFormat: 'As',
  zipDone: (count) => `${plural(count, 'picture', 'pictures')} in one zip file.`,
  remove: (name) => `Remove ${name}`,
  states: { waiting: 'Waiting', painting: (percent) => `Painting ${percent} %`, done: 'Painted', failed: 'Failed' },

  liveView: 'The camera, painted',
  liveRate: (rate) => `${rate} frames a second`,
  liveStarting: 'Starting the camera',
  liveSlow: 'This style has no small network for video: the large one paints, and more slowly.',
  liveStop: 'Stop the camera',
  snap: 'Take a picture',
  device: 'Camera',
  cameraNumber: (number) => `Camera ${number}`,
  cameraPicture: 'camera',

  style: 'Style',
  styleNames: { miyazaki: 'Miyazaki', shinkai: 'Shinkai', anime: 'Anime' },
  mix: 'Mix with',
  mixNone: 'No other style',
  mixShare: 'Shares',
  mixValue: (one, share, other) => `${one} ${share} %, ${other} ${100 - share} %`,
  license: (yes) => (yes ? 'Commercial use is allowed' : 'Not for commercial use'),
  width: 'Size of the result',
  original: 'As the photo',
  wide: '1024 px wide',
  faces: 'Paint faces at their own scale',
  facesWhy: 'Small faces stay recognisable.',
  tuning: 'Fine tuning',
  reset: 'Back to the defaults',
  groups: { picture: 'Picture', faces: 'Faces', colors: 'Colours' },
  sliders: {
    edgePreserve: 'Fine edges of the photo',
    colorShift: 'Colours: photo to style',
    character: 'Anime character',
    skin: 'Even skin',
    eyes: 'Bright eyes',
    lips: 'Lips and brows',
    strength: 'All corrections',
    minPx: 'Smallest face'
  },
  colors: { hairColor: 'Hair', lipColor: 'Lips', eyeColor: 'Eyes', clothColor: 'Clothes' },
  colorOf: (part) => `${part}: colour`,
  percent: (value) => `${Math.round(value * 100)} %`,
  pixels: (value) => `${value} px`,
  paint: 'Turn into anime',
  png: 'Download PNG',
  jpeg: 'Download JPEG',
  another: 'Add photos',

  backend: (variant, threads, precision) =>
    `${variant === 'relaxed' ? 'Relaxed SIMD' : 'SIMD'}, ${plural(threads, 'thread', 'threads')}${precision ? `, ${precision === 'int8' ? '8-bit weights (int8)' : '32-bit numbers (f32)'}` : ''}`,
  why: (variant, isolated) =>
    `${variant === 'relaxed' ? 'This browser has relaxed SIMD, the faster WebAssembly instructions.' : 'This browser has no relaxed SIMD; plain WebAssembly SIMD is used.'} ${isolated ? 'The page is cross-origin isolated, so all cores may help.' : 'The page is served without COOP and COEP headers, so one thread runs.'}`,
  offline: 'This page now works without a network, too.',
  traffic: (elsewhere, uploads, worker) =>
    elsewhere + uploads > 0
      ? `${plural(elsewhere, 'request', 'requests')} to other places, ${plural(uploads, 'upload', 'uploads')}`
      : worker
        ? 'Nothing has left this device since loading'
        : '0 requests to other places since loading',
  trafficElsewhere: 'Requests to other places',
  trafficUploads: 'Uploads (requests with a body)',
  trafficOwn: 'Files fetched from this site since it was ready',
  trafficHow: (worker) =>
    `Counted since the page loaded, by the browser's own Performance API${worker ? ' and by the service worker, which sees what the painting threads fetch, too' : ''}. Requests to other places are also forbidden to this page by its Content-Security-Policy.`,

  errors: {
    IMAGE: 'This file cannot be read as a picture.',
    HEIC: 'This browser cannot open HEIC. Safari can; or save the photo as JPEG first.',
    LIMIT: 'This picture is larger than the limit.',
    MEMORY: 'There is not enough memory for a picture of this size. Try 1024 px wide.',
    IO: 'Something could not be fetched. Try again.',
    MODEL: "The style's file is damaged. Reload the page.",
    UNSUPPORTED: 'This browser lacks WebAssembly SIMD. A current Chrome, Firefox or Safari has it.',
    TRAP: 'The engine broke and was started again. Try once more.',
    CAMERA: 'The camera cannot be used.',
    CAMERA_DENIED: 'The camera was not allowed. The browser asks for it at the address bar.'
  },
  failed: 'That did not work.'
}
