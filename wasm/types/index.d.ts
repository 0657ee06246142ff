export { P2AError } from './errors.js';
export type Converter = import('./client.js').Converter;
export type ConverterOptions = import('./client.js').ConverterOptions;
export type ConvertOptions = import('./client.js').ConvertOptions;
export type ConvertResult = import('./client.js').ConvertResult;
export type FaceOptions = import('./options.js').FaceOptions;
export type Input = import('./input.js').Input;
export type Frame = import('./input.js').Frame;
export type VideoSession = import('./video.js').VideoSession;
export type VideoOptions = import('./video.js').VideoOptions;
export type ModelEntry = import('./models.js').ModelEntry;
export type P2AErrorCode = import('./errors.js').P2AErrorCode;
/** @typedef {import('./client.js').Converter} Converter what createConverter() makes */
/** @typedef {import('./client.js').ConverterOptions} ConverterOptions */
/** @typedef {import('./client.js').ConvertOptions} ConvertOptions */
/** @typedef {import('./client.js').ConvertResult} ConvertResult */
/** @typedef {import('./options.js').FaceOptions} FaceOptions */
/** @typedef {import('./input.js').Input} Input */
/** @typedef {import('./input.js').Frame} Frame */
/** @typedef {import('./video.js').VideoSession} VideoSession */
/** @typedef {import('./video.js').VideoOptions} VideoOptions */
/** @typedef {import('./models.js').ModelEntry} ModelEntry */
/** @typedef {import('./errors.js').P2AErrorCode} P2AErrorCode */
/**
 * Start a worker with the variant that runs best here.
 * @param {ConverterOptions} [options]
 * @returns {Promise<Converter>} release with dispose()
 * @throws {import('./errors.js').P2AError} ARGUMENT, UNSUPPORTED, IO, MODEL, MEMORY; or the signal's reason (AbortError)
 */
export declare function createConverter(options?: ConverterOptions): Promise<Converter>;
