/**
 * validate.js - the one form of every complaint: expected X for NAME, got V (type)
 */
import { P2AError } from './errors.js';
/**
 * @param {unknown} value
 * @returns {string} as a person would write it, with its type where that helps
 */
export declare function describe(value: unknown): string;
/**
 * @param {string} expected for example "a whole number from 1 to 100"
 * @param {string} name the option's name as the caller knows it
 * @param {unknown} value
 * @returns {P2AError} to be thrown
 */
export declare function expected(expected: string, name: string, value: unknown): P2AError;
/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} min
 * @param {number} max
 * @returns {number}
 */
export declare function wholeNumber(name: string, value: unknown, min: number, max: number): number;
/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} min
 * @param {number} max
 * @returns {number}
 */
export declare function number(name: string, value: unknown, min: number, max: number): number;
/**
 * @template {string} T
 * @param {string} name
 * @param {unknown} value
 * @param {readonly T[]} choices
 * @returns {T}
 */
export declare function oneOf<T extends string>(name: string, value: unknown, choices: readonly T[]): T;
/**
 * @param {string} name
 * @param {unknown} value
 * @returns {Uint8Array} a view of the same bytes
 */
export declare function bytes(name: string, value: unknown): Uint8Array;
