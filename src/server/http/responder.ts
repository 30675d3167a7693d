import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import { oneLine } from '../../core/json/text.js'
import type { Logger, Random } from '../../contracts/system.js'
import { isBoundTo, isGranted, speaksFor } from '../../core/access/scopes.js'
import type { Scope } from '../../contracts/access.js'
import { causeOf } from '../../core/cause-of.js'
import { placeOf } from '../../core/place-of.js'
import { BEARER } from '../../fleet/voice.js'
import type { Caller, Callers } from '../access/caller.js'
import type { Refusals } from '../access/refusals.js'
import { acceptedEncodings } from '../encodings/accept-encoding.js'
import { gzipPlan } from '../encodings/gzip-sink.js'
import { answerFor, errorAnswer, notFound } from './answers.js'
import type { EventsQuery } from '../routes/events-query.js'
import type { Guard } from './guard.js'
import { type HeldBodies, withinBudget } from './held-bodies.js'
import type { Hub } from '../stream/hub.js'
import type { Answer, Headers, Incoming, Plan } from '../stream/messages.js'
import type { ProbeRoutes } from '../routes/probe-routes.js'
import type { ReadingRoutes } from '../routes/reading-routes.js'
import type { ReportRoutes } from '../routes/report-routes.js'
import { parseReportsQuery } from '../routes/reports-query.js'
import { isWriting, methodsOf, parseRoute, type Access, type Route } from '../routes/routes.js'
import type { WritingRoutes } from '../routes/writing-routes.js'
import { errorName, isThenable } from '../../core/built-ins.js'

/**
 * Answers a request: at once where everything is at hand, which is what a fleet that polls asks
 * for. Never throws, never rejects.
 */
export type Responder = (request: Incoming) => Answer | Promise<Answer>

export interface ResponderOptions {
  readonly guard: Guard
  readonly callers: Callers
  /** Told of each request that is not let in. */
  readonly refusals: Refusals | undefined
  readonly hub: Hub
  /** Reads the query of an event stream. Throws what refuses it. */
  readonly eventsQuery: (query: string) => EventsQuery
  readonly reading: ReadingRoutes
  /** None over a transport that is no store. */
  readonly writing: WritingRoutes | undefined
  readonly reports: ReportRoutes
  readonly probes: ProbeRoutes
  /** Whose request it is. */
  readonly addressOf: (request: Incoming) => string
  readonly logger: Logger | undefined
  /**
   * What is held of bodies: no others' can push out a writer's, and no stranger's the reports of
   * who has a token.
   */
  readonly bodies: {
    readonly ofWriters: HeldBodies
    readonly ofBearers: HeldBodies
    readonly ofStrangers: HeldBodies
  }
  readonly random: Random
  /** Whether the board of a namespace went back, which the log says already. */
  readonly wentBack: (namespace: Namespace) => boolean
}

