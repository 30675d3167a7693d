import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { defaultDeltas } from '#default-deltas'
import { settlesWithin } from '../async/deadline.js'
import { canAppend, canRead, mintsMarks } from '../contracts/capabilities.js'
import { NoticeboardError } from '../contracts/errors.js'
import type { Store, Transport } from '../contracts/transport.js'
import { calmLogger } from '../async/calm-logger.js'
import { checkOptions } from '../core/options.js'
import { readDeltas } from '../core/read-deltas.js'
import { defaultPeriods } from '../core/defaults.js'
import { MAX_HELD_BODIES_BYTES, MAX_REPORTS_BYTES } from '../core/limits.js'
import { memoryOf, remembering } from '../core/store/remembering-store.js'
import { readSystem } from '../system/system.js'
import { errorAnswer } from './http/answers.js'
import { createCallers } from './access/caller.js'
import { createKeyring, type FixedToken } from './access/keyring.js'
import { createRefusals } from './access/refusals.js'
import { clientAddress, proxyCheck } from './http/client-address.js'
import type { Answer, Incoming } from './stream/messages.js'
import { fetchAdapter } from './http/fetch-adapter.js'
import { createGuard } from './http/guard.js'
import { createHeldBodies } from './http/held-bodies.js'
import { createLifetime } from './http/lifetime.js'
import { createHub } from './stream/hub.js'
import { trimPrefix } from './http/mount.js'
import { createTurns } from './http/turns.js'
import { nodeAdapter } from './http/node-adapter.js'
import { checkValues, HANDLER_OPTIONS, type HandlerOptions } from './options.js'
import { quickAnswers, type QuickAnswers } from './routes/quick-answers.js'
import { readingRoutes } from './routes/reading-routes.js'
import { createRegistry, type Registry } from '../fleet/registry.js'
import { reportAllowance, type Allowance } from './allowance.js'
import { rememberedQueries } from './routes/events-query.js'
import { probeRoutes } from './routes/probe-routes.js'
import { reportRoutes, type ReportRoutes } from './routes/report-routes.js'
import { createResponder, type Responder } from './http/responder.js'
import { snapshotAnswers } from './encodings/snapshot-answers.js'
import { createDeltaCache } from './stream/delta-cache.js'
import { createSnapshotCache } from './stream/snapshot-cache.js'
import { writingRoutes } from './routes/writing-routes.js'
import { MAX_SNAPSHOT_BYTES } from '../core/limits.js'
import { isThenable } from '../core/built-ins.js'
import { countsOf, type Savings } from './tally.js'

/** A board over HTTP, to be mounted in a server of yours. */
export interface Handler extends AsyncDisposable {
  /**
   * For `node:http`, Express and everything made of them. Mount it before any body parser: a body
   * that was read is lost, and answered with 500. Fastify reads bodies by itself; give it a scope
   * with `removeAllContentTypeParsers()` and
   * `addContentTypeParser('*', (request, payload, done) => done(null))`, whose route hijacks the
   * reply and passes on both `raw`.
   *
   * ```ts
   * import express from 'express'
   * express().use('/board', handler.node)
   * ```
   */
  node(this: void, req: IncomingMessage, res: ServerResponse): void
  /**
   * For a server's `upgrade` event: refuses politely, since there is no WebSocket here.
   *
   * ```ts
   * createServer(handler.node).on('upgrade', handler.upgrade).listen(4600)
   * ```
   */
  upgrade(this: void, req: IncomingMessage, socket: Duplex, head: Uint8Array): void
  /**
   * For everything that speaks the web's `Request` and `Response`.
   *
   * ```ts
   * export default { fetch: (request: Request) => handler.fetch(request) }
   * ```
   */
  fetch(this: void, request: Request): Promise<Response>
  /** How many connections of the event stream are open. */
  readonly connections: number
  /** How much of what it takes the handler has taken, for `boardMetrics()`. */
  readonly load: {
    /** How many connections of the event stream are open. */
    readonly connections: number
    /** How many of them there may be. */
    readonly maxConnections: number
    /** Of how many instances reports are kept. */
    readonly instances: number
    /** How many of them there is room for. */
    readonly maxInstances: number
    /**
     * What deltas have saved: those that were fetched, and those that went along on event streams.
     */
    readonly deltas: Savings
    /** What encoded snapshots have saved of those that were fetched. */
    readonly encodings: Savings
  }
  /**
   * Says goodbye to every reader of the event stream, each with a delay of its own up to `drainMs`
   * (5,000 by default) before it comes back, and ends their connections; later requests get 503.
   * Then waits for answers that are being made, and for the store to take the last reports, each up
   * to `graceMs` (2,000 by default), and gives up what the store still does. The store stays open:
   * it is yours. Twice is harmless.
   *
   * ```ts
   * await handler.close({ drainMs: 10_000 })
   * ```
   */
  close(options?: CloseOptions): Promise<void>
}

