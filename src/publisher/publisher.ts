import { calmLogger, type CalmLogger } from '../async/calm-logger.js'
import { createSharedRuns } from '../async/shared-runs.js'
import type { Alarm } from '../alarms/index.js'
import { canAppend, canRead } from '../contracts/capabilities.js'
import { NoticeboardError } from '../contracts/errors.js'
import type { Json } from '../contracts/json.js'
import { parseNamespace, type Digest, type Namespace } from '../contracts/names.js'
import type { Logger, System } from '../contracts/system.js'
import type { Position } from '../contracts/position.js'
import type { HeardReports } from '../contracts/report.js'
import type { Schema } from '../contracts/schema.js'
import type { Source } from '../contracts/source.js'
import type { Mirror, Store } from '../contracts/transport.js'
import type { Validator } from '../contracts/validator.js'
import { assertValidators } from '../core/assert-validators.js'
import { checkOptions } from '../core/options.js'
import { anything } from '../core/schema/anything.js'
import { assertSchema } from '../core/schema/assert-schema.js'
import { positionOf, type Release } from '../core/release/release.js'
import { variantFor } from '../core/release/target.js'
import { readSystem } from '../system/system.js'
import { assertAuthor } from './audit.js'
import type { PublisherContext } from './context.js'
import { diffArms, type ReleaseChange } from './diff-arms.js'
import { openNewEpoch, type OpenEpochOptions } from './epoch.js'
import { findArm, readDocumentOf, type NamedArm, type ReleaseRef } from './resolve-ref.js'
import { summarizeFleet, type Fleet } from '../fleet/summary.js'
import { forgetInstances, type ForgetOptions } from './forget.js'
import { FOLLOW_OPTIONS, followSource, type FollowOptions, type FollowStep } from './follow.js'
import { readHistory, type HistoryEntry } from './history.js'
import { lookAtNamespace } from './look-at-namespace.js'
import { assertMirrors, syncMirrors, type MirrorResult } from './mirrors.js'
import { readNewest } from './read-head.js'
import { readReports } from './read-reports.js'
import { readmit, type ReadmitOptions } from './readmit.js'
import { isSource } from './object-source.js'
import { prepareAll, variantsOf, type VariantDocument } from './prepare.js'
import { publishDocument, type PublishOptions } from './publish.js'
import { pruneSnapshots, type Pruned, type PruneOptions } from './prune.js'
import { DEFAULT_RETRIES, eachWithSignal, withSignal } from './retry.js'
import { rollBack, type RollbackOptions } from './rollback.js'
import { createDriving } from './rollouts/driving.js'
import { triedBy } from './rollouts/ended.js'
import { assertGates, type Gate } from './rollouts/gates.js'
import { assertPolicies, assertPolicy } from './rollouts/policies.js'
import { assertFloor } from '../rollouts/assert-floor.js'
import type { RolloutFloor } from '../rollouts/floor.js'
import type { RolloutPolicy } from '../rollouts/policy.js'
import { killSwitch, type KillOptions } from './rollouts/kill.js'
import { inRollout } from './rollouts/steps.js'
import { takeStep, type AskedStep, type PromoteOptions, type StepOptions } from './rollouts/take-step.js'
import { createRollout, type Rollout, type RolloutFacts, type RolloutHome } from './rollout.js'
import { remembering } from '../core/store/remembering-store.js'
import { createVersionIndex } from './versions.js'
import { LARGE_RELEASE_BYTES, MAX_SNAPSHOT_BYTES } from '../core/limits.js'
import { silentLogger } from '../core/silent-logger.js'

