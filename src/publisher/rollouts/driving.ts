import { settlesWithin } from '../../async/deadline.js'
import { canReport } from '../../contracts/capabilities.js'
import { NoticeboardError } from '../../contracts/errors.js'
import type { HeardReports } from '../../contracts/report.js'
import type { Platform } from '../../contracts/system.js'
import { oneLine } from '../../core/json/text.js'
import type { PublisherContext } from '../context.js'
import { nameOfPolicy } from './policies.js'
import { createPresence } from './presence.js'
import type { Tending } from './tend.js'

/**
 * What one publisher drives, as others hear of it: as of a controller for one rollout, so that none
 * is thought to be left alone that somebody moves on.
 */
export interface Driving {
  /** Names this publisher where it moves a rollout on. */
  readonly name: string
  /** Begins to drive a rollout. */
  begin(driven: Driven): Driver
  /** What was heard, without what this publisher said of itself. */
  others(heard: HeardReports): HeardReports
  /** Ends all that has not ended, each within two seconds. Never rejects. */
  close(): Promise<void>
}

/** A rollout that is driven, and with what. */
export interface Driven {
  readonly id: string
  readonly tending: Tending
}

/** One rollout that is driven. */
export interface Driver {
  /**
   * Says where it is due that somebody moves it on, and waits for nothing. To be called at each
   * look: who does not look any more is not heard any more.
   */
  say(): void
  /** Says that nobody here does so any longer, within two seconds. Never rejects. */
  end(): Promise<void>
}

/**
 * How often it is said that a rollout is driven, in milliseconds. Whoever dies with it is heard for
 * three times as long.
 */
const REPORT_MS = 30_000

/** How long the last word is waited for, and the one before it, in milliseconds. */
const GOODBYE_MS = 1_000

/** How often a rollout that is driven is looked at, in milliseconds. */
const LOOK_MS = 2_000

/**
 * Makes the {@link Driving} of one publisher, which is named for its machine.
 *
 * ```ts
 * const driving = createDriving(context, systemPlatform)
 * const driver = driving.begin({ id: rollout.id, tending })
 * driver.say()
 * await driver.end()
 * ```
 */
export function createDriving(
  context: Pick<PublisherContext, 'namespace' | 'store' | 'clock' | 'random' | 'logger'>,
  { hostName }: Pick<Platform, 'hostName'>,
): Driving {
  const { namespace, store, clock, random, logger } = context
  const host = hostName()
  const name = host === undefined ? 'publisher' : oneLine(`publisher of ${host}`)
  const own = new Set<string>()
  const drivers = new Set<Driver>()

  const begin = ({ id, tending }: Driven): Driver => {
    const { policies, gates } = tending
    const presence = createPresence({
      to: canReport(store) ? store : undefined,
      name,
      role: {
        type: 'controller',
        policies: policies.map(nameOfPolicy),
        gates: gates.map(gate => gate.name),
        rollout: id,
      },
      standstillOf: () => undefined,
      reportMs: REPORT_MS,
      lookMs: LOOK_MS,
      clock,
      random,
      logger,
    })
    own.add(presence.instanceId)
    const over = new AbortController()
    let saying: Promise<void> | undefined
    let ended: Promise<void> | undefined
    const goodbye = async (): Promise<void> => {
      // A word under way comes first, so that it is known whether there is one to take back.
      if (saying !== undefined) await settlesWithin(saying, { clock, timeoutMs: GOODBYE_MS })
      const said = presence.stop(over.signal)
      if (!(await settlesWithin(said, { clock, timeoutMs: GOODBYE_MS })))
        over.abort(new NoticeboardError('closed', 'the rollout is not driven here any longer'))
      drivers.delete(driver)
      own.delete(presence.instanceId)
    }
    const driver: Driver = {
      say() {
        if (ended !== undefined) return
        saying ??= presence.say([namespace], over.signal).finally(() => (saying = undefined))
      },
      end: () => (ended ??= goodbye()),
    }
    drivers.add(driver)
    return driver
  }
  return {
    name,
    begin,
    others: heard => ({
      ...heard,
      reports: heard.reports.filter(({ instanceId }) => !own.has(instanceId)),
    }),
    async close() {
      await Promise.all([...drivers].map(driver => driver.end()))
    },
  }
}