export function createResponder(options: ResponderOptions): Responder {
  const { guard, callers, refusals, addressOf, logger, bodies, random, wentBack } = options
  const isTold = (request: Incoming): boolean => {
    const namespace = namespaceOf(request)
    return namespace !== undefined && wentBack(namespace)
  }

  const failed = (request: Incoming, error: unknown): Answer => {
    // Words of our own errors are free of values; of others only the class is said.
    if (!isNoticeboardError(error)) {
      // Work that ends because its reader went away has not failed, and nobody hears the answer.
      if (request.signal().aborted) return errorAnswer('closed', 'the request was aborted')
      logger?.error('a request failed', {
        method: request.method,
        reason: errorName(error),
      })
    } else if (error.code === 'internal') {
      logger?.error(error.message, { method: request.method })
    } else if (error.code === 'unavailable' || (error.code === 'store-damaged' && !isTold(request))) {
      // What is wrong with the store is its operator's to mend, who does not see the answers.
      const namespace = namespaceOf(request)
      logger?.error(error.message, {
        namespace,
        method: request.method,
        cause: causeOf(error),
        path: placeOf(error),
      })
    }
    return answerFor(error)
  }

  const answer = (request: Incoming): Answer | Promise<Answer> => {
    const route = parseRoute(request.path)
    if (route === undefined) return notFound()
    if (request.method === 'OPTIONS') return guard.preflight(request)
    const methods = methodsOf(route)
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const access = methods[method]
    if (access === undefined)
      return errorAnswer('forbidden', 'this address does not take this method', {
        status: 405,
        headers: { Allow: allowed(methods) },
      })
    const caller = callers.of(request)
    const namespace = 'namespace' in route ? route.namespace : undefined
    const refused = guard.check(request, { access, namespace, caller })
    if (refused?.type === 'whole' && refused.status === MISDIRECTED)
      logger?.warn('requests were refused whose Host header is not an allowed name of this server', {
        host: oneLine(request.header('host') ?? '', 100),
        option: 'hosts, or --allow-host',
      })
    if (refused !== undefined) return noted(request, caller, refused)
    const asked: Asking = { route, method, caller }
    if (method !== 'POST' && method !== 'PUT') return asRead(answerRoute(asked, request, options))
    return withinBudget(request, {
      held: heldFor(access, caller, namespace),
      random,
      work: async counted => noted(request, caller, await answerRoute(asked, counted, options)),
    })
  }

  const heldFor = (access: Access, caller: Caller, namespace: Namespace | undefined): HeldBodies => {
    if (isWriting(access)) return bodies.ofWriters
    return speaks(caller, namespace) ? bodies.ofBearers : bodies.ofStrangers
  }

  /** An answer, counted where it lets nobody in. */
  const noted = (request: Incoming, caller: Caller, given: Answer): Answer => {
    if (given.type === 'whole' && REFUSED.has(given.status))
      refusals?.note({
        address: addressOf(request),
        status: given.status,
        token: caller.type === 'bearer' ? caller.grant.name : undefined,
      })
    return given
  }

  /** What was read with a token is for nobody in between to keep. */
  const asRead = (given: Answer | Promise<Answer>): Answer | Promise<Answer> => {
    if (!guard.isPrivate) return given
    return isThenable(given) ? given.then(asPrivate) : asPrivate(given)
  }

  const withCors = (request: Incoming, given: Answer): Answer => {
    const cors = guard.corsHeaders(request)
    if (cors === undefined) return given
    const vary = [given.headers['Vary'], cors['Vary']].filter(Boolean).join(', ')
    return { ...given, headers: { ...given.headers, ...cors, Vary: vary } }
  }

  return request => {
    try {
      const given = answer(request)
      if (!isThenable(given)) return withCors(request, given)
      return given
        .catch((error: unknown) => failed(request, error))
        .then(settled => withCors(request, settled))
    } catch (error) {
      return withCors(request, failed(request, error))
    }
  }
}

function namespaceOf({ path }: Incoming): Namespace | undefined {
  const route = parseRoute(path)
  return route !== undefined && 'namespace' in route ? route.namespace : undefined
}

/** The status for a `Host` that is not among those allowed. */
const MISDIRECTED = 421

const REFUSED: ReadonlySet<number> = new Set([401, 403])

/** What is asked, and by whom. */
interface Asking {
  readonly route: Route
  readonly method: string
  readonly caller: Caller
}

