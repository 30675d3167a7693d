import { calmLogger } from '../async/calm-logger.js'
import { settlesWithin } from '../async/deadline.js'
import { canAppend, canRead, canReport } from '../contracts/capabilities.js'
import { asNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import { parseNamespace, type Namespace } from '../contracts/names.js'
import type { RolloutStandstill } from '../contracts/report.js'
import type { ReportTransport } from '../contracts/transport.js'
import { jitter } from '../async/jitter.js'
import { MAX_LINE_LENGTH } from '../core/limits.js'
import { checkOptions, checkPositive } from '../core/options.js'
import { isLine, oneLine } from '../core/json/text.js'
import { silentLogger } from '../core/silent-logger.js'
import { bareContext, type PublisherContext } from '../publisher/context.js'
import { assertMirrors } from '../publisher/mirrors.js'
import { readNewest } from '../publisher/read-head.js'
import { assertGates } from '../publisher/rollouts/gates.js'
import { assertPolicies, nameOfPolicy, withBuiltIn } from '../publisher/rollouts/policies.js'
import { createPresence } from '../publisher/rollouts/presence.js'
import { tend, type Tending } from '../publisher/rollouts/tend.js'
import { passes } from '../publisher/rollouts/watch-everyone.js'
import { readSystem } from '../system/system.js'
import { silentGates, type ControllerFinding } from './finding.js'
import { assertListeners, type ListenerCounts } from './listener.js'
import { createListening } from './listening.js'
import { createMirroring } from './mirroring.js'
import { CONTROLLER_OPTIONS, type ControllerOptions } from './options.js'
import { tell } from './tell.js'

/** Moves rollouts on, until it is closed. */
export interface Controller extends AsyncDisposable {
  readonly name: string
  /**
   * What it found when it looked last, by namespace: why a rollout stands, and what it waits for.
   */
  readonly standings: ReadonlyMap<Namespace, ControllerFinding>
  /** How its listeners fare, in the order in which they were given. */
  readonly listeners: readonly ListenerCounts[]
  /**
   * Stops looking, waits for what is under way, also to its listeners, and says that it has
   * stopped; each for a second at most. The store stays open.
   *
   * ```ts
   * process.once('SIGTERM', () => void controller.close())
   * ```
   */
  close(): Promise<void>
}

/**
 * How long a controller that is closed waits for what is under way, and for its last word, in
 * milliseconds.
 */
const GOODBYE_MS = 1_000

/**
 * Each how many looks the namespaces are listed anew, and those looked at in which no rollout went
 * on, unless mirrors wait for what comes there.
 */
const SELDOM = 5

/** How many namespaces are looked at at the same time. */
const AT_ONCE = 16

/**
 * Starts a controller: it looks at the rollouts of a store, asks their policies, and appends one
 * step at a time. Several at once are harmless, since each step is an append at a position; it
 * keeps nothing that a new one would need. What it cannot run it leaves to others and says so; what
 * is bad it takes back all the same. It does not keep the process alive. Throws `invalid-option`.
 *
 * ```ts
 * const controller = createController({ store: fileStore('/var/lib/board'), gates: [latency] })
 * await controller.close()
 * ```
 */
export function createController(options: ControllerOptions): Controller {
  checkOptions('createController()', options, CONTROLLER_OPTIONS)
  const { store, namespaces, policies = [], gates = [], mirrors = [], listeners = [] } = options
  const { name = 'controller', lookMs = 2_000, reportMs = 60_000 } = options
  if (!canRead(store) || !canAppend(store))
    throw new NoticeboardError(
      'invalid-option',
      'createController(): store must be a store that can append, such as fileStore(folder)',
    )
  if (namespaces !== undefined && !Array.isArray(namespaces))
    throw new NoticeboardError(
      'invalid-option',
      "createController(): namespaces must be a list such as ['checkout/prod']",
    )
  if (store.namespaces === undefined && namespaces === undefined)
    throw new NoticeboardError(
      'invalid-option',
      `createController(): ${store.name} cannot list its namespaces; pass { namespaces: ['checkout/prod'] }`,
    )
  if (!isLine(name))
    throw new NoticeboardError(
      'invalid-option',
      'createController(): name must be one line of 1 to 256 characters',
    )
  checkPositive('createController()', { lookMs, reportMs })
  assertPolicies('createController()', policies)
  assertGates('createController()', gates)
  assertMirrors('createController()', mirrors)
  assertListeners('createController()', listeners)
  const system = readSystem('createController()', options.system)
  const { clock, random } = system
  const logger = calmLogger(options.logger === undefined ? silentLogger : options.logger, clock)
  const named = namespaces?.map(parseNamespace)

  const tending: Tending = { by: name, policies: withBuiltIn(policies), gates }
  const standings = new Map<Namespace, ControllerFinding>()
  const presence = createPresence({
    to: canReport(store) ? (store as ReportTransport) : undefined,
    name,
    role: {
      type: 'controller',
      policies: tending.policies.map(nameOfPolicy),
      gates: gates.map(gate => gate.name),
    },
    standstillOf: namespace => standstillIn(standings.get(namespace)),
    reportMs,
    lookMs,
    clock,
    random,
    logger,
  })
  const root = new AbortController()
  const mirroring = createMirroring(root.signal)
  const listening = createListening({ listeners, clock, random, logger })
  const contexts = new Map<Namespace, PublisherContext>()
  let listed: readonly Namespace[] = named ?? []

  const contextOf = (namespace: Namespace): PublisherContext => {
    const known = contexts.get(namespace)
    const context = known ?? bareContext({ namespace, store, mirrors, system, logger, author: name })
    contexts.set(namespace, context)
    return context
  }
  const list = async (): Promise<void> => {
    if (named === undefined && store.namespaces !== undefined) listed = await store.namespaces(root.signal)
  }
  const lookAt = async (namespace: Namespace): Promise<void> => {
    const context = contextOf(namespace)
    const { signal } = root
    try {
      const before = await readNewest(context, signal)
      // At once: a policy or gate that fails or takes its time holds no way back up.
      mirroring.bring(context, before)
      listening.tell(context, { newest: before })
      const { found, newest } = await tend(context, tending, { newest: before, signal })
      if (found.type === 'took') mirroring.bring(context, newest)
      listening.tell(context, { newest, found })
      tell(logger, { namespace, found, before: standings.get(namespace) })
      standings.set(namespace, found)
    } catch (thrown) {
      if (signal.aborted) return
      const error = asNoticeboardError(thrown, 'internal', 'a rollout could not be looked at')
      const found: ControllerFinding = { type: 'failed', error }
      tell(logger, { namespace, found, before: standings.get(namespace) })
      standings.set(namespace, found)
    }
  }
  const run = async (): Promise<void> => {
    for (let look = 0; !root.signal.aborted; look += 1) {
      try {
        if (look % SELDOM === 0 || listed.length === 0) await list()
        await presence.say(listed, root.signal)
      } catch (error) {
        if (root.signal.aborted) break
        const { code, message } = asNoticeboardError(error, 'internal', 'the namespaces could not be listed')
        logger.warn('a controller cannot list the namespaces of its store; it tries again', {
          code,
          reason: message,
        })
      }
      // Some at a time: a store with many namespaces is not asked for all of them at once, and a
      // gate that takes its time holds up few others.
      const isDue = (namespace: Namespace): boolean =>
        look % SELDOM === 0 || mirrors.length > 0 || (standings.get(namespace)?.type ?? 'new') !== 'idle'
      const due = listed.filter(isDue)
      for (let from = 0; from < due.length && !root.signal.aborted; from += AT_ONCE)
        await Promise.all(due.slice(from, from + AT_ONCE).map(lookAt))
      await clock.sleep(jitter(lookMs, 0.1, random), root.signal)
    }
  }

  const running = run()
  let closing: Promise<void> | undefined
  const shut = async (): Promise<void> => {
    root.abort(new NoticeboardError('closed', 'the controller was closed; create a new one'))
    // A store that does not listen to its signal must not keep a server from closing.
    await settlesWithin(running, { clock, timeoutMs: GOODBYE_MS })
    await listening.close(GOODBYE_MS)
    const goodbye = new AbortController()
    const said = presence.stop(goodbye.signal)
    if (!(await settlesWithin(said, { clock, timeoutMs: GOODBYE_MS })))
      goodbye.abort(new NoticeboardError('closed', 'the controller was closed; create a new one'))
    logger.end()
  }
  const close = (): Promise<void> => (closing ??= shut())
  return {
    name,
    standings,
    get listeners() {
      return listening.counts
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/**
 * What a finding is to those who read reports: a rollout that waits for somebody, or cannot be
 * looked at. A store that cannot be reached now is asked again, and what nobody here can run is
 * seen by what the controller says it can.
 */
function standstillIn(found: ControllerFinding | undefined): RolloutStandstill | undefined {
  switch (found?.type) {
    case 'stands': {
      if (found.explanation === undefined || found.waitingFor.length > 0) return undefined
      const { id } = found.release.rollout
      const [silent] = silentGates(found)
      if (found.action === 'pause')
        return { rollout: id, is: 'paused', why: oneLine(found.explanation.why[0] || 'its policy says so') }
      return silent === undefined ? undefined : { rollout: id, is: 'waiting', why: oneLine(silent) }
    }
    case 'failed':
      return passes(found.error) ? undefined : { is: 'failing', why: withCode(found.error) }
    case 'idle':
    case 'took':
    case undefined:
      return undefined
  }
}

/** An error in one line, whose code is there however long its message is. */
function withCode({ message, code }: NoticeboardError): string {
  const end = ` (${code})`
  const room = MAX_LINE_LENGTH - end.length
  return `${message.length > room ? `${oneLine(message, room - 1)}…` : oneLine(message)}${end}`
}
