import type { Digest } from '../contracts/names.js'
import type { Position } from '../contracts/position.js'
import type { Rehearsal, RolloutPhase } from '../core/release/rollout.js'
import { positionOf, type Arm, type Release } from '../core/release/release.js'
import { controllersIn } from '../rollouts/controllers.js'
import type { Explanation } from '../rollouts/explanation.js'
import type { RolloutPolicy } from '../rollouts/policy.js'
import type { PublisherContext } from './context.js'
import { activationIn, severalIn } from './history.js'
import type { MirrorResult } from './mirrors.js'
import { endOf, watchStages } from './rollouts/watch-stages.js'
import type { Driving } from './rollouts/driving.js'
import { sayDue } from './rollouts/due.js'
import type { BuildForecast } from './rollouts/builds.js'
import type { StageForecast } from './rollouts/forecast.js'
import type { RolloutEnd, RolloutStep } from './rollouts/rollout-step.js'
import { judge, type Tending } from './rollouts/tend.js'
import { explainEnded, hasEnded } from './rollouts/ended.js'
import { standingOf } from './rollouts/standing.js'
import { outlineOf } from './rollouts/outline.js'
import { ownPolicies, withBuiltIn } from './rollouts/policies.js'
import { watchEveryone } from './rollouts/watch-everyone.js'

/**
 * What became of a publish, a rollback or a step of a rollout. Iterate it to watch the fleet take
 * it. The steps of a rollout end when it does, when it is paused, when its `decideBy` has passed,
 * or when another release took its place; those of a release for everyone when every live instance
 * has run or refused it, when a newer release took its place, or when the store keeps no reports.
 */
export interface Rollout extends AsyncIterable<RolloutStep> {
  /**
   * `unchanged`: this runs already, or is what the rollout under way tries, and no release was
   * appended. `dry-run`: it would have been published.
   */
  readonly outcome: 'published' | 'unchanged' | 'dry-run'
  /** The release; for a dry run the one that it would have been. */
  readonly position: Position
  /**
   * What is rolled out: the candidate's snapshot, or the stable one where there is no candidate. Of
   * a rollout that `publisher.rollout()` found taken back, what it tried.
   */
  readonly digest: Digest
  /**
   * All its snapshots, in their order, where clients with some labels get another; undefined where
   * everybody gets one.
   */
  readonly variants: Arm['variants'] | undefined
  /** Its version: the sequence of the release that first named it, in its epoch. */
  readonly version: number
  /**
   * What went out last before it, of a rollout the candidate; undefined for the first release of an
   * epoch, and where nothing was appended. It is higher than `version` where a release goes back.
   */
  readonly previousVersion: number | undefined
  /**
   * When clients begin to run it together, those of the last stage where there are stages; undefined
   * where they do on arrival. A time of docs/formats.md.
   */
  readonly activateAt: string | undefined
  /** Names the rollout; undefined for a release that has no stages. */
  readonly id: string | undefined
  /** Where it stood when the release was appended. */
  readonly state: RolloutPhase | 'everyone'
  /** The stage in which that was, from 0 on. */
  readonly stage: number
  /** How many stages there are; 1 where it goes to everyone. */
  readonly of: number
  /** Where the rehearsal of the way back stood then; undefined where none went on. */
  readonly rehearsal: Rehearsal['phase'] | undefined
  /** True where nobody was exposed then, since gates were to be asked first; else undefined. */
  readonly awaitsGates: true | undefined
  /** The stages that somebody promoted it past until then, from 0 on. */
  readonly skipped: readonly number[]
  /**
   * Of a publish in stages: the controllers that were heard then and can move it on by themselves,
   * by name. Empty for what goes to everyone, and where none was heard that can.
   */
  readonly controllers: readonly string[]
  /**
   * Snapshots that this release withdrew; empty but for rollbacks, aborts and kills, and for what
   * takes the place of a rollout that stood still or was bad.
   */
  readonly withdrawn: readonly Digest[]
  readonly mirrors: readonly MirrorResult[]
  /** For people: that the store may lose writes, that the schema could not be stored, … */
  readonly warnings: readonly string[]
  /** For people: how it is rolled out and why so, and what the first stage can see. */
  readonly notes: readonly string[]
  /** Of a dry run: whom each stage would expose, if the fleet stays as it is. */
  readonly forecast: readonly StageForecast[]
  /** Of a dry run: the builds of the fleet, and which of them are known to refuse the document. */
  readonly builds: readonly BuildForecast[]
  /** How it ended. Never rejects. Asked for first, it begins to look. */
  readonly settled: Promise<RolloutEnd>
  /**
   * Why it stands where it stands now, which clients are the evidence, and what would change the
   * verdict; undefined where its policy is not known here. Once it has ended: the evidence that was
   * kept with its end, for which neither its policy nor a gate is asked. Throws what the store
   * throws.
   *
   * ```ts
   * const why = await rollout.explain()
   * console.log(why?.verdict, why?.unknowns)
   * ```
   */
  explain(): Promise<Explanation | undefined>
}

