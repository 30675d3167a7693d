import { isDigest, type Digest, namespaceProblem, type Namespace } from '../../contracts/names.js'
import { isEpoch, isSequence, type Position } from '../../contracts/position.js'

/** What a path names. Which methods there are, {@link methodsOf} says. */
export type Route =
  | { readonly type: 'pointer'; readonly namespace: Namespace }
  | { readonly type: 'release'; readonly namespace: Namespace; readonly position: Position }
  | { readonly type: 'snapshot'; readonly namespace: Namespace; readonly digest: Digest }
  | {
      readonly type: 'delta'
      readonly namespace: Namespace
      readonly digest: Digest
      readonly base: Digest
    }
  | { readonly type: 'schema'; readonly namespace: Namespace }
  | { readonly type: 'reports'; readonly namespace: Namespace }
  | { readonly type: 'releases'; readonly namespace: Namespace }
  | { readonly type: 'history'; readonly namespace: Namespace }
  | { readonly type: 'namespaces' }
  | { readonly type: 'events' }
  | { readonly type: 'health' }
  | { readonly type: 'ready' }

/** What a request is for; who may do that, the guard says. */
export type Access =
  | 'read'
  /**
   * Whether the server is well, which says nothing of what it serves: to everybody, under every
   * name.
   */
  | 'probe'
  /** Reading of several namespaces, of which those that are not the caller's are left out. */
  | 'events'
  | 'report'
  | 'inspect'
  /** The names of namespaces. */
  | 'list'
  | 'put'
  | 'append'
  | 'admin'

/** Whether a request is for something that writes to the board. */
export function isWriting(access: Access): boolean {
  return access === 'put' || access === 'append' || access === 'admin'
}

const METHODS: { readonly [Type in Route['type']]: Readonly<Record<string, Access>> } = {
  pointer: { GET: 'read' },
  release: { GET: 'read' },
  snapshot: { GET: 'read', PUT: 'put' },
  delta: { GET: 'read' },
  schema: { GET: 'read', PUT: 'admin' },
  reports: { GET: 'inspect', POST: 'report' },
  releases: { POST: 'append' },
  history: { GET: 'inspect' },
  namespaces: { GET: 'list' },
  events: { GET: 'events' },
  health: { GET: 'probe' },
  ready: { GET: 'probe' },
}

/** The methods of a route and who may use them. `HEAD` goes wherever `GET` goes. */
export function methodsOf({ type }: Route): Readonly<Record<string, Access>> {
  return METHODS[type]
}

/**
 * Reads a path, as it came and without its query. It is never decoded: no name on a board needs it,
 * so `%2e%2e`, a backslash, NUL, `..`, an upper-case namespace or a doubled slash name nothing.
 * Undefined when nothing has that name.
 */
export function parseRoute(path: string): Route | undefined {
  if (!path.startsWith('/v1/')) return undefined
  const rest = path.slice(4)
  if (rest === '~events') return { type: 'events' }
  if (rest === '~namespaces') return { type: 'namespaces' }
  if (rest === '~health') return { type: 'health' }
  if (rest === '~ready') return { type: 'ready' }
  const slash = rest.lastIndexOf('/')
  if (slash < 1) return undefined
  const folder = rest.slice(0, slash)
  const leaf = rest.slice(slash + 1)
  switch (leaf) {
    case 'release.json':
      return ofNamespace('pointer', folder)
    case 'schema.json':
      return ofNamespace('schema', folder)
    case '~reports':
      return ofNamespace('reports', folder)
    case '~releases':
      return ofNamespace('releases', folder)
    case '~history':
      return ofNamespace('history', folder)
    default:
      if (leaf.endsWith('.dcz')) return parseDelta(folder, leaf.slice(0, -4))
      return leaf.endsWith('.json') ? parseLogged(folder, leaf.slice(0, -5)) : undefined
  }
}

function ofNamespace(
  type: 'pointer' | 'schema' | 'reports' | 'releases' | 'history',
  namespace: string,
): Route | undefined {
  return namespaceProblem(namespace) === undefined ? { type, namespace } : undefined
}

/** `<namespace>/snapshots` and two digests. */
function parseDelta(folder: string, name: string): Route | undefined {
  if (!folder.endsWith('/snapshots')) return undefined
  const namespace = folder.slice(0, -'/snapshots'.length)
  const [digest, base, ...more] = name.split('.from.')
  if (namespaceProblem(namespace) !== undefined || more.length > 0) return undefined
  return isDigest(digest) && isDigest(base) ? { type: 'delta', namespace, digest, base } : undefined
}

/** `<namespace>/snapshots` and a digest, or `<namespace>/releases/<epoch>` and a sequence. */
function parseLogged(folder: string, name: string): Route | undefined {
  if (folder.endsWith('/snapshots')) {
    const namespace = folder.slice(0, -'/snapshots'.length)
    return namespaceProblem(namespace) === undefined && isDigest(name)
      ? { type: 'snapshot', namespace, digest: name }
      : undefined
  }
  const slash = folder.lastIndexOf('/')
  const epoch = folder.slice(slash + 1)
  const above = folder.slice(0, Math.max(slash, 0))
  if (!above.endsWith('/releases') || !isEpoch(epoch) || !/^[1-9][0-9]{0,15}$/.test(name)) return undefined
  const namespace = above.slice(0, -'/releases'.length)
  const sequence = Number(name)
  if (namespaceProblem(namespace) !== undefined || !isSequence(sequence)) return undefined
  return { type: 'release', namespace, position: { epoch, sequence } }
}
