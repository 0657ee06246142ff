/* places.mjs - where the comparison's packages, models and rows lie */
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../../', import.meta.url))
export const peersFolder = path.join(root, 'build/peers')
/** Of one network; a page finds them in /build/peers too. */
export const MODELS = {
  onnx: path.join(peersFolder, 'animegan3.onnx'),
  f32: path.join(peersFolder, 'animegan3.safetensors'),
  int8: path.join(peersFolder, 'animegan3-int8.safetensors')
}
