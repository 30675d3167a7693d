import { readPinFile } from '#pin-file'
import { NoticeboardError, type Issue } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import type { OutputOf, Schema } from '../../contracts/schema.js'
import { canonicalize } from '../../core/json/canonical.js'
import type { Applied } from '../apply/applied.js'
import { freezeValue } from '../apply/freeze.js'
import type { Overrides } from '../apply/overrides.js'
import { validateOverlaid } from '../apply/validate-overlaid.js'
import type { Settings } from '../options.js'
import type { Origin } from '../running.js'

/**
 * The defaults, overlaid and validated; undefined when there are none. Throws `invalid-document`
 * when they do not pass.
 */
export async function checkDefaults<S extends Schema>(
  settings: Settings<S>,
  signal: AbortSignal,
): Promise<Applied<OutputOf<S>> | undefined> {
  if (settings.defaults === undefined) return undefined
  const document = JSON.parse(canonicalize(settings.defaults)) as Json
  const { overrides } = settings
  const what =
    overrides === undefined ? 'the defaults' : `the defaults, with ${overrides.name} laid over them,`
  return validated(settings, { document, overrides, origin: 'defaults', what }, signal)
}

/**
 * The pinned document of this namespace, from the file that `NOTICEBOARD_PIN` names: a JSON object
 * whose keys are namespaces. Undefined when there is no such variable, or the file does not name
 * this namespace. Throws when it cannot be used: an operator who pins in an emergency must hear of
 * a mistake at once.
 */
export async function readPin<S extends Schema>(
  settings: Settings<S>,
  signal: AbortSignal,
): Promise<Applied<OutputOf<S>> | undefined> {
  const { platform, namespace, logger } = settings
  const path = platform.environment('NOTICEBOARD_PIN')
  if (path === undefined || path === '') return undefined
  const pins = readPinFile(path, platform)
  if (pins === undefined)
    throw new NoticeboardError(
      'invalid-option',
      'NOTICEBOARD_PIN is set, but this runtime has no files; unset it',
    )
  const document = Object.hasOwn(pins, namespace) ? pins[namespace] : undefined
  if (document === undefined) {
    logger.warn(
      'NOTICEBOARD_PIN is set, but its file does not name this namespace; this client follows releases',
      {
        namespace,
      },
    )
    return undefined
  }
  const pinned = await validated(
    settings,
    { document, overrides: undefined, origin: 'pinned', what: 'the pinned document' },
    signal,
  )
  logger.warn('pinned: this client runs the document of the pin file and follows no releases', { namespace })
  return pinned
}

interface Local {
  readonly document: Json
  readonly overrides: Overrides | undefined
  readonly origin: Origin
  readonly what: string
}

async function validated<S extends Schema>(
  { schema, validators, logger }: Settings<S>,
  { overrides, origin, what, ...local }: Local,
  signal: AbortSignal,
): Promise<Applied<OutputOf<S>>> {
  const { result, document, overridden } = await validateOverlaid<OutputOf<S>>({
    overrides,
    logger,
    schema: schema as unknown as Schema<unknown, OutputOf<S>>,
    validators: validators as readonly [],
    document: local.document,
    previous: undefined,
    // Who wrote the program, or the pin file, reads what is wrong with it.
    forAuthor: true,
    signal,
  })
  if (result.type === 'invalid') throw rejection(what, result.issues)
  return {
    document,
    saved: undefined,
    running: {
      value: freezeValue(result.value),
      digest: undefined,
      version: undefined,
      position: undefined,
      origin,
      arm: undefined,
      rolloutId: undefined,
      overridden,
    },
  }
}

function rejection(what: string, issues: readonly Issue[]): NoticeboardError {
  const told = issues
    .slice(0, 5)
    .map(({ path, message }) => `${path === '' ? 'the document' : path}: ${message}`)
  return new NoticeboardError(
    'invalid-document',
    `${what} do not pass: ${told.join('; ')}`.replace('document do not', 'document does not'),
    { issues },
  )
}
