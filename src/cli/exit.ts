import {
  asNoticeboardError,
  isNoticeboardError,
  NoticeboardError,
  type ErrorCode,
} from '../contracts/errors.js'
import { systemErrorCode } from '../node/disk/system-error.js'
import { isError } from '../core/built-ins.js'
import { NOT_STARTED } from '../publisher/rollouts/not-started.js'
import { OR_SAY_WHY } from '../rollouts/floor.js'
import { WEB_SERVER_REFUSES } from '../transports/http/refusal.js'

/** How a command ends, as a status of the process. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  conflict: 4,
  unreachable: 5,
  rolledBack: 6,
  paused: 7,
  running: 8,
  alarm: 9,
  /** Clients refused what was waited for, and nothing took it back. */
  refusedByClients: 10,
  /** No model that was compared meets the deadlines. */
  unfit: 11,
  interrupted: 130,
} as const

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT]

/** What somebody typed makes no sense: exit 2, with a pointer to the help of the command. */
export function usageError(message: string): NoticeboardError {
  return new NoticeboardError('invalid-option', message)
}

/** The status for an error. */
export function statusOf({ code, message }: NoticeboardError): ExitStatus {
  // What cannot be staged here was refused before anything was appended, as by a gate or a policy.
  if (code === 'unsupported' && message.includes(NOT_STARTED)) return EXIT.refused
  return STATUS[code] ?? EXIT.failed
}

const STATUS: { readonly [Code in ErrorCode]?: ExitStatus } = {
  'invalid-option': EXIT.usage,
  'invalid-document': EXIT.refused,
  unauthorized: EXIT.refused,
  forbidden: EXIT.refused,
  'too-large': EXIT.refused,
  withdrawn: EXIT.refused,
  'fleet-unknown': EXIT.refused,
  'no-controller': EXIT.refused,
  conflict: EXIT.conflict,
  'rollout-in-progress': EXIT.conflict,
  unavailable: EXIT.unreachable,
  'rate-limited': EXIT.unreachable,
  timeout: EXIT.unreachable,
}

/**
 * Runs a step that reads what the user hands in: a document that cannot be read as one is refused,
 * not a failure of ours.
 */
export async function refusing<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (!isNoticeboardError(error, 'invalid-data')) throw error
    throw new NoticeboardError('invalid-document', error.message, { cause: error, issues: error.issues })
  }
}

/**
 * Whether a server was asked and nothing came back: then the address or the way to it may be wrong.
 */
function isUnheard({ code, cause }: NoticeboardError): boolean {
  if (isNoticeboardError(cause)) return isUnheard(cause)
  return code === 'timeout' || (cause !== undefined && systemErrorCode(cause) === undefined)
}

/** Anything that was thrown, as one of ours. */
export function asError(error: unknown): NoticeboardError {
  const text = isError(error) ? error.message : 'something that is not an Error was thrown'
  return asNoticeboardError(error, 'internal', text)
}

/** What to do next, where the message does not say it already. */
export function hintFor(
  error: NoticeboardError,
  {
    command,
    proxy,
    heldBackFor,
    isInput = false,
  }: {
    readonly command: string
    /** The variable that names the proxy through which a server was asked. */
    readonly proxy?: string | undefined
    /** Where the address is from for which the token of the configuration file is not. */
    readonly heldBackFor?: string | undefined
    /** Whether it waited for what the user hands in. */
    readonly isInput?: boolean
  },
): string | undefined {
  const { code, message } = error
  switch (code) {
    case 'invalid-option':
      return `see noticeboard ${command} --help`.replace('  ', ' ')
    case 'unauthorized':
      if (heldBackFor !== undefined)
        return `the token of the configuration file is for the url of that file, and was not sent to the one of ${heldBackFor}; give one by --token-file FILE or NOTICEBOARD_TOKEN`
      return 'give the token by --token-file FILE or NOTICEBOARD_TOKEN; the server prints where it keeps it when it starts'
    case 'forbidden':
      // A web server over a board knows no tokens, and no policy or gate goes by them.
      if ([WEB_SERVER_REFUSES, NOT_STARTED, OR_SAY_WHY].some(text => message.includes(text))) return undefined
      return 'the server or store refuses this for your token: check that it has the scope for this namespace, and that the address is the one for writing'
    case 'rate-limited':
      return 'the server asks for fewer requests; try again later'
    case 'unavailable':
    case 'timeout':
      // A server that cannot listen, a disk, and a server that answered have said all there is to
      // say.
      if (command === 'serve' || isInput) return undefined
      // What a server answers through a proxy may be the proxy's own word.
      if (proxy !== undefined && (isUnheard(error) || error.cause === undefined))
        return `${proxy} is set, so requests to other machines go through a proxy; NO_PROXY=HOST exempts one. Check that the server runs and that the address is right`
      if (!isUnheard(error)) return undefined
      return 'check that the server runs and that the address is right; meanwhile clients keep their configuration'
    case 'conflict':
      return 'noticeboard history shows what changed; nothing was published'
    case 'rollout-in-progress':
      return 'noticeboard rollout show tells where it stands'
    case 'no-controller':
      return 'noticeboard serve and noticeboard controller each run one; a policy or gate of your own has to be in `policies` or `gates` of the noticeboard.config.mjs that they read, or in serve(store, { controller: { policies, gates } })'
    case 'fleet-unknown':
      if (command === 'rollout') return undefined
      return '--everyone publishes it to all clients at once, and nothing holds it back'
    case 'withdrawn':
      return 'noticeboard history shows why'
    case 'store-damaged':
      // What names the ways out itself may have two, of which the other one is right.
      if (message.includes('--ignore-reports')) return undefined
      return 'look at the board first; then noticeboard epoch --reason "…" goes on in a new epoch'
    case 'closed':
    case 'digest-mismatch':
    case 'fork':
    case 'internal':
    case 'invalid-data':
    case 'invalid-document':
    case 'no-watch':
    case 'not-found':
    case 'not-ready':
    case 'too-large':
    case 'unsupported':
    case 'vetoed':
      return undefined
  }
}
