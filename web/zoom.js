/* zoom.js - wheel, pinch, buttons and keys -> how large the picture stands in its frame, and where */

const STEP = 1.5
const TAP_PX = 5
const PAN_SHARE = 0.25 /* of the frame, for a press of an arrow */

/**
 * @param {(id: string) => any} at an element by its id
 * @param {(share: number) => void} divide the frame here: a click's or drag's place, 0 (left) to 1
 */
export function createZoom(at, divide) {
  const frame = at('compare')
  let scale = 1
  let x = 0 /* of the picture's left top corner in the frame, px: never above 0 */
  let y = 0
  let pictureWidth = 1
  /** @type {Map<number, PointerEvent>} */
  const pointers = new Map()
  let moved = 0

  const largest = () => Math.max(4, (4 * pictureWidth) / (frame.clientWidth || 1))
  const between = (low, value, high) => Math.min(Math.max(value, low), high)

  const show = () => {
    x = between(frame.clientWidth * (1 - scale), x, 0)
    y = between(frame.clientHeight * (1 - scale), y, 0)
    for (const [name, value] of [['--x', `${x}px`], ['--y', `${y}px`], ['--zoom', String(scale)]]) frame.style.setProperty(name, value)
    frame.classList.toggle('zoomed', scale > 1)
    at('pan').hidden = scale === 1
    at('zoom-out').disabled = scale === 1
    at('zoom-fit').disabled = scale === 1
    at('zoom-in').disabled = scale >= largest()
    at('zoom-level').textContent = `${Math.round((100 * scale * frame.clientWidth) / pictureWidth)} %`
  }
  /** The point of the picture below (px, py) stays where it is. */
  const zoomAt = (factor, px, py) => {
    const next = between(1, scale * factor, largest())
    x = px - ((px - x) * next) / scale
    y = py - ((py - y) * next) / scale
    scale = next
    show()
  }
  const zoomMiddle = (factor) => zoomAt(factor, frame.clientWidth / 2, frame.clientHeight / 2)
  const move = (dx, dy) => {
    x += dx
    y += dy
    show()
  }
  const fit = () => zoomMiddle(0)
  /** @param {{clientX: number, clientY: number}} place */
  const inFrame = ({ clientX, clientY }) => {
    const box = frame.getBoundingClientRect()
    return { px: clientX - box.left, py: clientY - box.top, share: between(0, (clientX - box.left) / box.width, 1) }
  }
  const middle = (all) => ({
    clientX: all.reduce((sum, one) => sum + one.clientX, 0) / all.length,
    clientY: all.reduce((sum, one) => sum + one.clientY, 0) / all.length
  })
  const spread = ([a, b]) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1

  frame.addEventListener('wheel', (event) => {
    const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002))
    if (scale === 1 && factor < 1 && !event.ctrlKey) return /* the page scrolls on */
    event.preventDefault()
    const { px, py } = inFrame(event)
    zoomAt(factor, px, py)
  }, { passive: false })

  frame.addEventListener('pointerdown', (event) => {
    if (event.target === at('split') || event.button !== 0) return
    frame.setPointerCapture(event.pointerId)
    if (pointers.size === 0) moved = 0
    pointers.set(event.pointerId, event)
  })
  frame.addEventListener('pointermove', (event) => {
    const last = pointers.get(event.pointerId)
    if (!last) return
    const before = [...pointers.values()]
    pointers.set(event.pointerId, event)
    const now = [...pointers.values()]
    const from = middle(before)
    const to = middle(now)
    moved += Math.hypot(event.clientX - last.clientX, event.clientY - last.clientY)
    if (now.length === 2) {
      const { px, py } = inFrame(to)
      zoomAt(spread(now) / spread(before), px, py)
    }
    if (scale > 1) move(to.clientX - from.clientX, to.clientY - from.clientY)
    else if (now.length === 1) divide(inFrame(event).share)
  })
  const lift = (event) => {
    if (!pointers.delete(event.pointerId)) return
    if (event.type === 'pointerup' && pointers.size === 0 && moved < TAP_PX) divide(inFrame(event).share)
  }
  frame.addEventListener('pointerup', lift)
  frame.addEventListener('pointercancel', lift)
  frame.addEventListener('dblclick', (event) => {
    const { px, py } = inFrame(event)
    zoomAt(scale > 1 ? 0 : 3, px, py)
  })
  at('view').addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const arrows = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }
    if (event.key === '+' || event.key === '=') zoomMiddle(STEP)
    else if (event.key === '-') zoomMiddle(1 / STEP)
    else if (event.key === '0') fit()
    else if (event.shiftKey && scale > 1 && arrows[event.key]) movePart(arrows[event.key])
    else return
    event.preventDefault()
  })
  /** @param {number[]} direction in parts of the frame */
  const movePart = ([dx, dy]) => move(dx * PAN_SHARE * frame.clientWidth, dy * PAN_SHARE * frame.clientHeight)

  at('zoom-in').addEventListener('click', () => zoomMiddle(STEP))
  at('zoom-out').addEventListener('click', () => zoomMiddle(1 / STEP))
  at('zoom-fit').addEventListener('click', fit)
  at('pan').addEventListener('click', ({ target }) => {
    const button = target.closest('button')
    if (button) movePart(button.dataset.move.split(' ').map(Number))
  })
  new ResizeObserver(show).observe(frame)

  return {
    /** Another picture: it fits the frame. @param {number} width of it in pixels */
    reset(width) {
      pictureWidth = width
      scale = 1
      show()
    },
    /** The same picture with other pixels. @param {number} width */
    setPictureWidth(width) {
      pictureWidth = width
      show()
    }
  }
}
