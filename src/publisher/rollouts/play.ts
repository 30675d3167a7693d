import { nextPosition } from '../../contracts/position.js'
import type { ClientReport, HeardReports } from '../../contracts/report.js'
import type { Hasher } from '../../contracts/system.js'
import { isClient } from '../../core/report/is-client.js'
import { positionOf } from '../../core/release/release.js'
import { target } from '../../core/release/target.js'
import type { GateAnswers } from '../../rollouts/gate.js'
import { gatesOf } from '../../rollouts/plan.js'
import type { NextStage, RolloutPolicy } from '../../rollouts/policy.js'
import { askToDecide } from './ask-policy.js'
import type { RolloutRelease } from './steps.js'

/** A rollout as it would go if every client were well. */
export interface Played {
  /** The release with which each stage begins, while it has an audience. */
  readonly stages: readonly RolloutRelease[]
  /** Whether it came to where all clients run the candidate. */
  readonly isWhole: boolean
}

/** How many stages are played; a policy that never comes to an end has more. */
const MOST_STAGES = 64

/** After how long a stage is looked at, in milliseconds: policies may go by the clock too. */
const LOOKS_MS = [
  0, 1_000, 10_000, 60_000, 300_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 28_800_000,
  57_600_000, 86_400_000, 172_800_000, 345_600_000, 691_200_000,
] // prettier-ignore

/**
 * Plays a rollout by its policy, on paper: whoever is exposed reports that it runs the candidate and
 * is well, and each gate is green. Nothing is written. Ends where the policy does not go on, and
 * where it throws, since what it was given is invented.
 *
 * ```ts
 * const { stages, isWhole } = play(release, { policy, heard, hasher })
 * ```
 */
export function play(
  first: RolloutRelease,
  asked: { readonly policy: RolloutPolicy; readonly heard: HeardReports; readonly hasher: Hasher },
): Played {
  const stages: RolloutRelease[] = []
  let release = first
  let nowMs = Date.parse(asked.heard.asOf)
  while (stages.length < MOST_STAGES) {
    stages.push(release)
    const found = goOn(release, { ...asked, fromMs: nowMs })
    if (found === undefined) return { stages, isWhole: false }
    if (found.next.audience === undefined) return { stages, isWhole: true }
    nowMs = found.nowMs
    release = releaseAfter(release, found)
  }
  return { stages, isWhole: false }
}

interface Moved {
  readonly next: NextStage
  readonly nowMs: number
}

interface Going {
  readonly policy: RolloutPolicy
  readonly heard: HeardReports
  readonly hasher: Hasher
  readonly fromMs: number
}

/** What the policy says once it goes on; undefined where it does not. */
function goOn(release: RolloutRelease, { policy, heard, hasher, fromMs }: Going): Moved | undefined {
  const { plan, stage } = release.rollout
  const gates: GateAnswers = Object.fromEntries(gatesOf(plan).map(name => [name, { verdict: 'good', stage }]))
  for (const afterMs of LOOKS_MS) {
    const nowMs = fromMs + afterMs
    const well = wellAt(release, { heard, hasher, nowMs, afterMs })
    try {
      const decision = askToDecide(policy, { release, hasher }, { heard: well, gates })
      if (decision.type === 'advance' || decision.type === 'widen') return { next: decision.next, nowMs }
      if (decision.type === 'roll-back' || decision.type === 'retreat') return undefined
    } catch {
      // It may rightly go by more than is invented here; the controller tells what it throws.
      return undefined
    }
  }
  return undefined
}

/** What would be heard if every client that is exposed had run the candidate since. */
function wellAt(
  release: RolloutRelease,
  {
    heard,
    hasher,
    nowMs,
    afterMs,
  }: Pick<Going, 'heard' | 'hasher'> & { readonly nowMs: number; readonly afterMs: number },
): HeardReports {
  const asOf = new Date(nowMs).toISOString()
  const position = positionOf(release)
  const reports = heard.reports.map((report): ClientReport => {
    if (!isClient(report) || report.phase === 'stopped') return report
    const word = {
      ...report,
      count: report.count + 1,
      upMs: report.upMs + afterMs,
      seen: position,
      receivedAt: asOf,
    }
    const { clientId, instanceId, labels, ephemeral } = report
    const identity = { clientId, instanceId, labels, ephemeral }
    const wanted = target(release, { identity, refused: () => false, hasher })
    if (wanted.arm !== 'candidate') return { ...word, sinceMs: report.sinceMs + afterMs }
    const { digest, version } = wanted
    return { ...word, phase: 'healthy', digest, version, applied: position, sinceMs: afterMs }
  })
  return { ...heard, asOf, reports }
}

/** The release of the stage that follows. */
function releaseAfter(
  release: RolloutRelease,
  { next: { state, stage, audience, start, decideBy }, nowMs }: Moved,
): RolloutRelease {
  const following = nextPosition(positionOf(release))
  const position = start.position ?? following
  return {
    ...release,
    ...following,
    issuedAt: new Date(nowMs).toISOString(),
    ...(audience !== undefined && { audience }),
    rollout: { ...release.rollout, state, stage, stageStart: { ...start, position }, decideBy },
  }
}
