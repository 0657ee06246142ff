/* tfjs-in-node.mjs - TensorFlow.js with its wasm backend, in Node: SIMD and one thread are all that it has there */
import { createRequire } from 'node:module'
import path from 'node:path'

import { peersFolder } from './places.mjs'

/** @returns {Promise<any>} tf */
export async function loadTfjs() {
  const peer = createRequire(path.join(peersFolder, 'package.json'))
  const tf = peer('@tensorflow/tfjs-core')
  peer('@tensorflow/tfjs-backend-wasm') /* registers itself */
  if (!(await tf.setBackend('wasm'))) throw new Error(`expected tfjs to take its wasm backend, got ${tf.getBackend()}`)
  return tf
}