function answerRoute(
  { route, method, caller }: Asking,
  request: Incoming,
  options: ResponderOptions,
): Answer | Promise<Answer> {
  const { reading, writing, reports, probes, addressOf } = options
  const grant = caller.type === 'bearer' ? caller.grant : undefined
  const may = (scope: Scope, namespace: Namespace): boolean =>
    grant !== undefined && isGranted(grant, { scope, namespace })
  switch (route.type) {
    case 'pointer':
      return reading.pointer(route.namespace, request.header('if-none-match'))
    case 'release':
      return reading.release(route, request.signal())
    case 'snapshot':
      if (method === 'PUT') return (grant && writing?.putSnapshot(request, route, grant)) ?? notFound()
      return reading.snapshot({
        ...route,
        acceptEncoding: request.header('accept-encoding'),
        ifNoneMatch: request.header('if-none-match'),
      })
    case 'delta':
      return reading.delta(route.namespace, route)
    case 'schema':
      if (method === 'PUT') return writing?.putSchema(request, route.namespace) ?? notFound()
      return reading.schema(route.namespace, request.signal())
    case 'releases':
      return (grant && writing?.append(request, route.namespace, grant)) ?? notFound()
    case 'reports':
      return method === 'POST'
        ? reports.post(request, {
            namespace: route.namespace,
            mayControl: may('control', route.namespace),
            speaksFor: clientId => grant === undefined || speaksFor(grant, clientId),
            isBoundTo: clientId =>
              grant !== undefined && may('report', route.namespace) && isBoundTo(grant, clientId),
            voice: speaks(caller, route.namespace)
              ? BEARER
              : { type: 'stranger', address: addressOf(request) },
          })
        : reports.get(parseReportsQuery(route.namespace, request.query), request.signal())
    case 'history':
      if (request.method === 'HEAD') return withoutLength()
      return reading.history(
        { namespace: route.namespace, limit: readLimit(request.query) },
        request.signal(),
      )
    case 'namespaces':
      return reading.namespaces(namespace => may('inspect', namespace), request.signal())
    case 'health':
      return probes.health()
    case 'ready':
      return probes.ready()
    case 'events':
      if (request.method === 'HEAD') return withoutLength()
      return openEvents(request, caller, options)
  }
}

function withoutLength(): Answer {
  return errorAnswer('forbidden', 'a stream has no length; ask with GET', {
    status: 405,
    headers: { Allow: 'GET' },
  })
}

/** With which scopes somebody is no stranger among those who report. */
const SPEAKING: readonly Scope[] = ['read', 'report']

/** Whether somebody is no stranger among those who report of a namespace. */
function speaks(caller: Caller, namespace: Namespace | undefined): boolean {
  if (caller.type !== 'bearer' || namespace === undefined) return false
  return SPEAKING.some(scope => isGranted(caller.grant, { scope, namespace }))
}

function asPrivate(given: Answer): Answer {
  const caching = given.headers['Cache-Control']
  if (caching?.startsWith('public,') !== true) return given
  return {
    ...given,
    headers: { ...given.headers, 'Cache-Control': caching.replace('public', 'private') },
  } as Answer
}

function openEvents(
  request: Incoming,
  caller: Caller,
  { guard, callers, hub, eventsQuery }: ResponderOptions,
): Answer | Promise<Answer> {
  const asked = eventsQuery(request.query)
  // A release alone is too small to be worth it.
  const compressed =
    asked.identity !== undefined && acceptedEncodings(request.header('accept-encoding')).includes('gzip')
  const query = compressed ? { ...asked, compressed } : asked
  const answer = compressed ? gzipAnswer : eventsAnswer
  if (!guard.isPrivate) return answer(hub.admit(query))
  const namespaces = query.namespaces.filter(namespace => guard.mayRead(caller, namespace))
  return answer(hub.admit({ ...query, namespaces }, () => callers.holds(caller)))
}

/** No proxy may keep, change or hold back a part of an event stream. */
const STREAM_HEADERS: Headers = Object.freeze({
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
})

/** The same for one that is compressed. */
const GZIP_STREAM_HEADERS: Headers = Object.freeze({ ...STREAM_HEADERS, 'Content-Encoding': 'gzip' })

function eventsAnswer(plan: Plan | Promise<Plan>): Answer | Promise<Answer> {
  return isThenable(plan) ? plan.then(eventsAnswer) : { type: 'events', headers: STREAM_HEADERS, plan }
}

function gzipAnswer(plan: Plan | Promise<Plan>): Answer | Promise<Answer> {
  if (isThenable(plan)) return plan.then(gzipAnswer)
  return { type: 'events', headers: GZIP_STREAM_HEADERS, plan: gzipPlan(plan) }
}

function readLimit(query: string): number | undefined {
  const text = new URLSearchParams(query).get('limit')
  if (text === null) return undefined
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new NoticeboardError('invalid-option', 'limit must be a whole number of releases from 1 to 999999999')
}

function allowed(methods: Readonly<Record<string, unknown>>): string {
  return Object.keys(methods)
    .flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .join(', ')
}
