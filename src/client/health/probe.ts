import { NoticeboardError } from '../../contracts/errors.js'
import type { ProbeAnswer } from '../../contracts/report.js'
import type { Clock } from '../../contracts/system.js'
import { withDeadline } from '../../async/deadline.js'
import { checkOptions, checkPositive } from '../../core/options.js'

/** How a client finds out whether its application is well. */
export interface HealthOptions {
  /**
   * Whether the application is well now. What it throws is no answer, and neither is one that takes
   * longer than `timeoutMs`, when its signal aborts.
   */
  readonly probe: (context: { readonly signal: AbortSignal }) => boolean | Promise<boolean>
  /** How long one answer may take, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number
  /** How long after an answer it is asked again, in milliseconds. Default 10,000. */
  readonly intervalMs?: number
  /**
   * How long after a snapshot came into force the probe is to say that the application is well, in
   * milliseconds. Default 30,000. If it does not then, and did before, what ran before comes back.
   */
  readonly confirmMs?: number
}

/** Asks a probe, and makes a {@link ProbeAnswer} of whatever it does. Never rejects. */
export async function askProbe(
  { probe, timeoutMs }: Required<HealthOptions>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ProbeAnswer> {
  const late = new NoticeboardError('timeout', 'the probe did not answer')
  try {
    const isWell = await withDeadline(
      { clock, signal, timeoutMs, graceMs: 0, what: 'the probe', late: () => late },
      async own => probe({ signal: own }),
    )
    return isWell === true ? 'healthy' : 'unhealthy'
  } catch (error) {
    return error === late ? 'timeout' : 'threw'
  }
}

/** The options with their defaults. Throws `invalid-option` that names the option. */
export function readHealth(given: HealthOptions): Required<HealthOptions> {
  checkOptions('the health of createClient()', given, {
    probe: true,
    timeoutMs: true,
    intervalMs: true,
    confirmMs: true,
  })
  const { probe, timeoutMs = 5_000, intervalMs = 10_000, confirmMs = 30_000 } = given
  if (typeof probe !== 'function')
    throw new NoticeboardError(
      'invalid-option',
      'health.probe must be a function that returns true while this program is healthy',
    )
  checkPositive('createClient(): health', { timeoutMs, intervalMs, confirmMs })
  return { probe, timeoutMs, intervalMs, confirmMs }
}
