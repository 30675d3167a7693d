import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
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

/** How often aliases may stand for something else, in all. */
const MAX_ALIASES = 100

export interface YamlTextOptions {
  /** What the text is, for messages: a file's name. */
  readonly what: string
  /** The largest document that aliases may make of it, in bytes of JSON. */
  readonly maxBytes: number
}

/**
 * Reads one YAML 1.2 document that JSON can carry. Throws `invalid-data` whose message reads `what:line:column: words`, with the path
 * in its issue and never a value of the document; `too-large` when aliases make too much of it.
 */
export function readYamlText(text: string, { what, maxBytes }: YamlTextOptions): Json {
  const lines = new LineCounter()
  const steps: Step[] = []
  let aliases = 0
  let size = 0

  const document = compose()
  return document.contents === null
    ? refuse(0, 'the document is empty; write {} for one without members')
    : read(document.contents as Node)

  function compose(): Document {
    let documents: readonly Document[]
    try {
      // Keys are compared below: the library compares each with each, which takes minutes for a file of keys.
      documents = parseAllDocuments(text, {
        version: '1.2', schema: 'core', merge: false, resolveKnownTags: false, uniqueKeys: false, intAsBigInt: true,
        strict: true, prettyErrors: false, logLevel: 'silent', lineCounter: lines,
      }) as readonly Document[] // prettier-ignore
    } catch (error) {
      if (error instanceof RangeError) return refuse(0, `it nests deeper than ${MAX_DEPTH} levels`)
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
    return refuse(offsetOf(node), 'this is nothing that JSON has')

    function nested(work: () => Json): Json {
      if (steps.length === MAX_DEPTH)
        return refuse(offsetOf(node), `it nests deeper than ${MAX_DEPTH} levels`)
      grow(node, 2)
      return work()
    }
  }

  function readAlias(alias: Alias): Json {
    aliases += 1
    if (aliases > MAX_ALIASES)
      return refuse(offsetOf(alias), `more than ${MAX_ALIASES} aliases are used; write some of them out`)
    const target = alias.resolve(document)
    if (target === undefined) return refuse(offsetOf(alias), 'this alias has no anchor before it')
    return read(target)
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
    if (!isScalar(key)) return refuse(key === null ? offsetOf(map) : offsetOf(key), 'a key must be a text')
    if (typeof key.value !== 'string') return refuse(offsetOf(key), 'a key must be a text; put it in quotes')
    if (key.tag !== undefined && !isPlainTag(key.tag))
      return refuse(offsetOf(key), 'tags other than those of JSON are not read; remove it')
    if (key.value === '<<' && key.type === 'PLAIN')
      return refuse(offsetOf(key), 'merge keys are not read; write the members out')
    if (!isWellFormed(key.value))
      return refuse(offsetOf(key), 'it holds half of a surrogate pair, which is no character')
    return key.value
  }

  function readScalar(scalar: Scalar): Json {
    const { value, source = '' } = scalar
    if (typeof value === 'string') {
      grow(scalar, value.length + 2)
      return isWellFormed(value)
        ? value
        : refuse(offsetOf(scalar), 'it holds half of a surrogate pair, which is no character')
    }
    grow(scalar, 1)
    if (typeof value === 'boolean' || value === null) return value
    if (typeof value === 'bigint') return readInteger(scalar, value, source)
    if (typeof value !== 'number') return refuse(offsetOf(scalar), 'this is nothing that JSON has')
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
    const { line, col } = lines.linePos(node === null ? 0 : offsetOf(node))
    throw new NoticeboardError(
      'too-large',
      `${what}:${line}:${col}: the document is larger than the ${maxBytes} bytes that are allowed`,
    )
  }

  function within(step: Step, work: () => Json): Json {
    steps.push(step)
    const value = work()
    steps.pop()
    return value
  }

  function refuse(offset: number, message: string): never {
    const { line, col } = lines.linePos(offset)
    throw new NoticeboardError(
      'invalid-data',
      `${what}:${Math.max(line, 1)}:${Math.max(col, 1)}: ${message}`,
      {
        issues: [{ path: formatPath(steps), message, validator: 'format' }],
      },
    )
  }
}

/** What a whole number would lose. A decimal one may be written as JSON writes a double, which rounds; a hexadecimal one says which it means. */
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
