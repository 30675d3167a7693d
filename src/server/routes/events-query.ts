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
}

/**
 * Reads the query of `~events`. Unknown parameters are ignored; what `client`, `label` and `have` say only
 * chooses what is sent along. Throws `invalid-option` for what is malformed or said twice.
 */
export function parseEventsQuery(query: string): EventsQuery {
  const parameters = new URLSearchParams(query)
  const namespaces = [...new Set(parameters.getAll('ns'))]
  if (namespaces.length === 0) throw refusal('name at least one namespace: ~events?ns=checkout/prod')
  if (namespaces.length > MAX_STREAM_NAMESPACES)
    throw refusal(`one stream carries up to ${MAX_STREAM_NAMESPACES} namespaces; open another for the rest`)
  for (const namespace of namespaces) {
    const problem = namespaceProblem(namespace)
    if (problem !== undefined) throw refusal(`a namespace of ~events is not valid: ${problem}`)
  }
  const identity = readIdentity(parameters)
  return {
    namespaces,
    identity: parameters.get('inline') === '1' ? identity : undefined,
    have: readHave(parameters.getAll('have')),
  }
}

/** Shared, since each connection would keep its own. */
const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({})
const NOTHING_HELD: ReadonlyMap<Namespace, Digest> = new Map()

function readIdentity(parameters: URLSearchParams): Identity | undefined {
  const clients = parameters.getAll('client')
  const [clientId] = clients
  if (clients.length > 1) throw refusal('"client" is given twice')
  if (clientId !== undefined && !isLine(clientId))
    throw refusal('"client" must be 1 to 256 characters without control characters')
  const labels = readLabels(parameters.getAll('label'))
  return clientId === undefined ? undefined : { clientId, instanceId: clientId, ephemeral: false, labels }
}

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