/** What a publisher is made of. Namespace, schema and store are needed. */
export interface PublisherOptions<Input = unknown, Output = Input> {
  readonly namespace: Namespace
  readonly schema: Schema<Input, Output>
  /**
   * Whether a publish keeps the JSON Schema of `schema` beside the documents, by which the command
   * line and other languages check theirs. It holds types and limits; rules of code (`refine`,
   * transforms, validators) are not in it. A schema of a library that tells no JSON Schema takes
   * one away that another publisher kept. `false` leaves what is kept as it is. Default true.
   */
  readonly keepSchema?: boolean
  /** The one truth. The publisher does not close it. */
  readonly store: Store
  /**
   * Mirrors, which follow the store. A mirror that fails does not fail the publish, and is brought
   * up to date by the next one. Default: none.
   */
  readonly mirrors?: readonly Mirror[]
  /**
   * The most bytes that a release and the snapshots that it names may have together, where a mirror
   * follows the store by itself and its board stands in one place: 1,048,576
   * (`MAX_CONFIG_MAP_BYTES`) for `configMapMirror`. A publish that would not fit is refused as
   * `too-large`. Default: what `mirrors` take.
   */
  readonly maxBoardBytes?: number
  /** How documents spread where a publish does not say. Default: in stages, see `publish`. */
  readonly rollout?: RolloutPolicy
  /**
   * Policies of your own, by which a rollout under way is judged that one of them planned. Default:
   * that of `rollout`.
   */
  readonly policies?: readonly RolloutPolicy[]
  /**
   * How careful every rollout has to be: a publish may be stricter, and looser only with a reason.
   * Default: no floor.
   */
  readonly floor?: RolloutFloor
  /** Asked before a rollout begins, and while this publisher drives it. Default: none. */
  readonly gates?: readonly Gate[]
  /** Asked after the schema, about what the schema made of the document. Default: none. */
  readonly validators?: readonly Validator<Output>[]
  /** Who publishes, for the history, unless a call says otherwise. Default: nobody is named. */
  readonly author?: string
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
  /** Default: silent. */
  readonly logger?: Logger
  /** The largest document, in bytes. Default: what the store takes, and 1 MiB at most. */
  readonly maxSnapshotBytes?: number
  /**
   * How often one operation is tried again while the store is `unavailable`, after delays with full
   * jitter of up to 4 s. Default 4.
   */
  readonly retries?: number
}

/** A release, and its document. */
export interface Published {
  readonly position: Position
  /** The sequence of the release that first named the document, in its epoch. */
  readonly version: number
  readonly digest: Digest
  /**
   * The document that `version` is for the clients with the labels that were asked for; where none
   * were, for those that no variant's labels match.
   */
  readonly document: Json
  readonly release: Release
}

/** For which clients a document is read. */
export interface ReadOptions {
  /** The labels of these clients. Default: none, so that no variant is for them. */
  readonly labels?: Readonly<Record<string, string>>
}

/** What could be published, to be compared with what was. */
export interface ProposedDocument<Input = unknown> {
  readonly document: Input
  /**
   * Other documents for clients with certain labels; the first that matches holds. Default: none.
   */
  readonly variants?: readonly VariantDocument<Input>[]
}

/**
 * Validates documents and appends releases to one namespace of a store. Every method throws
 * `closed` after `close()`, and `invalid-option` for an option that it does not know. What the
 * store throws is thrown on: `unavailable` once it was tried again as `retries` says,
 * `unauthorized`, `forbidden`, `store-damaged`.
 */
