import type { Source } from '../../contracts/source.js'
import { fileSource, type FileFormat, type FileSourceOptions } from './file-source.js'
import { readYamlText } from './yaml-text.js'

/**
 * YAML, which takes longer to read than JSON, so that the text is limited to the size of the
 * document.
 */
export const yamlFormat: FileFormat = { maxTextBytes: maxBytes => maxBytes, parse: readYamlText }

/**
 * A YAML file as a source: one document of YAML 1.2 with the core schema, where `no` is a text and
 * a date too. Refused are keys that stand twice or are not texts, merge keys, tags, numbers that a
 * double cannot hold, and more than 100 aliases.
 *
 * ```ts
 * const strategy = hybrid(fromSource(yamlFile('/etc/checkout/config.yaml')))
 * ```
 */
export function yamlFile(path: string, options: FileSourceOptions = {}): Source {
  return fileSource(path, yamlFormat, options)
}