/** How a handler says goodbye. */
export interface CloseOptions {
  /**
   * The longest delay that a reader is told before it comes back, in milliseconds. Default 5,000.
   */
  readonly drainMs?: number
  /**
   * How long to wait for answers, and for the store to take the last reports, in milliseconds each.
   * Default 2,000.
   */
  readonly graceMs?: number
}

/**
 * The HTTP face of a store, or of any transport, which it then only reads. Reads only unless
 * `write` is given. Nothing is opened before the first request. Throws `invalid-option`.
 *
 * ```ts
 * const handler = createHandler(fileStore('/var/lib/board'), { prefix: '/board', write: { token } })
 * app.use('/board', handler.node)
 * ```
 */
export function createHandler(transport: Transport | Store, options: HandlerOptions = {}): Handler {
  checkOptions('createHandler()', options, HANDLER_OPTIONS)
  return assembleHandler(transport, options).handler
}

/** A handler, and what its own process may do with what it hears. */
export interface Assembled {
  readonly handler: Handler
  /** What is served: a store that remembers, where the transport is one. */
  readonly source: Transport | Store
  readonly reports: Pick<ReportRoutes, 'take' | 'heard'>
}

/** What the processes that serve one board keep together; see `together/`. */
export interface Shared {
  /** Takes reports in the place of a registry of this process. */
  readonly registry: Registry
  /** How much each address may bring to all of them. */
  readonly allowance: Allowance
  /**
   * How many processes they are, which hold no more bodies of strangers together than one by
   * itself.
   */
  readonly processes: number
}