/** What is known about a rollout when its release was appended. */
export interface RolloutFacts {
  readonly outcome: Rollout['outcome']
  readonly release: Release
  /** What is rolled out, where the release does not name it any more. */
  readonly tried?: Arm | undefined
  /** The release that it follows. */
  readonly before?: Release | undefined
  readonly controllers?: readonly string[]
  readonly withdrawn?: readonly Digest[]
  readonly mirrors?: readonly MirrorResult[]
  readonly warnings?: readonly string[]
  readonly notes?: readonly string[]
  readonly forecast?: readonly StageForecast[]
  readonly builds?: readonly BuildForecast[]
  /** Whether this process moves the rollout on while somebody waits for it. Default false. */
  readonly drives?: boolean
  /** The policy that planned it, where it was given one. */
  readonly policy?: RolloutPolicy
}

/** The publisher that a rollout belongs to. */
export interface RolloutHome {
  /** Aborts when it is closed. */
  readonly root: AbortSignal
  readonly driving: Driving
}

/**
 * Makes a rollout of what is known. It reads the fleet's reports only while it is iterated or its
 * end is awaited, and the publisher is open.
 *
 * ```ts
 * const rollout = createRollout(context, { root, driving }, facts)
 * for await (const { applied, exposed } of rollout) show(applied, exposed)
 * ```
 */
export function createRollout(
  context: PublisherContext,
  { root, driving }: RolloutHome,
  facts: RolloutFacts,
): Rollout {
  const { outcome, release, withdrawn = [], mirrors = [], warnings = [], notes = [] } = facts
  const { controllers = [], forecast = [], builds = [] } = facts
  const { drives = false, policy } = facts
  const arm = facts.tried ?? release.candidate ?? release.stable
  const id = outcome === 'dry-run' ? undefined : release.rollout?.id
  const own = [...(policy === undefined ? [] : [policy]), ...ownPolicies(context)]
  const tending: Tending = { by: driving.name, policies: withBuiltIn(own), gates: context.gates }
  const steps = (): AsyncGenerator<RolloutStep> => {
    if (outcome === 'dry-run') return none()
    return id === undefined
      ? watchEveryone(context, release, root)
      : watchStages(context, { id, tending, drives, driving }, root)
  }
  let settled: Promise<RolloutEnd> | undefined
  return {
    outcome,
    position: positionOf(release),
    digest: (arm.variants.at(-1) ?? arm.variants[0]).digest,
    variants: severalIn(arm).variants,
    version: arm.version,
    previousVersion: versionBefore(facts),
    activateAt: activationIn(release),
    id,
    state: release.rollout?.state ?? 'everyone',
    stage: release.rollout?.stage ?? 0,
    of: release.rollout === undefined ? 1 : Math.max(1, outlineOf(release.rollout.plan).stages),
    rehearsal: release.rollout?.stageStart.rehearsal?.phase,
    awaitsGates: release.rollout?.stageStart.awaitsGates,
    skipped: release.rollout?.skipped ?? [],
    controllers,
    withdrawn,
    mirrors,
    warnings,
    notes,
    forecast,
    builds,
    get settled() {
      settled ??=
        id === undefined
          ? Promise.resolve('completed')
          : endOf(context, { id, tending, drives, driving }, root)
      return settled
    },
    async explain() {
      if (id === undefined) return undefined
      const standing = await standingOf(context, id, root)
      if (standing.type === 'gone') return undefined
      if (hasEnded(standing)) return explainEnded(context, standing.release, root)
      const { decision, heard } = await judge(context, tending, { release: standing.release, signal: root })
      if (decision === undefined) return undefined
      const { explanation } = decision
      // Gates are not asked here: why one does not know its controller says.
      const said = controllersIn(heard, id).flatMap(({ name, stands }) =>
        stands?.is === 'waiting' && stands.rollout === id ? [`${stands.why} (${name})`] : [],
      )
      const due = said.length > 0 ? [] : sayDue(decision, { rollout: standing.release.rollout, heard })
      return { ...explanation, why: [...explanation.why, ...said, ...due] }
    },
    [Symbol.asyncIterator]: steps,
  }
}

/** A new epoch counts anew, so its numbers go back from nothing. */
function versionBefore({ before, release }: RolloutFacts): number | undefined {
  return before?.epoch === release.epoch ? (before.candidate ?? before.stable).version : undefined
}

async function* none(): AsyncGenerator<RolloutStep> {
  // A dry run changes nothing, so there is nothing to watch.
}
