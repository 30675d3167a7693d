import type { readPinFile as read } from './pin-file.js'

/** Stands for `pin-file.ts` in bundles for browsers, where there are no files. */
export const readPinFile: typeof read = () => undefined
