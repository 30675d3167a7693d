import { encodeText } from '../core/json/text.js'
import { toHex } from '../core/release/digest.js'
import { systemHasher } from '../system/system.js'
import { isBytes } from '../core/built-ins.js'

/** Everything that happened in a history, in order, with digests of what was moved. */
export interface Trace {
  /** Notes an event of an actor, at this instant. */
  add(actor: string, event: string, detail?: string): void
  /**
   * What an actor sends and is given: in the hash, and not in the lines, which would be too many.
   */
  traffic(actor: string): Traffic
  /**
   * SHA-256 over all events and all traffic, in hexadecimal; events of one instant in the order of
   * their actors, which no engine's scheduling changes.
   */
  hash(): string
  /** A line an event: the time in seconds, the actor, the event. */
  readonly lines: readonly string[]
  /** How many lines there are. */
  readonly length: number
}

/** Folds what one actor moves into one number, in which each byte and each instant counts. */
export interface Traffic {
  /** A request, an answer, or the end of one, with its body where that is at hand. */
  add(what: string, body?: unknown): void
  /** Bytes that passed. */
  bytes(passed: Uint8Array): void
}

/** Makes a {@link Trace} that reads the time from a clock. */
export function createTrace(nowMs: () => number): Trace {
  const events: { readonly atMs: number; readonly actor: string; readonly text: string }[] = []
  const moved = new Map<string, { sum: number }>()
  const lineOf = ({ atMs, actor, text }: { atMs: number; actor: string; text: string }): string =>
    `${(atMs / 1000).toFixed(3).padStart(9)} ${actor} ${text}`

  return {
    add(actor, event, detail) {
      events.push({ atMs: nowMs(), actor, text: detail === undefined ? event : `${event} ${detail}` })
    },
    traffic(actor) {
      const own = moved.get(actor) ?? { sum: FNV_OFFSET }
      moved.set(actor, own)
      const instant = (): number => Math.imul(own.sum ^ Math.floor(nowMs() * 1_000), FNV_PRIME)
      return {
        add(what, body) {
          own.sum = foldText(instant(), what)
          if (typeof body === 'string') own.sum = foldText(own.sum, body)
          else if (isBytes(body)) own.sum = foldBytes(own.sum, body)
        },
        bytes(passed) {
          own.sum = foldBytes(instant(), passed)
        },
      }
    },
    get lines() {
      return events.map(lineOf)
    },
    get length() {
      return events.length
    },
    hash() {
      const ordered = events.map((event, index) => ({ ...event, index }))
      ordered.sort(
        (a, b) =>
          a.atMs - b.atMs || (a.actor < b.actor ? -1 : a.actor > b.actor ? 1 : 0) || a.index - b.index,
      )
      const sums = [...moved].sort(([a], [b]) => (a < b ? -1 : 1))
      const lines = [...ordered.map(lineOf), ...sums.map(([actor, { sum }]) => `${actor} moved ${sum >>> 0}`)]
      return toHex(systemHasher.sha256(encodeText(lines.map(line => `${line}\n`).join(''))))
    },
  }
}

const FNV_OFFSET = 2_166_136_261
const FNV_PRIME = 16_777_619

/** FNV-1a. Each step can be undone, so that one other byte always gives another number. */
function foldBytes(from: number, bytes: Uint8Array): number {
  let sum = from
  for (let index = 0; index < bytes.length; index += 1)
    sum = Math.imul(sum ^ (bytes[index] as number), FNV_PRIME)
  return sum
}

function foldText(from: number, text: string): number {
  let sum = from
  for (let index = 0; index < text.length; index += 1)
    sum = Math.imul(sum ^ text.charCodeAt(index), FNV_PRIME)
  return sum
}