/** As {@link createHandler}, with what its own process may do besides. */
export function assembleHandler(
  transport: Transport | Store,
  options: HandlerOptions,
  shared?: Shared,
): Assembled {
  if (!canRead(transport))
    throw new NoticeboardError(
      'invalid-option',
      'the first argument must be what is served, a store or a transport, and the second the options: serve(store, { port: 8080 })',
    )
  checkValues(options)
  const {
    write,
    read,
    tokens,
    requireToken = [],
    proxyIdentity,
    trustedProxies = [],
    floors = {},
    hosts,
    origins = [],
    heartbeatMs = defaultPeriods.heartbeatMs,
    pollIntervalMs = 1_000,
  } = options
  const { clock, random, hasher } = readSystem('the handler', options.system)
  const logger = options.logger && calmLogger(options.logger, clock)
  const {
    maxConnections = 50_000,
    maxConnectionAgeMs = defaultPeriods.maxConnectionAgeMs,
    cacheBytes = 67_108_864,
    maxInstances = 100_000,
    maxReportBytes = 134_217_728,
  } = options
  const source = canAppend(transport) ? remembering(transport, hasher) : transport
  const store = canAppend(source) ? source : undefined
  if (write !== undefined && write !== false && store === undefined) {
    throw new NoticeboardError(
      'invalid-option',
      `${transport.name} cannot be written; leave { write } out, or pass a store`,
    )
  }

  const lifetime = createLifetime()
  const maxSnapshotBytes = store?.maxSnapshotBytes ?? MAX_SNAPSHOT_BYTES
  const snapshots = createSnapshotCache({
    transport: source,
    hasher,
    maxBytes: cacheBytes,
    maxSnapshotBytes,
    lifetime,
  })
  const deltas = createDeltaCache({
    transport: source,
    snapshots,
    deltas: readDeltas('the handler', options.deltas, defaultDeltas),
    clock,
    lifetime,
  })
  const hub = createHub({
    transport: source,
    snapshots,
    deltas,
    mints: mintsMarks(transport),
    memory: memoryOf(source),
    clock,
    random,
    hasher,
    logger,
    heartbeatMs,
    pollIntervalMs,
    maxConnections,
    maxConnectionAgeMs,
    lifetime,
  })
  const registry = shared?.registry ?? createRegistry({ clock, maxInstances, maxBytes: maxReportBytes })
  const allowance = shared?.allowance ?? reportAllowance(clock)
  const turns = createTurns(clock)
  const reports = reportRoutes({
    transport: source,
    hub,
    registry,
    allowance,
    clock,
    logger,
    lifetime,
    turns,
  })
  const findAddress = clientAddress(trustedProxies)
  const addressOf = ({ peer, header }: Incoming): string => findAddress(peer, header('x-forwarded-for'))
  const keyring = createKeyring({
    fixed: fixedTokens(options),
    source: tokens,
    clock,
    hasher,
    logger,
    lifetime,
    changed: () => hub.dismiss(),
  })
  const callers = createCallers({ keyring, identity: proxyIdentity, isProxy: proxyCheck(trustedProxies) })
  const refusals = options.logger && createRefusals({ clock, logger: options.logger })
  const hasKeys = keyring.hasKeys || proxyIdentity !== undefined
  const guard = createGuard({
    hasKeys,
    canWrite: isWritable(options, store),
    wants: new Set([...requireToken, ...(read === undefined ? [] : (['read'] as const))]),
    hosts,
    origins,
  })
  const answers = snapshotAnswers({ snapshots, isNamed: hub.isNamed })
  const reading = readingRoutes({ transport: source, hub, snapshots: answers, deltas, lifetime })
  const writing =
    store && writingRoutes({ store, hub, snapshots, hasher, lifetime, turns, reports, floors, clock, logger })
  const open = createResponder({
    guard,
    callers,
    refusals,
    hub,
    eventsQuery: rememberedQueries(),
    reading,
    writing,
    reports,
    probes: probeRoutes({ transport: source, lifetime, clock, logger }),
    addressOf,
    logger,
    bodies: {
      // One of the largest is taken whatever else comes.
      ofWriters: createHeldBodies(Math.max(MAX_HELD_BODIES_BYTES, 2 * (store?.maxSnapshotBytes ?? 0))),
      ofBearers: createHeldBodies(),
      ofStrangers: createHeldBodies(
        Math.max(2 * MAX_REPORTS_BYTES, Math.ceil(MAX_HELD_BODIES_BYTES / (shared?.processes ?? 1))),
      ),
    },
    random,
    wentBack: namespace => memoryOf(source)?.wentBack(namespace) !== undefined,
  })
  const answering = new Set<Promise<Answer>>()
  const respond: Responder = request => {
    if (closing !== undefined)
      return errorAnswer('closed', 'the server is shutting down; try again soon', {
        headers: { 'Retry-After': '1' },
      })
    const knowing = keyring.ready()
    const answer = knowing === undefined ? open(request) : knowing.then(async () => open(request))
    if (!isThenable(answer)) return answer
    answering.add(answer)
    return answer.finally(() => answering.delete(answer))
  }

  const prefix = trimPrefix(options.prefix ?? '/')
  const remembered = quickAnswers({ guard, hub, snapshots: answers, prefix })
  const quick: QuickAnswers = (...asked) => (closing === undefined ? remembered(...asked) : undefined)
  let closing: Promise<void> | undefined
  const shut = async ({ drainMs = 5_000, graceMs = 2_000 }: CloseOptions): Promise<void> => {
    await hub.close(drainMs)
    await settlesWithin(Promise.allSettled(answering), { clock, timeoutMs: graceMs })
    await settlesWithin(reports.close(), { clock, timeoutMs: graceMs })
    lifetime.end(new NoticeboardError('closed', 'the server was closed'))
    keyring.close()
    refusals?.end()
    logger?.end()
  }
  const close = async (closeOptions: CloseOptions = {}): Promise<void> => {
    checkOptions('close()', closeOptions, { drainMs: true, graceMs: true })
    closing ??= shut(closeOptions)
    return closing
  }

  const handler: Handler = {
    node: nodeAdapter(respond, { quick, prefix, clock, logger }),
    fetch: fetchAdapter(respond, prefix),
    upgrade(_req, socket) {
      // Whoever hangs up first is right.
      socket.on('error', () => {})
      socket.end(
        'HTTP/1.1 426 Upgrade Required\r\nUpgrade: HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
      )
    },
    get connections() {
      return hub.connections
    },
    get load() {
      return {
        connections: hub.connections,
        maxConnections,
        instances: registry.size,
        maxInstances,
        deltas: countsOf(deltas.savings),
        encodings: countsOf(answers.savings),
      }
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  }
  return { handler, source, reports }
}

/**
 * Whether anything can be written: there is a store, somebody who may, and nobody said that none
 * shall.
 */
export function isWritable(
  { write, tokens, proxyIdentity }: HandlerOptions,
  store: Store | undefined,
): boolean {
  if (store === undefined || write === false) return false
  return write !== undefined || tokens !== undefined || proxyIdentity !== undefined
}

/** The tokens that the options name. */
function fixedTokens({ write, read }: HandlerOptions): readonly FixedToken[] {
  const everywhere = { namespaces: ['**'] }
  return [
    ...(write === undefined || write === false
      ? []
      : [
          {
            token: write.token,
            grant: { name: 'the token for writing', scopes: ['admin'] as const, ...everywhere },
          },
        ]),
    ...(read === undefined
      ? []
      : [
          {
            token: read.token,
            grant: { name: 'the token for reading', scopes: ['read'] as const, ...everywhere },
          },
        ]),
  ]
}
