import { NoticeboardError } from '../../contracts/errors.js'
import type { JsonObject } from '../../contracts/json.js'
import type { Platform } from '../../contracts/system.js'
import { readJsonText } from '../../core/json/json-text.js'
import { decodeText } from '../../core/json/strict-parse.js'

/**
 * The pin file, a JSON object whose keys are namespaces; undefined where there are no files. Throws
 * `invalid-option` for one that cannot be read, and `invalid-data` with line and column for one that
 * is not such an object. Found as `#pin-file`; bundles for browsers get `no-pin-file.ts` in its
 * place, so that they carry no reader of JSON as people write it.
 */
export function readPinFile(path: string, platform: Pick<Platform, 'readFile'>): JsonObject | undefined {
  let bytes: Uint8Array | undefined
  try {
    bytes = platform.readFile(path)
  } catch (error) {
    throw new NoticeboardError(
      'invalid-option',
      'the file that NOTICEBOARD_PIN names cannot be read; mend it, or unset the variable',
      { cause: error },
    )
  }
  if (bytes === undefined) return undefined
  const what = 'the pin file'
  const file = readJsonText(decodeText(bytes, what), { what })
  if (typeof file !== 'object' || file === null || Array.isArray(file)) {
    throw new NoticeboardError(
      'invalid-data',
      'the pin file must be a JSON object whose keys are namespaces and whose values are documents',
    )
  }
  return file as JsonObject
}
