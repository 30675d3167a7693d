import { NoticeboardError } from '../contracts/errors.js'
import type { Identity } from '../contracts/identity.js'
import type { Logger, Platform, Random } from '../contracts/system.js'
import type { StateStorage } from '../contracts/state.js'
import { toHex } from '../core/release/digest.js'
import { isLine } from '../core/json/text.js'
import { MAX_LABELS, MAX_LABELS_BYTES } from '../core/limits.js'
import { jsonBytes } from '../core/report/fit-report.js'
import { codeOf } from '../core/code-of.js'

export interface IdentityOptions {
  readonly clientId?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly build?: string | undefined
}

/**
 * Checks at once what a user gave, so that a report is never refused later. Throws
 * `invalid-option`.
 */
export function checkIdentityOptions({ clientId, labels = {}, build }: IdentityOptions): void {
  check('clientId', clientId)
  check('build', build)
  if (typeof labels !== 'object' || labels === null)
    throw new NoticeboardError('invalid-option', 'labels must be an object such as { region: "eu" }')
  for (const [name, value] of Object.entries(labels)) {
    check('labels: the name of a label', name)
    if (name.includes('='))
      throw new NoticeboardError('invalid-option', 'labels: the name of a label must not contain "="')
    check(`labels.${name}`, value)
  }
  if (Object.keys(labels).length > MAX_LABELS)
    throw new NoticeboardError('invalid-option', `labels: a client may have ${MAX_LABELS} labels at most`)
  const bytes = jsonBytes(labels)
  if (bytes > MAX_LABELS_BYTES)
    throw new NoticeboardError(
      'invalid-option',
      `labels take ${bytes} bytes as JSON; ${MAX_LABELS_BYTES} are allowed, so that they fit into a report`,
    )
}

/**
 * Who this client is before its state was read: the option, `NOTICEBOARD_CLIENT_ID`, the host's
 * name, or else a random name, marked `ephemeral`.
 */
export function proposeIdentity(
  { clientId, labels = {}, build }: IdentityOptions,
  { platform, random }: { readonly platform: Platform; readonly random: Random },
): Identity {
  const named = givenName(clientId, platform) ?? platform.hostName()
  return {
    clientId: named ?? toHex(random.bytes(16)),
    instanceId: toHex(random.bytes(16)),
    ephemeral: named === undefined,
    labels: Object.freeze({ ...labels }),
    ...(build !== undefined && { build }),
  }
}

/** The same, under the name that is kept beside the state unless one was given. */
export async function resolveIdentity(
  proposed: Identity,
  {
    clientId,
    platform,
    state,
    logger,
  }: Pick<IdentityOptions, 'clientId'> & {
    readonly platform: Platform
    readonly state: StateStorage | undefined
    readonly logger: Logger
  },
): Promise<Identity> {
  if (state === undefined || givenName(clientId, platform) !== undefined) return proposed
  try {
    return { ...proposed, clientId: await state.clientId(proposed.clientId), ephemeral: false }
  } catch (error) {
    logger.warn(
      'the state folder cannot keep the clientId of this client, which may get another one at its next start; set clientId or NOTICEBOARD_CLIENT_ID',
      { code: codeOf(error) },
    )
    return proposed
  }
}

function givenName(clientId: string | undefined, platform: Platform): string | undefined {
  const given = clientId ?? platform.environment('NOTICEBOARD_CLIENT_ID')
  check('NOTICEBOARD_CLIENT_ID', given)
  return given
}

function check(name: string, value: string | undefined): void {
  if (value === undefined || isLine(value)) return
  throw new NoticeboardError(
    'invalid-option',
    `${name} must be a string of 1 to 256 characters without control characters`,
  )
}
