import { withDeadline } from '../../async/deadline.js'
import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { Position } from '../../contracts/position.js'
import type { Clock } from '../../contracts/system.js'
import { isError } from '../../core/built-ins.js'
import { isLine, oneLine } from '../../core/json/text.js'
import type { Fleet } from '../../fleet/summary.js'
import type { GateAnswer, GateAnswers } from '../../rollouts/gate.js'
import type { OnBad } from '../../rollouts/plan.js'

/** What a gate says. `unknown` is neither good nor bad: the stage waits. */
export type GateFinding =
  | GateAnswer['verdict']
  | {
      readonly verdict: GateAnswer['verdict']
      /** What was found, for people; never a value of the configuration. */
      readonly why?: string
    }

/** What a gate is asked about. */
export interface GateQuestion {
  readonly namespace: Namespace
  /** The rollout's id; undefined before its first release. */
  readonly rollout: string | undefined
  /** The stage at hand, from 0 on. */
  readonly stage: number
  /** The candidate's snapshots. */
  readonly candidate: readonly Digest[]
  /** The release with which the stage began; undefined before the first. */
  readonly since: Position | undefined
  readonly fleet: Fleet
}

/** A question of yours that a rollout waits for: a query of your metrics, a probe, a person. */
export interface Gate {
  /** Names it in plans and explanations. */
  readonly name: string
  /**
   * What a red gate does in the plans that it is handed to: `staged({ gates: [gate] })`. Default
   * `roll-back`.
   */
  readonly onBad?: OnBad
  /** How long it may take, in milliseconds. Default 10,000; later counts as unknown. */
  readonly timeoutMs?: number
  /** Answers for the stage at hand. Asked again and again; what it throws counts as unknown. */
  check(question: GateQuestion, signal: AbortSignal): GateFinding | Promise<GateFinding>
}

const GATE_MS = 10_000

/**
 * Throws `invalid-option` unless each of the gates has a name of its own and a check.
 *
 * ```ts
 * assertGates('createController()', options.gates)
 * ```
 */
export function assertGates(whose: string, gates: readonly Gate[]): void {
  if (!Array.isArray(gates) || !gates.every(isGate))
    throw new NoticeboardError(
      'invalid-option',
      `${whose}: gates must be a list of { name, check }, a name of one line and a function`,
    )
  const names = new Set<string>()
  for (const gate of gates) {
    if (names.has(gate.name))
      throw new NoticeboardError(
        'invalid-option',
        `${whose}: two gates have the name "${gate.name}"; rename one of them`,
      )
    names.add(gate.name)
  }
}

function isGate(value: unknown): boolean {
  const { name, check } = (value ?? {}) as Partial<Gate>
  return isLine(name) && typeof check === 'function'
}

/**
 * Asks gates, all at the same time; where there are none the question, with its fleet, is not made
 * up. One that throws, is late or says nothing that can be read has answered `unknown`. Never
 * rejects.
 *
 * ```ts
 * const answers = await askGates(gates, { clock, question: () => question }, signal)
 * ```
 */
export async function askGates(
  gates: readonly Gate[],
  { clock, question: ask }: { readonly clock: Clock; readonly question: () => GateQuestion },
  signal: AbortSignal,
): Promise<GateAnswers> {
  if (gates.length === 0) return {}
  const question = ask()
  const { stage } = question
  const answers = await Promise.all(
    gates.map(async (gate): Promise<readonly [string, GateAnswer]> => {
      try {
        const { name: what, timeoutMs = GATE_MS } = gate
        const found = await withDeadline(
          { clock, signal, timeoutMs, what: `gate ${what}`, graceMs: 0 },
          async own => gate.check(question, own),
        )
        return [gate.name, { stage, ...readFinding(found) }]
      } catch (error) {
        const { code } = asNoticeboardError(error, 'internal', 'a gate threw')
        const why = code === 'timeout' ? 'it took too long' : sayThrown(error)
        return [gate.name, { stage, verdict: 'unknown', why }]
      }
    }),
  )
  return Object.fromEntries(answers)
}

/**
 * What a gate threw: its class and its code, or that of its cause. What it says besides may hold a
 * value.
 */
function sayThrown(error: unknown): string {
  if (!isError(error)) return 'it threw'
  const cause = error.cause ?? error
  const [code] = [error, cause].flatMap(one => codeOf(one) ?? [])
  const name = isLine(error.name, 64) ? ` ${error.name}` : ''
  return `it threw${name}${code === undefined ? '' : ` (${code})`}`
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' && CODE.test(error.code) ? error.code : undefined
}

/** `ECONNREFUSED`, `UND_ERR_CONNECT_TIMEOUT`, `not-found`. */
const CODE = /^[A-Za-z][A-Za-z0-9_-]{1,63}$/

function readFinding(found: unknown): Omit<GateAnswer, 'stage'> {
  if (typeof found === 'string') return { verdict: readVerdict(found) }
  if (typeof found !== 'object' || found === null || !('verdict' in found)) return { verdict: 'unknown' }
  const why = 'why' in found && typeof found.why === 'string' ? oneLine(found.why) : undefined
  return { verdict: readVerdict(found.verdict), ...(why !== undefined && { why }) }
}

/** Anything that is not clearly good or bad is unknown: an error is never success. */
function readVerdict(said: unknown): GateAnswer['verdict'] {
  return said === 'good' || said === 'bad' ? said : 'unknown'
}
