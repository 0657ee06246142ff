/**
 * thread.js - a browser's worker and Node's worker_threads behind the same few words
 *
 * Both ends of one line: openThread() for the client, ownPort() for the worker itself.
 */
import { P2AError } from './errors.js';
export type Thread = {
    post: (message: any, transfer: any[]) => void;
    /**
     * at once, whatever it is doing; fulfilled when it has ended
     */
    end: () => Promise<void> | void;
};
export type Port = {
    post: (message: any, transfer?: any[]) => void;
    listen: (heard: (message: any) => void) => void;
};
/**
 * @param {URL} script an ES module
 * @param {() => Worker} start it in a browser: written where bundlers look for it
 * @param {(message: any) => void} heard
 * @param {(error: P2AError) => void} broke the worker did not load, or ended by itself
 * @returns {Promise<Thread>}
 */
export declare function openThread(script: URL, start: () => Worker, heard: (message: any) => void, broke: (error: P2AError) => void): Promise<Thread>;
/**
 * The worker's own end. In a browser `use` runs before this returns: a message that comes before
 * somebody listens would be lost.
 * @param {(port: Port) => void} use
 */
export declare function ownPort(use: (port: Port) => void): void;
