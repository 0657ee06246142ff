/* camera.js - the camera's frames -> painted frames on the stage, and one of them -> a photo */

/** Asked for; a camera may give another size. A picture that is taken has this size, too. */
const WANTED = { width: { ideal: 1280 }, height: { ideal: 720 } }
/** Painted at this size at most. */
const PAINTED = { width: 640, height: 480 }
/** The rate shown is that of the last seconds, or of the last two frames where they are farther apart. */
const RATE_MS = 2000

/** @typedef {import('./wasm/js/client.js').Converter} Converter */
/**
 * @typedef {object} Live
 * @property {AbortController} controller
 * @property {HTMLVideoElement} video
 * @property {MediaStream} [stream]
 * @property {import('./wasm/js/video.js').VideoSession} [session]
 */

/** @param {HTMLVideoElement} video @returns {Promise<void>} at its next frame */
function nextFrame(video) {
  return new Promise((resume) => {
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(() => resume())
    else requestAnimationFrame(() => resume())
  })
}

/** @param {any} error of getUserMedia() */
function cameraError(error) {
  const code = error.name === 'NotAllowedError' ? 'CAMERA_DENIED' : 'CAMERA'
  return Object.assign(new Error(`${error.name}: ${error.message}`, { cause: error }), { code })
}

/**
 * @param {(id: string) => any} at an element by its id
 * @param {{onError: (error: any) => void, onPicture: (file: File) => void, onChange: () => void}} does
 */
export function createCamera(at, { onError, onPicture, onChange }) {
  /** @type {import('./text.js').Words} */
  let words
  /** @type {Live|undefined} */
  let live
  /** @type {{converter: Converter, style: string}} what start() was told last */
  let wanted
  let rate = 0
  const canvas = at('live-canvas')

  const showRate = () => {
    at('live-rate').textContent = rate ? words.liveRate(rate.toFixed(rate < 10 ? 1 : 0)) : words.liveStarting
  }

  const stop = () => {
    if (!live) return
    const { controller, stream, session, video } = live
    live = undefined
    controller.abort()
    for (const track of stream?.getTracks() ?? []) track.stop()
    video.srcObject = null
    session?.close()
    at('live').hidden = true
    onChange()
  }

  /** @param {string} [deviceId] */
  const openStream = async (deviceId) => {
    try {
      return await navigator.mediaDevices.getUserMedia({ video: { ...WANTED, ...(deviceId ? { deviceId: { exact: deviceId } } : { facingMode: 'user' }) }, audio: false })
    } catch (error) {
      throw cameraError(error)
    }
  }

  /** @param {MediaStream} stream its cameras have names from now on */
  const showDevices = async (stream) => {
    const used = stream.getVideoTracks()[0].getSettings()
    const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === 'videoinput')
    at('live-devices').hidden = cameras.length < 2
    at('live-device').replaceChildren(
      ...cameras.map(({ deviceId, label }, i) => new Option(label || words.cameraNumber(i + 1), deviceId, false, deviceId === used.deviceId))
    )
    canvas.classList.toggle('mirrored', used.facingMode !== 'environment')
  }

  /** @param {Live} own paints until it is no longer the one that is live */
  const paintFrames = async (own) => {
    const times = []
    const context = canvas.getContext('2d')
    for (;;) {
      await nextFrame(own.video)
      if (own !== live) return
      const painted = await own.session.process(own.video)
      if (own !== live) return
      if (!painted) continue
      context.putImageData(painted.image, 0, 0)
      const now = performance.now()
      times.push(now)
      while (times.length > 2 && now - times[0] > RATE_MS) times.shift()
      if (times.length > 1) rate = (1000 * (times.length - 1)) / (now - times[0])
      showRate()
    }
  }

  /** @param {string} [deviceId] the one that faces the person unless given */
  const begin = async (deviceId) => {
    stop()
    const own = /** @type {Live} */ ({ controller: new AbortController(), video: Object.assign(document.createElement('video'), { muted: true, playsInline: true }) })
    live = own
    rate = 0
    showRate()
    at('live-note').hidden = true
    at('live').hidden = false
    at('live-snap').disabled = true
    onChange()
    try {
      own.stream = await openStream(deviceId)
      if (own !== live) {
        for (const track of own.stream.getTracks()) track.stop()
        return
      }
      own.stream.getVideoTracks()[0].addEventListener('ended', () => own === live && stop())
      own.video.srcObject = own.stream
      await own.video.play()
      const scale = Math.min(1, PAINTED.width / own.video.videoWidth, PAINTED.height / own.video.videoHeight)
      canvas.width = Math.round(own.video.videoWidth * scale)
      canvas.height = Math.round(own.video.videoHeight * scale)
      await showDevices(own.stream)
      const session = await wanted.converter.createVideoSession({ width: canvas.width, height: canvas.height, style: wanted.style, signal: own.controller.signal })
      own.session = session
      if (own !== live) {
        await session.close()
        return
      }
      at('live-note').hidden = session.info.live
      at('live-snap').disabled = false
      await paintFrames(own)
    } catch (error) {
      if (own !== live) return
      stop()
      onError(error)
    }
  }

  const takePicture = () => {
    if (!live) return
    const { video } = live
    const picture = Object.assign(document.createElement('canvas'), { width: video.videoWidth, height: video.videoHeight })
    picture.getContext('2d').drawImage(video, 0, 0)
    picture.toBlob((blob) => {
      stop()
      onPicture(new File([blob], `${words.cameraPicture}.png`, { type: blob.type }))
    }, 'image/png')
  }

  at('live-stop').addEventListener('click', stop)
  at('live-snap').addEventListener('click', takePicture)
  at('live-device').addEventListener('change', ({ target }) => begin(target.value))

  return {
    available: Boolean(navigator.mediaDevices?.getUserMedia),
    get on() {
      return live !== undefined
    },
    stop,
    /** @param {Converter} converter @param {string} style */
    start(converter, style) {
      wanted = { converter, style }
      begin()
    },
    /** Another style is chosen. @param {string} style */
    setStyle(style) {
      if (!live || wanted.style === style) return
      wanted.style = style
      begin(live.stream?.getVideoTracks()[0].getSettings().deviceId)
    },
    /** @param {import('./text.js').Words} next */
    setWords(next) {
      words = next
      showRate()
    }
  }
}
