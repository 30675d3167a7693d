import { extname } from 'node:path'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Source } from '../../contracts/source.js'
import type { FileSourceOptions } from './file-source.js'
import { jsonFile } from './json-file.js'
import { yamlFile } from './yaml-file.js'

/**
 * A file as a source, read as its name says: `.json`, `.yaml` or `.yml`. Throws `invalid-option`
 * for any other name.
 *
 * ```ts
 * const strategy = pull(fromSource(configFile('/etc/checkout/config.yaml')))
 * ```
 */
export function configFile(path: string, options: FileSourceOptions = {}): Source {
  switch (extname(path).toLowerCase()) {
    case '.json':
      return jsonFile(path, options)
    case '.yaml':
    case '.yml':
      return yamlFile(path, options)
    default:
      throw new NoticeboardError(
        'invalid-option',
        `${path} is neither .json nor .yaml nor .yml; use jsonFile() or yamlFile() for other names`,
      )
  }
}
