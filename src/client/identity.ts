import { NoticeboardError } from '../contracts/errors.js'
import type { Identity } from '../contracts/identity.js'
import type { Logger, Platform, Random } from '../contracts/system.js'
import type { StateStorage } from '../contracts/state.js'
import { toHex } from '../core/release/digest.js'
import { isLine } from '../core/json/text.js'
import { MAX_LABELS, MAX_LABELS_BYTES } from '../core/limits.js'
import { jsonBytes } from '../core/report/fit-report.js'
import { codeOf } from './code-of.js'

export interface IdentityOptions {
  readonly clientId?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly build?: string | undefined
}

/** Checks at once what a user gave, so that a report is never refused later. Throws `invalid-option`. */
export function checkIdentityOptions({ clientId, labels = {}, build }: IdentityOptions): void {
  check('clientId', clientId)
  check('build', build)
  for (const [name, value] of Object.entries(labels)) {
    check('labels: a name', name)
    if (name.includes('='))
      throw new NoticeboardError('invalid-option', 'labels: a name must not contain "="')
    check(`labels.${name}`, value)
  }
  if (Object.keys(labels).length > MAX_LABELS)
    throw new NoticeboardError('invalid-option', `labels: a client may have ${MAX_LABELS} at most`)
  const bytes = jsonBytes(labels)
  if (bytes > MAX_LABELS_BYTES)
    throw new NoticeboardError(
      'invalid-option',
      `labels: together they take ${bytes} bytes of JSON; ${MAX_LABELS_BYTES} are allowed, so that a report has room for them`,
    )
}

/**
 * Who this client is: the option, `NOTICEBOARD_CLIENT_ID`, what is kept beside the state, the host's name, or else
 * a random name, marked `ephemeral`.
 */
export async function resolveIdentity(
  { clientId, labels = {}, build }: IdentityOptions,
  {
    platform,
    random,
    state,
    logger,
  }: {
    readonly platform: Platform
    readonly random: Random
    readonly state: StateStorage | undefined
    readonly logger: Logger
  },
): Promise<Identity> {
  const given = clientId ?? platform.environment('NOTICEBOARD_CLIENT_ID')
  check('NOTICEBOARD_CLIENT_ID', given)
  const proposed = given ?? platform.hostName()
  const named = given ?? (await keptName(proposed ?? toHex(random.bytes(16)))) ?? proposed
  return {
    clientId: named ?? toHex(random.bytes(16)),
    instanceId: toHex(random.bytes(16)),
    ephemeral: named === undefined,
    labels: Object.freeze({ ...labels }),
    ...(build !== undefined && { build }),
  }

  async function keptName(text: string): Promise<string | undefined> {
    try {
      return await state?.clientId(text)
    } catch (error) {
      logger.warn(
        'the state folder cannot keep the name of this client; it may get another at its next start',
        {
          code: codeOf(error),
        },
      )
      return undefined
    }
  }
}

function check(name: string, value: string | undefined): void {
  if (value === undefined || isLine(value)) return
  throw new NoticeboardError(
    'invalid-option',
    `${name} must be a text of 1 to 256 characters without control characters`,
  )
}