export interface Publisher<Input = unknown> {
  readonly namespace: Namespace
  /**
   * Publishes a document, or what a source holds now. Resolves when the store acknowledged it.
   * Throws `invalid-document` with the issues, `conflict` when the head is not the expected one or
   * other publishers keep winning, `invalid-data` or `too-large` for a document that cannot travel,
   * `store-damaged`, `unavailable`, `unauthorized`. The document that runs already is `unchanged`:
   * no release is appended.
   *
   * ```ts
   * const rollout = await publisher.publish({ pool: { size: 8 } }, { reason: 'more load' })
   * console.log(rollout.version, rollout.state)
   * ```
   */
  publish(document: Input | Source, options: PublishOptions<Input>): Promise<Rollout>
  /**
   * Goes back to an earlier version, and withdraws the one that runs so that no client falls back
   * to it. Never delayed by a schema, a validator, a rollout, a full disk or a document that cannot
   * be read. Throws `not-found` when there is no version to go back to.
   *
   * ```ts
   * await publisher.rollback({ to: 7, reason: 'version 8 loses orders' })
   * ```
   */
  rollback(options: RollbackOptions): Promise<Rollout>
  /**
   * The rollout of the newest release, also one that has ended; undefined where that has none.
   * `drive` as in {@link PublishOptions}.
   *
   * ```ts
   * const rollout = await publisher.rollout()
   * if (rollout?.state === 'paused') console.log(await rollout.explain())
   * ```
   */
  rollout(options?: { readonly drive?: boolean; readonly signal?: AbortSignal }): Promise<Rollout | undefined>
  /**
   * The rollout that is under way stands still; who is exposed stays so. Throws `conflict` when
   * none is.
   *
   * ```ts
   * await publisher.pause({ reason: 'the sale begins' })
   * ```
   */
  pause(options: StepOptions): Promise<Rollout>
  /**
   * Goes on with a rollout that was paused or has retreated, in the stage that it was in. Throws
   * `conflict` when no rollout is under way that can take this step.
   *
   * ```ts
   * await publisher.resume({ reason: 'the sale is over' })
   * ```
   */
  resume(options: StepOptions): Promise<Rollout>
  /**
   * Every client gets the candidate now; what it does is watched. With `to` a later stage begins in
   * place of that, for those whom it would expose if each stage before had begun, and goes on from
   * there. What was skipped is kept in the history. Throws `conflict` when no rollout is under way
   * that can take this step; with `to` also `invalid-option` where there is no such stage,
   * `unsupported` where its policy cannot say whom the stage exposes, and `fleet-unknown` where
   * nobody is heard.
   *
   * ```ts
   * await publisher.promote({ reason: 'checked by hand' })
   * await publisher.promote({ to: '50 %', reason: 'checked by hand' })
   * ```
   */
  promote(options: PromoteOptions): Promise<Rollout>
  /**
   * Ends the rollout that is under way or watched: everybody runs what ran before it, and its
   * candidate is withdrawn. Waits for no evidence, and tries until it wins. Throws `conflict` when
   * no rollout is under way that can take this step.
   *
   * ```ts
   * await publisher.abort({ reason: 'it loses orders' })
   * ```
   */
  abort(options: StepOptions): Promise<Rollout>
  /**
   * Takes the candidate back from the exposed without withdrawing it, so that `resume` goes on.
   * Throws `conflict` when no rollout is under way that can take this step.
   *
   * ```ts
   * await publisher.retreat({ reason: 'the database moves first' })
   * ```
   */
  retreat(options: StepOptions): Promise<Rollout>
  /**
   * Patches every document that runs, stable and candidate, at once and for everybody, pauses a
   * rollout that is under way, and ends one that is watched. What was replaced is withdrawn. A
   * candidate that cannot be patched is aborted. Throws what the store throws when the stable
   * document cannot be read: roll back then.
   *
   * ```ts
   * await publisher.kill({ patch: { newCheckout: false }, reason: 'it loses orders' })
   * ```
   */
  kill(options: KillOptions): Promise<Rollout>
  /**
   * Lets clients run a snapshot of the newest release that they refused, took back or have under
   * quarantine, and no other: the release is said again with a readmission. Throws `not-found` when
   * the newest release does not name it; a document that was withdrawn comes back by
   * `publish(document, { readmit })`.
   *
   * ```ts
   * await publisher.readmit({ digest: '3f9a01bc', reason: 'the driver was to blame' })
   * ```
   */
  readmit(options: ReadmitOptions): Promise<Rollout>
  /**
   * The log, newest first; `limit` is the number of releases. Default: all. What the store throws
   * is thrown where the result is iterated.
   *
   * ```ts
   * for await (const { position, cause, audit } of publisher.history({ limit: 20 }))
   *   console.log(formatPosition(position), cause, audit?.author, audit?.reason)
   * ```
   */
  history(options?: { readonly limit?: number; readonly signal?: AbortSignal }): AsyncIterable<HistoryEntry>
  /**
   * Where the documents of two versions differ, or those of a version and what would be published:
   * for all clients, also those that get a variant. A version or a digest names the candidate of a
   * rollout too, while it goes on and afterwards. Empty when nobody gets another document. Throws
   * `not-found` for a version that is not there.
   *
   * ```ts
   * const changes = await publisher.diff(7, { document: { pool: { size: 9 } } })
   * ```
   */
  diff(before: ReleaseRef, after: ReleaseRef | ProposedDocument<Input>): Promise<readonly ReleaseChange[]>
  /**
   * What runs now; undefined before the first publish. Throws when its document cannot be read.
   *
   * ```ts
   * const running = await publisher.current({ labels: { region: 'eu' } })
   * console.log(running?.version, running?.document)
   * ```
   */
  current(options?: ReadOptions): Promise<Published | undefined>
  /**
   * A release of the log and its document, also the candidate of a rollout, where `ref` is its
   * version or its digest. Throws `not-found`.
   *
   * ```ts
   * const { document } = await publisher.read(7)
   * ```
   */
  read(ref: ReleaseRef, options?: ReadOptions): Promise<Published>
  /**
   * Who runs what, as the fleet's reports tell it; `unknown`, and no error, where the store keeps
   * no reports.
   *
   * ```ts
   * const fleet = await publisher.fleet()
   * if (fleet.type === 'known') console.log(fleet.counts.current, fleet.counts.missing)
   * ```
   */
  fleet(): Promise<Fleet>
  /**
   * What an operator should look at now, the most urgent first; docs/alarms.md says what to do. A
   * board that cannot be read is one of them, and no error.
   *
   * ```ts
   * for (const { name, severity, says } of await publisher.alarms()) page(severity, `${name}: ${says}`)
   * ```
   */
  alarms(): Promise<readonly Alarm[]>
  /**
   * Counts instances as stopped that will not come back: machines that are gone, clients that were
   * renamed. One that lives is back with its second report from then on. Resolves to how many there
   * were. Throws `unsupported` over a store that keeps no reports.
   *
   * ```ts
   * const forgotten = await publisher.forget({ missingForMs: 3_600_000 })
   * ```
   */
  forget(options: ForgetOptions): Promise<number>
  /**
   * Goes on in a new epoch: for a store that was restored, copied or damaged, once an operator has
   * looked at it. Throws `invalid-option` where no release can be read and no document is given,
   * `invalid-document`, and `invalid-data` when reports claim a position that is too far ahead.
   *
   * ```ts
   * await publisher.openEpoch({ reason: 'restored from the backup of Monday' })
   * ```
   */
  openEpoch(options: OpenEpochOptions<Input>): Promise<Rollout>
  /**
   * Removes the snapshots that old releases name and no other, and their deltas, so that the store
   * does not grow for ever. What a rollback goes back to and both documents of a rollout that is
   * under way stay, and so do the releases themselves. Nothing else removes snapshots, and mirrors
   * keep theirs. Throws `unsupported` over a store that removes none, such as a server's.
   *
   * ```ts
   * const { removed, removedBytes } = await publisher.prune({ keepReleases: 100, keepDays: 90 })
   * ```
   */
  prune(options?: PruneOptions): Promise<Pruned>
  /**
   * Brings every mirror to the newest release. A mirror that fails is told in its result, and is no
   * error.
   *
   * ```ts
   * const results = await publisher.sync()
   * ```
   */
  sync(): Promise<readonly MirrorResult[]>
  /**
   * Publishes a source now and whenever it changes, for as long as the result is iterated. A
   * publish that fails is a step of type `failed`, and is no error; the next change is published
   * again.
   *
   * ```ts
   * for await (const step of publisher.follow(yamlFile('service.yaml'), { reason: 'the file changed' }))
   *   if (step.type === 'failed') console.error(step.error.message)
   * ```
   */
  follow(source: Source, options: FollowOptions): AsyncIterable<FollowStep>
  /**
   * Stops what is under way; the store and the mirrors stay open.
   *
   * ```ts
   * await publisher.close()
   * ```
   */
  close(): Promise<void>
  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Makes a publisher for one namespace. Throws `invalid-option` at once for options that make no
 * sense; the store is first used by a call.
 *
 * ```ts
 * const publisher = createPublisher({ namespace: 'checkout/prod', schema, store })
 * await publisher.publish({ pool: 8 }, { rollout: everyone(), reason: 'more load' })
 * await publisher.close()
 * ```
 */
export function createPublisher<Input = unknown, Output = Input>(
  options: PublisherOptions<Input, Output>,
): Publisher<Input> {
  const context = readOptions(options)
  const { namespace } = context
  const driving = createDriving(context, readSystem('createPublisher()', options.system).platform)
  const root = new AbortController()
  const home: RolloutHome = { root: root.signal, driving }
  const underWay = new Set<Promise<unknown>>()

  const run = <T>(
    own: AbortSignal | undefined,
    operation: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const work = withSignal(root.signal, own, operation)
    const settled = work.then(
      () => {},
      () => {},
    )
    underWay.add(settled)
    void settled.then(() => underWay.delete(settled))
    return work
  }
  const shared = createSharedRuns<'reports', HeardReports | undefined>()
  /** What was heard, read once for all who ask meanwhile: of a large fleet it is much. */
  const readOnce = (signal: AbortSignal): Promise<HeardReports | undefined> =>
    shared('reports', () => readReports(context, signal))
  const rollout = async (facts: Promise<RolloutFacts>): Promise<Rollout> =>
    createRollout(context, home, await facts)
  const step = (asked: AskedStep, settings: PromoteOptions): Promise<Rollout> =>
    rollout(run(settings?.signal, signal => takeStep(context, asked, settings ?? {}, signal)))
  const publish = (document: unknown, settings: PublishOptions): Promise<Rollout> =>
    rollout(
      run(settings?.signal, async signal =>
        publishDocument(
          context,
          isSource(document) ? await document.read(signal) : document,
          settings ?? {},
          signal,
        ),
      ),
    )
  const close = async (): Promise<void> => {
    root.abort(new NoticeboardError('closed', 'the publisher was closed; create a new one'))
    await Promise.all([...underWay, driving.close()])
    context.logger.end()
  }

  return {
    namespace,
    publish,
    rollback: settings => rollout(run(settings?.signal, signal => rollBack(context, settings ?? {}, signal))),
    openEpoch: settings =>
      rollout(run(settings?.signal, signal => openNewEpoch(context, settings ?? {}, signal))),
    rollout: (settings = {}) => {
      checkOptions('rollout()', settings, { drive: true, signal: true })
      const { drive: drives = false, signal: own } = settings
      return run(own, async signal => {
        const release = (await readNewest(context, signal))?.release
        if (release === undefined || !inRollout(release)) return undefined
        const tried = await triedBy(context, release, signal)
        return createRollout(context, home, { outcome: 'unchanged', release, tried, drives })
      })
    },
    pause: settings => step('pause', settings),
    resume: settings => step('resume', settings),
    promote: settings => step('promote', settings),
    abort: settings => step('abort', settings),
    retreat: settings => step('retreat', settings),
    kill: settings => rollout(run(settings?.signal, signal => killSwitch(context, settings ?? {}, signal))),
    readmit: settings => rollout(run(settings?.signal, signal => readmit(context, settings ?? {}, signal))),
    history(settings = {}) {
      checkOptions('history()', settings, { limit: true, signal: true })
      const { limit, signal: own } = settings
      return eachWithSignal(root.signal, own, signal => readHistory(context, { limit, signal }))
    },
    diff: (before, after) =>
      run(undefined, async signal => {
        const from = (await findArm(context, before, signal)).arm
        const proposed = readProposed(after)
        const prepared = proposed && prepareAll(context, proposed.document, proposed.variants ?? [])
        const to =
          prepared === undefined
            ? (await findArm(context, after as ReleaseRef, signal)).arm
            : { variants: variantsOf(prepared) }
        return diffArms(
          from,
          to,
          async digest =>
            prepared?.find(one => one.digest === digest)?.document ?? readDocumentOf(context, digest, signal),
        )
      }),
    current: (settings = {}) => {
      const labels = readLabels('current()', settings)
      return run(undefined, async signal => {
        const release = (await readNewest(context, signal))?.release
        if (release === undefined) return undefined
        return readPublished(context, { release, arm: release.stable }, { labels, signal })
      })
    },
    read: (ref, settings = {}) => {
      const labels = readLabels('read()', settings)
      return run(undefined, async signal =>
        readPublished(context, await findArm(context, ref, signal), { labels, signal }),
      )
    },
    fleet: () =>
      run(undefined, async signal => {
        const heard = await readOnce(signal)
        if (heard === undefined) return { type: 'unknown', why: 'no-reports' } as const
        return summarizeFleet(heard, (await readNewest(context, signal))?.release)
      }),
    alarms: () =>
      run(undefined, async signal => (await lookAtNamespace(context, signal, () => readOnce(signal))).alarms),
    forget: settings => run(settings?.signal, signal => forgetInstances(context, settings ?? {}, signal)),
    prune: (settings = {}) => run(settings.signal, signal => pruneSnapshots(context, settings, signal)),
    sync: () =>
      run(undefined, async signal => {
        const newest = await readNewest(context, signal)
        return newest === undefined ? [] : syncMirrors(context, newest, signal)
      }),
    follow(source, settings) {
      checkOptions('follow()', settings, FOLLOW_OPTIONS)
      return followSource({
        context,
        source,
        publish: from => publish(from, settings),
        root: root.signal,
        own: settings.signal,
      })
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function readPublished(
  context: PublisherContext,
  { release, arm }: NamedArm,
  { labels, signal }: { readonly labels: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<Published> {
  const { digest } = variantFor(arm, { labels })
  const document = await readDocumentOf(context, digest, signal)
  return { position: positionOf(release), version: arm.version, digest, document, release }
}

function readLabels(call: string, settings: ReadOptions): Readonly<Record<string, string>> {
  checkOptions(call, settings, { labels: true })
  return settings.labels ?? {}
}

/** What stands in the place of a reference, where it is a document. */
function readProposed(after: unknown): ProposedDocument | undefined {
  if (typeof after !== 'object' || after === null || !('document' in after)) return undefined
  checkOptions('diff()', after as ProposedDocument, { document: true, variants: true })
  return after as ProposedDocument
}

function readOptions<Input, Output>(
  options: PublisherOptions<Input, Output>,
): PublisherContext & { readonly logger: CalmLogger } {
  checkOptions('createPublisher()', options, {
    namespace: true,
    schema: true,
    keepSchema: true,
    store: true,
    mirrors: true,
    validators: true,
    rollout: true,
    policies: true,
    floor: true,
    gates: true,
    author: true,
    system: true,
    logger: true,
    maxSnapshotBytes: true,
    maxBoardBytes: true,
    retries: true,
  })
  const {
    schema,
    keepSchema = true,
    store,
    mirrors = [],
    validators = [],
    rollout,
    policies = [],
    floor,
    gates = [],
    author,
    maxSnapshotBytes = Math.min(store?.maxSnapshotBytes ?? 0, MAX_SNAPSHOT_BYTES),
    maxBoardBytes,
  } = options
  const { retries = DEFAULT_RETRIES } = options
  const { clock, random, hasher } = readSystem('createPublisher()', options.system)
  const logger = calmLogger(options.logger === undefined ? silentLogger : options.logger, clock)
  const namespace = parseNamespace(options.namespace)
  if (!canRead(store) || !canAppend(store)) {
    throw new NoticeboardError(
      'invalid-option',
      'createPublisher(): store must be a store that can append, such as memory(), fileStore(folder) or httpStore(url, { token })',
    )
  }
  assertSchema(schema)
  if (typeof keepSchema !== 'boolean')
    throw new NoticeboardError('invalid-option', 'createPublisher(): keepSchema must be true or false')
  if (rollout !== undefined) assertPolicy('createPublisher()', rollout)
  assertPolicies('createPublisher()', policies)
  if (floor !== undefined) assertFloor('floor of createPublisher()', floor)
  assertGates('createPublisher()', gates)
  assertValidators('createPublisher()', validators)
  assertMirrors('createPublisher()', mirrors)
  assertAuthor('createPublisher()', author)
  if (
    !Number.isInteger(maxSnapshotBytes) ||
    maxSnapshotBytes < 1 ||
    maxSnapshotBytes > store.maxSnapshotBytes
  ) {
    throw new NoticeboardError(
      'invalid-option',
      `createPublisher(): maxSnapshotBytes must be a whole number from 1 to the ${store.maxSnapshotBytes} that the store takes`,
    )
  }
  if (
    maxBoardBytes !== undefined &&
    !(Number.isInteger(maxBoardBytes) && maxBoardBytes > LARGE_RELEASE_BYTES)
  )
    throw new NoticeboardError(
      'invalid-option',
      `createPublisher(): maxBoardBytes must be a whole number above the ${LARGE_RELEASE_BYTES} that a release may take, such as 1_048_576`,
    )
  if (!Number.isInteger(retries) || retries < 0)
    throw new NoticeboardError('invalid-option', 'createPublisher(): retries must be a whole number from 0')
  return {
    namespace,
    schema,
    keepsSchema: keepSchema && schema !== anything,
    validators: validators as readonly Validator[],
    store: remembering(store, hasher),
    mirrors,
    author,
    clock,
    random,
    hasher,
    logger,
    maxSnapshotBytes,
    maxBoardBytes,
    maxReadBytes: Math.max(maxSnapshotBytes, store.maxSnapshotBytes),
    versions: createVersionIndex(),
    retries,
    rollout,
    policies,
    floor,
    gates,
  }
}
