import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  parseAllDocuments,
  type Alias,
  type Document,
  type Node,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import { lostByNumber } from '../../core/json/json-number.js'
import { formatPath, type Step } from '../../core/json/path.js'
import { isWellFormed } from '../../core/json/text.js'
import { yamlProblem } from './yaml-words.js'
import { MAX_DEPTH } from '../../core/limits.js'
import { errorName } from '../../core/built-ins.js'

/** How often aliases may stand for something else, in all. */
const MAX_ALIASES = 100

/**
 * How many pieces (keys, values, brackets, spaces, ends of lines) a text may have: some 2 to 10
 * microseconds and a few hundred bytes each while it is parsed. Settings with short names reach it
 * at half a megabyte.
 */
const MAX_PIECES = 250_000

/**
 * What the lexer says beside the text: a document begins, a flow that is not closed, and that a
 * scalar follows.
 */
const MARKERS: ReadonlySet<string> = new Set(['\x02', '\x18', '\x1f'])
const SCALAR_FOLLOWS = '\x1f'

export interface YamlTextOptions {
  /** What the text is, for messages: a file's name. */
  readonly what: string
  /** The largest document that aliases may make of it, in bytes of JSON. */
  readonly maxBytes: number
}

/**
 * Reads one YAML 1.2 document that JSON can carry. Throws `invalid-data` whose message reads
 * `what:line:column: words`, with the path in its issue and never a value of the document;
 * `too-large` when aliases make too much of it.
 */
