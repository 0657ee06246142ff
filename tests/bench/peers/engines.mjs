/* engines.mjs - what the comparison runs, in the order in which it takes turns and is listed */

/** where: the only place that has it */
export const ENGINES = [
  { kind: 'photo2anime', variant: 'relaxed', precision: 'f32' },
  { kind: 'photo2anime', variant: 'simd', precision: 'f32' },
  { kind: 'photo2anime', variant: 'relaxed', precision: 'int8' },
  { kind: 'photo2anime', variant: 'simd', precision: 'int8' },
  { kind: 'onnxruntime-web' },
  { kind: 'onnxruntime-node', where: 'Node' },
  { kind: 'tfjs-backend-wasm' }
]

/** "photo2anime, relaxed, int8" @param {{kind: string, variant?: string, precision?: string}} engine or a row of it */
export function engineName({ kind, variant, precision }) {
  return [kind, variant, precision === 'int8' && 'int8'].filter(Boolean).join(', ')
}
