import type { Source } from '../../contracts/source.js'
import { readJsonText } from '../../core/json/json-text.js'
import { fileSource, type FileFormat, type FileSourceOptions } from './file-source.js'

/** JSON, of which white space may take three quarters. */
export const jsonFormat: FileFormat = {
  maxTextBytes: maxBytes => 4 * maxBytes,
  parse: (text, { what, maxTextBytes }) => readJsonText(text, { what, maxBytes: maxTextBytes }),
}

/**
 * A JSON file as a source; strict, so that what is published is what the file says: a key twice is
 * refused, and a number that a double cannot hold.
 *
 * ```ts
 * const strategy = hybrid(fromSource(jsonFile('/etc/checkout/config.json')))
 * ```
 */
export function jsonFile(path: string, options: FileSourceOptions = {}): Source {
  return fileSource(path, jsonFormat, options)
}