export function readYamlText(text: string, { what, maxBytes }: YamlTextOptions): Json {
  const steps: Step[] = []
  /** The newest node of each anchor, as far as the document was read in its own order. */
  const anchors = new Map<string, Node>()
  /** What each alias stands for, since its anchor may come again later. */
  const meant = new Map<Alias, Node>()
  let expanding = 0
  let used = 0
  let size = 0

  checkPieces()
  const document = compose()
  return document.contents === null
    ? refuse(0, 'the document is empty; write {} for one without members')
    : read(document.contents as Node)

  /**
   * Counts before anything is made of the text: a piece costs microseconds and some hundred bytes
   * as soon as it is parsed, so a megabyte of brackets or aliases would hold up its process for
   * seconds.
   */
  function checkPieces(): void {
    let pieces = 0
    let depth = 0
    let aliases = 0
    let offset = 0
    let isText = false
    for (const piece of new Lexer().lex(text)) {
      pieces += 1
      if (pieces > MAX_PIECES)
        throw tooLarge(offset, `the YAML has more than ${MAX_PIECES} pieces; write the document as JSON`)
      const isMarker = MARKERS.has(piece)
      if (!isText && !isMarker) {
        if (piece === '[' || piece === '{') depth += 1
        else if (piece === ']' || piece === '}') depth -= 1
        else if (piece.startsWith('*')) aliases += 1
        // The limits themselves are checked below, where the path is known; this is far past them.
        if (depth > 4 * MAX_DEPTH) return refuse(offset, `it nests deeper than ${MAX_DEPTH} levels`)
        if (aliases > 10 * MAX_ALIASES)
          return refuse(offset, `more than ${MAX_ALIASES} aliases are used; write some of them out`)
      }
      if (!isMarker) offset += piece.length
      isText = piece === SCALAR_FOLLOWS
    }
  }

  function compose(): Document {
    let documents: readonly Document[]
    try {
      // Keys are compared below: the library compares each with each, which takes minutes for a
      // file of keys.
      documents = parseAllDocuments(text, {
        version: '1.2', schema: 'core', merge: false, resolveKnownTags: false, uniqueKeys: false, intAsBigInt: true,
        strict: true, prettyErrors: false, logLevel: 'silent',
      }) as readonly Document[] // prettier-ignore
    } catch (error) {
      if (errorName(error) === 'RangeError') return refuse(0, `it nests deeper than ${MAX_DEPTH} levels`)
      throw error
    }
    const [first, second] = documents
    if (first === undefined) return refuse(0, 'the file is empty; write {} for a document without members')
    const [problem] = [...first.errors, ...first.warnings]
    if (problem !== undefined) return refuse(problem.pos[0], yamlProblem(problem.code))
    if (second !== undefined)
      return refuse(second.range?.[0] ?? 0, 'a second document begins here; keep one document in a file')
    return first
  }

  function read(node: Node): Json {
    if (steps.length > MAX_DEPTH) return refuse(offsetOf(node), `it nests deeper than ${MAX_DEPTH} levels`)
    if (isAlias(node)) return readAlias(node)
    if (node.anchor !== undefined && expanding === 0) anchors.set(node.anchor, node)
    if (node.tag !== undefined && !isPlainTag(node.tag))
      return refuse(offsetOf(node), 'tags other than those of JSON are not read; remove it')
    if (isScalar(node)) return readScalar(node)
    if (isMap(node)) return nested(() => readMap(node))
    if (isSeq(node)) {
      return nested(() =>
        node.items.map((item, index) => {
          grow(item as Node, 1)
          return within(index, () => read(item as Node))
        }),
      )
    }
    return refuse(
      offsetOf(node),
      'JSON has no such value; write a string, a number, true, false, null, a list or an object',
    )

    function nested(work: () => Json): Json {
      if (steps.length === MAX_DEPTH)
        return refuse(offsetOf(node), `it nests deeper than ${MAX_DEPTH} levels`)
      grow(node, 2)
      return work()
    }
  }

  function readAlias(alias: Alias): Json {
    const target = meant.get(alias) ?? anchors.get(alias.source)
    if (target === undefined) return refuse(offsetOf(alias), 'this alias has no anchor before it')
    meant.set(alias, target)
    used += 1
    if (used > MAX_ALIASES)
      return refuse(offsetOf(alias), `more than ${MAX_ALIASES} aliases are used; write some of them out`)
    expanding += 1
    const value = read(target)
    expanding -= 1
    return value
  }

  function readMap(map: YAMLMap): Json {
    const object: Record<string, Json> = {}
    for (const { key, value } of map.items) {
      const name = readKey(key as Node | null, map)
      const at = offsetOf(key as Node)
      if (name === '__proto__') return refuse(at, 'a key is named "__proto__"; rename it')
      steps.push(name)
      if (Object.hasOwn(object, name)) return refuse(at, 'this key stands in its object twice; keep one')
      grow(key as Node, name.length + 4)
      object[name] = value === null ? null : read(value as Node)
      steps.pop()
    }
    return object
  }

  function readKey(key: Node | null, map: YAMLMap): string {
    if (!isScalar(key)) return refuse(key === null ? offsetOf(map) : offsetOf(key), 'a key must be a string')
    if (typeof key.value !== 'string')
      return refuse(offsetOf(key), 'a key must be a string; put it in quotes')
    if (key.tag !== undefined && !isPlainTag(key.tag))
      return refuse(offsetOf(key), 'tags other than those of JSON are not read; remove it')
    if (key.value === '<<' && key.type === 'PLAIN')
      return refuse(offsetOf(key), 'merge keys are not read; write the members out')
    if (!isWellFormed(key.value))
      return refuse(offsetOf(key), 'it holds half of a surrogate pair, which is not a character')
    return key.value
  }

  function readScalar(scalar: Scalar): Json {
    const { value, source = '' } = scalar
    if (typeof value === 'string') {
      grow(scalar, value.length + 2)
      return isWellFormed(value)
        ? value
        : refuse(offsetOf(scalar), 'it holds half of a surrogate pair, which is not a character')
    }
    grow(scalar, 1)
    if (typeof value === 'boolean' || value === null) return value
    // What YAML 1.1 read as octal: 010 was 8, and is 10 here.
    if (/^[-+]?0[0-9]/.test(source))
      return refuse(
        offsetOf(scalar),
        'the number begins with 0, which some read as octal; write it without, as 0o…, or as a string in quotes',
      )
    if (typeof value === 'bigint') return readInteger(scalar, value, source)
    if (typeof value !== 'number')
      return refuse(
        offsetOf(scalar),
        'JSON has no such value; write a string, a number, true, false, null, a list or an object',
      )
    const lost = Number.isFinite(value)
      ? lostByNumber(source.replace(/^\+/, ''))
      : 'JSON has no NaN and no infinity'
    return lost === undefined ? value : refuse(offsetOf(scalar), lost)
  }

  function readInteger(scalar: Scalar, value: bigint, source: string): number {
    const lost = lostByInteger(value, source)
    return lost === undefined ? Number(value) : refuse(offsetOf(scalar), lost)
  }

  /** Counts what the document becomes, so that aliases of aliases do not fill the memory. */
  function grow(node: Node | null, bytes: number): void {
    size += bytes
    if (size <= maxBytes) return
    throw tooLarge(
      node === null ? 0 : offsetOf(node),
      `the document is larger than the ${maxBytes} bytes that are allowed`,
    )
  }

  function tooLarge(offset: number, message: string): NoticeboardError {
    return new NoticeboardError('too-large', `${place(offset)}: ${message}`)
  }

  /** Where something stands, for people: the file, line and column. */
  function place(offset: number): string {
    let line = 1
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0 && end < offset; end = text.indexOf('\n', start)) {
      line += 1
      start = end + 1
    }
    return `${what}:${line}:${offset - start + 1}`
  }

  function within(step: Step, work: () => Json): Json {
    steps.push(step)
    const value = work()
    steps.pop()
    return value
  }

  function refuse(offset: number, message: string): never {
    throw new NoticeboardError('invalid-data', `${place(offset)}: ${message}`, {
      issues: [{ path: formatPath(steps), message, validator: 'format' }],
    })
  }
}

/**
 * What a whole number would lose. A decimal one may be written as JSON writes a double, which
 * rounds; a hexadecimal one says which it means.
 */
function lostByInteger(value: bigint, source: string): string | undefined {
  if (/^[-+]?[0-9]+$/.test(source)) return lostByNumber(source.replace(/^\+/, ''))
  const number = Number(value)
  if (Number.isFinite(number) && BigInt(number) === value) return undefined
  return 'the whole number has more digits than a double holds (2^53); write it as a string'
}

function offsetOf(node: Node | null | undefined): number {
  return node?.range?.[0] ?? 0
}

const PLAIN_TAG = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/

function isPlainTag(tag: string): boolean {
  return PLAIN_TAG.test(tag)
}
