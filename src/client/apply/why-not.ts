import { NoticeboardError, type ErrorCode } from '../../contracts/errors.js'
import type { Refusal } from '../../contracts/state.js'
import { sayIssues } from '../../core/say-issues.js'
import type { ApplyState } from './state.js'
import type { AttemptEnd, RefusedSnapshot } from './events.js'
import type { Pending } from './pending.js'

/** Why the newest release does not run here, in words that never hold a value. */
export interface WhyNot {
  /** The reason as it was found last; undefined before the first, and once an attempt succeeded. */
  readonly reason: NoticeboardError | undefined
  /** An attempt begins. */
  begins(): void
  /** A snapshot was refused. */
  refused(refused: RefusedSnapshot): void
  /** How an attempt ended. `known` is asked for what was refused in an earlier attempt or life. */
  ended(pending: Pending, end: AttemptEnd, known: () => Known): void
}

/** What was known of what is asked of this client before it was asked. */
export interface Known {
  readonly refusal: Refusal | undefined
  readonly isQuarantined: boolean
}

/**
 * Makes a {@link WhyNot}.
 *
 * ```ts
 * throw new NoticeboardError('not-ready', whyNot.reason?.message ?? 'nothing came', { cause: whyNot.reason })
 * ```
 */
export function createWhyNot(): WhyNot {
  return new Reasons()
}

/** A class, since every client has one. */
class Reasons implements WhyNot {
  reason: NoticeboardError | undefined

  begins(): void {
    this.reason = undefined
  }

  refused({ version, code, issues }: RefusedSnapshot): void {
    this.reason ??= new NoticeboardError(
      codeOf(code),
      `version ${version} was refused: ${issues.length === 0 ? code : sayIssues(issues)}`,
      { issues },
    )
  }

  ended(pending: Pending, end: AttemptEnd<unknown>, known: () => Known): void {
    const version = pending.type === 'saved-version' ? pending.saved.version : pending.release.stable.version
    const because = (code: ErrorCode, text: string, cause?: unknown): NoticeboardError =>
      new NoticeboardError(code, `version ${version} was refused: ${text}`, { cause })
    switch (end.type) {
      case 'prepared':
        this.reason = end.instead === true ? (this.reason ?? knownReason(known(), because)) : undefined
        return
      case 'unchanged':
        this.reason = undefined
        return
      case 'unsupported':
      case 'vetoed':
      case 'failed':
        this.reason = because(end.error.code, end.error.message, end.error.cause)
        return
      case 'kept':
        this.reason ??= knownReason(known(), because)
        return
      case 'missing':
    }
  }
}

/** Whether the newest release came to its end here, and does not run. */
export function isRefused({ work }: ApplyState): boolean {
  switch (work.at) {
    case 'settled':
      return work.how === 'kept' || work.how === 'unsupported'
    case 'retrying':
      return work.retry.pending.type === 'release'
    case 'idle':
    case 'restoring':
    case 'applying':
    case 'restored':
    case 'closed':
      return false
  }
}

function knownReason(
  { refusal, isQuarantined }: Known,
  because: (code: ErrorCode, text: string) => NoticeboardError,
): NoticeboardError | undefined {
  if (refusal !== undefined) {
    const { code, path = '', validator = code } = refusal
    const where = path === '' ? 'the document' : path
    return because(codeOf(code), `${where} did not pass (${validator}) when this build tried it before`)
  }
  return isQuarantined
    ? because('invalid-document', 'it is quarantined here, since the process died twice while it ran')
    : undefined
}

/** The code of a refusal, which may have been written by another version. */
function codeOf(code: string): ErrorCode {
  return code === 'too-large' || code === 'invalid-data' ? code : 'invalid-document'
}
