import { NoticeboardError } from '../../contracts/errors.js'
import type { Identity } from '../../contracts/identity.js'
import { isDigest, type Digest, namespaceProblem, type Namespace } from '../../contracts/names.js'
import { isLine } from '../../core/json/text.js'
import { MAX_LABELS, MAX_STREAM_NAMESPACES } from '../../core/limits.js'

/** What a reader of the event stream asks for. */
export interface EventsQuery {
  readonly namespaces: readonly Namespace[]
  /** Who asks, when snapshots shall come along. */
  readonly identity: Identity | undefined
  readonly have: ReadonlyMap<Namespace, Digest>
  /** Whether events come compressed, which a header asks for; not unless it is said. */
  readonly compressed?: boolean
  /** Whether a snapshot may come along as a delta from what the reader has. */
  readonly deltas?: boolean
}

/**
 * Reads the query of `~events`. Unknown parameters are ignored; what `client`, `label` and `have`
 * say only chooses what is sent along. Throws `invalid-option` for what is malformed or said twice.
 */
export function parseEventsQuery(query: string): EventsQuery {
  const { clients, ...asked } = readAsked(query)
  if (clients.length > 1) throw refusal('"client" is given twice')
  return queryOf(asked, clients[0])
}

/** How many questions are remembered, and how long one may be, in UTF-16 code units. */
const MAX_ASKED = 256
const ASKED_LENGTH = 2_048

/**
 * Makes a {@link parseEventsQuery} that remembers what it read, but for the client: of a fleet all
 * ask alike, and share what they ask for in memory. Throws the same.
 *
 * ```ts
 * const read = rememberedQueries()
 * read('ns=checkout/prod&inline=1&client=a').have === read('ns=checkout/prod&inline=1&client=b').have // true
 * ```
 */
export function rememberedQueries(): (query: string) => EventsQuery {
  const remembered = new Map<string, Asked>()
  return query => {
    const found = CLIENT.exec(query)
    if (found === null || query.length > ASKED_LENGTH) return parseEventsQuery(query)
    const [pair, between = '', raw = ''] = found
    const rest = query.slice(0, found.index) + between + query.slice(found.index + pair.length)
    let asked = remembered.get(rest)
    if (asked === undefined) {
      asked = readAsked(rest)
      if (remembered.size >= MAX_ASKED) remembered.clear()
      remembered.set(rest, asked)
    }
    // One that is written in another way.
    if (asked.clients.length > 0) return parseEventsQuery(query)
    return queryOf(asked, decodeValue(raw))
  }
}

/** A parameter `client` as nearly everybody writes it. */
const CLIENT = /(^|&)client=([^&]*)/

function decodeValue(raw: string): string {
  return /[%+]/.test(raw) ? (new URLSearchParams(`v=${raw}`).get('v') ?? '') : raw
}

/** What a query asks for, whoever asks. */
interface Asked extends Pick<EventsQuery, 'namespaces' | 'have' | 'deltas'> {
  readonly labels: Readonly<Record<string, string>>
  readonly isInline: boolean
  readonly clients: readonly string[]
}

function readAsked(query: string): Asked {
  const parameters = new URLSearchParams(query)
  const namespaces = [...new Set(parameters.getAll('ns'))]
  if (namespaces.length === 0) throw refusal('name at least one namespace: ~events?ns=checkout/prod')
  if (namespaces.length > MAX_STREAM_NAMESPACES)
    throw refusal(`one stream carries up to ${MAX_STREAM_NAMESPACES} namespaces; open another for the rest`)
  for (const namespace of namespaces) {
    const problem = namespaceProblem(namespace)
    if (problem !== undefined) throw refusal(`a namespace of ~events is not valid: ${problem}`)
  }
  return {
    namespaces,
    labels: readLabels(parameters.getAll('label')),
    isInline: parameters.get('inline') === '1',
    clients: parameters.getAll('client'),
    have: readHave(parameters.getAll('have')),
    deltas: parameters.get('delta') === 'dcz',
  }
}

function queryOf(
  { namespaces, have, deltas, labels, isInline }: Omit<Asked, 'clients'>,
  clientId: string | undefined,
): EventsQuery {
  if (clientId !== undefined && !isLine(clientId))
    throw refusal('"client" must be 1 to 256 characters without control characters')
  const identity =
    isInline && clientId !== undefined
      ? { clientId, instanceId: clientId, ephemeral: false, labels }
      : undefined
  return { namespaces, identity, have, ...(deltas === true && { deltas }) }
}

/** Shared, since each connection would keep its own. */
const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({})
const NOTHING_HELD: ReadonlyMap<Namespace, Digest> = new Map()

function readLabels(pairs: readonly string[]): Readonly<Record<string, string>> {
  if (pairs.length > MAX_LABELS) throw refusal(`up to ${MAX_LABELS} labels may be given`)
  if (pairs.length === 0) return NO_LABELS
  const labels = new Map<string, string>()
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const name = pair.slice(0, Math.max(equals, 0))
    const value = pair.slice(equals + 1)
    if (!isLine(name) || !isLine(value))
      throw refusal('"label" must read name=value, each 1 to 256 characters without control characters')
    if (labels.has(name)) throw refusal('a label is given twice')
    labels.set(name, value)
  }
  return Object.fromEntries(labels)
}

function readHave(pairs: readonly string[]): ReadonlyMap<Namespace, Digest> {
  if (pairs.length === 0) return NOTHING_HELD
  const have = new Map<Namespace, Digest>()
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const namespace = pair.slice(0, Math.max(equals, 0))
    const digest = pair.slice(equals + 1)
    if (namespaceProblem(namespace) !== undefined || !isDigest(digest))
      throw refusal('"have" must read namespace=digest')
    have.set(namespace, digest)
  }
  return have
}

function refusal(problem: string): NoticeboardError {
  return new NoticeboardError('invalid-option', problem)
}
