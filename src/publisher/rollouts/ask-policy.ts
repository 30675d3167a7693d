import { errorMessage, isError, isThenable } from '../../core/built-ins.js'
import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import { oneLine } from '../../core/json/text.js'
import type { Audience } from '../../core/release/audience.js'
import { isInstant } from '../../core/release/instant.js'
import type { Release } from '../../core/release/release.js'
import { isWider } from '../../rollouts/cohort.js'
import type {
  Decision,
  FirstStep,
  NextStage,
  RolloutEvidence,
  RolloutPolicy,
  RolloutStanding,
  StartInput,
} from '../../rollouts/policy.js'
import { nameOfPolicy } from './policies.js'

// Policies are code of others: what they throw, and what they answer that is no answer, is told
// with the policy's name and version, for whoever wrote it.

/**
 * What a policy's `start` answers. Where it throws, or answers with something else than a first
 * step, throws with the policy's name: `internal`, or the code of the policy's own error.
 *
 * ```ts
 * const first = askToStart(policy, input)
 * ```
 */
export function askToStart(policy: RolloutPolicy, input: StartInput): FirstStep {
  const answer = ask(policy, 'start', () => policy.start(input))
  return readAnswer(policy, answer, FIRST_STEPS)
}

/**
 * What a policy's `decide` answers. Where it throws, or answers with something else than a
 * decision, throws as {@link askToStart} does.
 *
 * ```ts
 * const decision = askToDecide(policy, { release, hasher }, evidence)
 * ```
 */
export function askToDecide(
  policy: RolloutPolicy,
  standing: RolloutStanding,
  evidence: RolloutEvidence,
): Decision {
  const nowMs = Date.parse(evidence.heard.asOf)
  const answer = ask(policy, 'decide', () => policy.decide(standing, evidence, nowMs))
  const decision = readAnswer(policy, answer, DECISIONS)
  if ('next' in decision && takesClientsOut(standing.release, decision.next.audience))
    throw tooNarrow(policy, `with "${decision.type}"`)
  return decision
}

/**
 * What a policy's `jump` answers, for a policy that has one. Throws as {@link askToStart} does.
 *
 * ```ts
 * const next = askToJump(policy, { standing, heard, to: 2 })
 * ```
 */
export function askToJump(
  policy: RolloutPolicy,
  {
    standing,
    heard,
    to,
  }: Pick<RolloutEvidence, 'heard'> & { readonly standing: RolloutStanding; readonly to: number },
): NextStage | undefined {
  const next = ask(policy, 'jump', () => policy.jump?.(standing, { heard }, to))
  if (next === undefined) return undefined
  if (!isObject(next)) throw wrongAnswer(policy, 'with something that is no stage')
  if (takesClientsOut(standing.release, next.audience)) throw tooNarrow(policy, 'with a stage')
  return next
}

/** In a rehearsal the one client goes forward and back, whoever else was exposed. */
function takesClientsOut({ audience, rollout }: Release, next: Audience | undefined): boolean {
  if (audience === undefined || rollout?.stageStart.rehearsal !== undefined) return false
  // What is no audience is refused with the release that would carry it.
  return Array.isArray(next?.clauses) && !isWider(next, audience)
}

/** The members that each type of an answer needs, and what each has to be. */
type Needs<Type extends string> = Readonly<Record<Type, readonly (readonly [name: string, is: Is])[]>>

type Is = 'an object' | 'a list' | 'a list of texts' | 'a time, as toISOString() makes it'

const SAYS = ['says', 'a list of texts'] as const
const EXPLAINED = ['explanation', 'an object'] as const
const NEXT = ['next', 'an object'] as const

const FIRST_STEPS: Needs<FirstStep['type']> = {
  stage: [SAYS, ['plan', 'an object'], NEXT],
  everyone: [SAYS],
  refused: [SAYS],
}

const DECISIONS: Needs<Decision['type']> = {
  advance: [EXPLAINED, NEXT],
  widen: [EXPLAINED, NEXT],
  hold: [EXPLAINED],
  pause: [EXPLAINED],
  'roll-back': [EXPLAINED],
  retreat: [EXPLAINED],
}

/** What every explanation is read for. */
const EXPLANATION: Needs<string>[string] = [
  ['why', 'a list of texts'],
  ['unknowns', 'a list'],
  ['counts', 'an object'],
  ['exceptions', 'a list'],
  ['wouldChange', 'a list of texts'],
  ['asOf', 'a time, as toISOString() makes it'],
]

function ask<Answer>(policy: RolloutPolicy, what: 'start' | 'decide' | 'jump', call: () => Answer): Answer {
  try {
    return call()
  } catch (error) {
    const kind = isError(error) ? `${codeIn(error) ?? error.name}: ` : ''
    throw new NoticeboardError(
      isNoticeboardError(error) ? error.code : 'internal',
      `policy ${nameOfPolicy(policy)} threw in ${what}(): ${oneLine(`${kind}${errorMessage(error)}`)}`,
      { cause: error },
    )
  }
}

function codeIn(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function tooNarrow(policy: RolloutPolicy, what: string): NoticeboardError {
  return wrongAnswer(
    policy,
    `${what} and an audience that takes clients out of the one before; keep its salt, and keep or widen each of its clauses`,
  )
}

function wrongAnswer(policy: RolloutPolicy, says: string): NoticeboardError {
  return new NoticeboardError('internal', `policy ${nameOfPolicy(policy)} answered ${says}`)
}

/** An answer as it is, once it is one that can be acted on. */
function readAnswer<Answer extends FirstStep | Decision>(
  policy: RolloutPolicy,
  answer: Answer,
  needs: Needs<Answer['type']>,
): Answer {
  const refuse = (says: string): NoticeboardError => wrongAnswer(policy, says)
  const given: unknown = answer
  if (isThenable(given)) throw refuse('with a promise; start() and decide() must answer at once')
  const known = new Map(Object.entries<Needs<string>[string]>(needs))
  const types = [...known.keys()].join(', ')
  if (!isObject(given) || typeof given['type'] !== 'string')
    throw refuse(`with something that has no type; it must be one of ${types}`)
  const members = known.get(given['type'])
  if (members === undefined)
    throw refuse(`with the type "${oneLine(given['type'], 60)}"; it must be one of ${types}`)
  const explanation = given['explanation']
  const wrong = [
    ...members.filter(([name, is]) => !holds(given[name], is)),
    ...(isObject(explanation) ? EXPLANATION.filter(([name, is]) => !holds(explanation[name], is)) : []),
  ]
  const [first] = wrong
  if (first !== undefined)
    throw refuse(`with "${given['type']}" and a wrong or missing ${first[0]}; it must be ${first[1]}`)
  return answer
}

function holds(value: unknown, is: Is): boolean {
  switch (is) {
    case 'an object':
      return isObject(value)
    case 'a list':
      return Array.isArray(value)
    case 'a list of texts':
      return Array.isArray(value) && value.every(item => typeof item === 'string')
    case 'a time, as toISOString() makes it':
      return typeof value === 'string' && isInstant(value)
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
