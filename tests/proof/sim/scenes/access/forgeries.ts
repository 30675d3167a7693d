import { isNoticeboardError } from '../../../../../src/contracts/errors.js'
import { BUCKETS } from '../../../../../src/core/release/audience.js'
import { MAX_NEXT_REPORT_MS } from '../../../../../src/core/limits.js'
import { missingAfterMs } from '../../../../../src/core/report/missing-after.js'
import { identifyRelease, type Release } from '../../../../../src/core/release/release.js'
import type { RolloutState } from '../../../../../src/core/release/rollout.js'
import type { Stage } from '../../../../../src/rollouts/stage.js'
import { createHandler } from '../../../../../src/server/handler.js'
import type { Dice } from '../../../../../src/sim/dice.js'
import { startProcess } from '../../../../../src/sim/process.js'
import { systemHasher } from '../../../../../src/system/system.js'
import { httpStore } from '../../../../../src/transports/http/http-store.js'
import { memory } from '../../../../../src/transports/memory.js'
import { reportOf } from '../../../../support/report-of.js'
import { makeRelease } from '../../../../support/server-fixtures.js'
import { never } from '../../../../support/session.js'
import { tokenBox } from '../../../../support/tokens.js'
import { during } from '../../waiting.js'
import type { SceneStage } from '../scene.js'
import { ask, BOARD } from './ask.js'
import { drawBegin, idIn, SALT, type Begin, type Member } from './begun.js'

const NAMESPACE = 'checkout/prod'

/** How often clients say that they live, in milliseconds; one that is silent for long is none. */
const REPORT_MS = 60_000
const SILENT_MS = missingAfterMs(REPORT_MS) + 10_000

const plan = (stage: Stage, more: object = {}): RolloutState['plan'] =>
  ({
    ...{ type: 'staged', version: 1, stages: [stage, { by: 'all' }] },
    ...{ bakeMs: 60_000, reportMs: 15_000, spreadMs: 0, quorum: 0.9, watchMs: 60_000 },
    ...{ late: 'roll-back', gates: [{ name: 'latency', onBad: 'pause' }], ...more },
  }) as never

/** What stands in the log, and who is heard. */
interface Board {
  readonly head: ReturnType<typeof identifyRelease>
  readonly members: readonly Member[]
  /** Whether the namespace has a floor: half a minute of bake. */
  readonly hasFloor: boolean
}

type Forge = (begun: Release, board: Board, rollout: RolloutState) => Partial<Release>
type Forgery = readonly [what: string, forge: Forge, applies?: (board: Board) => boolean]

const isFleet = ({ members }: Board): boolean => members.length >= 3
const inRollout =
  (change: (rollout: RolloutState, board: Board) => Partial<RolloutState>): Forge =>
  (_, board, rollout) => ({ rollout: { ...rollout, ...change(rollout, board) } })
const startOf = ({ stageStart }: RolloutState, more: object): RolloutState['stageStart'] => ({
  ...stageStart,
  ...more,
})

/** What somebody writes who may begin a rollout and wants more than that. */
const FORGERIES: readonly Forgery[] = [
  ['the cause of a kill', () => ({ cause: 'kill' })],
  ['the candidate made stable', ({ candidate }) => ({ stable: candidate! })],
  ['another version of what is stable', ({ stable }) => ({ stable: { ...stable, version: 99 } })],
  ['no rollout', () => ({ rollout: undefined }) as never],
  ['no candidate', () => ({ candidate: undefined, audience: undefined }) as never],
  ['a rollout that is paused', inRollout(() => ({ state: 'paused' }))],
  ['a rollout at its last stage', inRollout(() => ({ stage: 1 }))],
  ['a way back to nowhere', inRollout(({ from }) => ({ from: { ...from, sequence: from.sequence + 9 } }))],
  [
    'a stage that began before',
    inRollout((rollout, { head }) => ({ stageStart: startOf(rollout, { position: head.position }) })),
  ],
  [
    'the rollout that runs',
    inRollout((_, { head }) => ({ id: head.release.rollout!.id })),
    ({ head }) => head.release.rollout !== undefined,
  ],
  ['a withdrawal', ({ stable }) => ({ withdrawn: [stable.variants[0]!.digest] })],
  ['a time until which all wait', () => ({ activateAt: '2999-01-01T00:00:00.000Z' })],
  ['reports each millisecond', () => ({ evidence: { bakeMs: 0, reportMs: 1, spreadMs: 0 } })],
  ['a plan that nobody reads', inRollout(({ plan: own }) => ({ plan: { ...(own as object), type: 'own' } }))],
  [
    'a bake below the floor',
    inRollout(({ plan: own }) => ({ plan: { ...(own as object), bakeMs: 1_000 } })),
    ({ hasFloor }) => hasFloor,
  ],
  ['an audience of everyone', () => ({ audience: { salt: SALT, clauses: [{ below: BUCKETS }] } }), isFleet],
  [
    'everyone by name',
    (_, { members }) => ({
      audience: { salt: SALT, clauses: [{ ids: members.map(({ clientId }) => idIn(clientId)) }] },
    }),
    isFleet,
  ],
  [
    'one more clause, with others',
    ({ audience }) => ({
      audience: { salt: SALT, clauses: [...audience!.clauses, { labels: { tier: ['grey'] } }] },
    }),
  ],
  [
    'a first stage of all',
    (_, __, rollout) => ({
      audience: { salt: SALT, clauses: [{ below: BUCKETS }] },
      rollout: { ...rollout, plan: plan({ by: 'all' }) },
    }),
    isFleet,
  ],
  [
    'a first stage of all, when gates were asked',
    (_, { members }, rollout) => ({
      audience: { salt: SALT, clauses: [] },
      rollout: {
        ...rollout,
        plan: plan({ by: 'count', count: members.length }),
        stageStart: startOf(rollout, { awaitsGates: true, exposed: 0 }),
      },
    }),
    isFleet,
  ],
  [
    'gates to ask for a fleet that is said to be small',
    (_, __, rollout) => ({
      audience: { salt: SALT, clauses: [] },
      rollout: { ...rollout, stageStart: startOf(rollout, { awaitsGates: true, exposed: 0, live: 2 }) },
    }),
    isFleet,
  ],
] // prettier-ignore

/**
 * Somebody with a token that begins rollouts writes releases by hand: what begins one is taken, and
 * what says more than that is not, whoever is heard.
 */
export async function forgeries({ clock, dice, seed, violate, met, note }: SceneStage): Promise<void> {
  const own = startProcess('forgeries.1', { clock, seed })
  const { system } = own
  const store = memory({ system: { clock } })
  const box = tokenBox({ random: system.random })
  const hasFloor = dice.chance(0.5)
  const floors = hasFloor ? { [NAMESPACE]: { minBakeMs: 30_000 } } : {}
  const handler = createHandler(store, { tokens: box, floors, system })
  const namespaces = ['checkout/*']
  const storeAs = (scope: 'admin' | 'publish-staged') => {
    const token = box.give({ name: `has-${scope}`, scopes: [scope], namespaces })
    return httpStore(BOARD, { token, system, fetch: (url, init) => ask(handler, url, init) })
  }
  const admin = storeAs('admin')
  const staged = storeAs('publish-staged')
  const reporter = box.give({ name: 'fleet', scopes: ['report'], namespaces })
  const append = async (to: typeof admin, release: Partial<Release>): Promise<string> => {
    const { bytes } = makeRelease({}, release)
    const { epoch, sequence } = identifyRelease(systemHasher, bytes).position
    const sent = to
      .append({ namespace: NAMESPACE, at: { epoch, sequence }, bytes }, never)
      .catch((error: unknown) => (isNoticeboardError(error) ? error.code : String(error)))
    return (await during(clock, sent, 60_000)) ?? 'nothing'
  }
  const headOf = async (): Promise<Board['head']> => {
    const latest = await store.latest({ namespace: NAMESPACE }, never)
    if (latest.type !== 'release') throw new Error('nothing was published')
    return identifyRelease(systemHasher, latest.bytes)
  }

  const stable = await arm(1)
  await append(admin, { sequence: 1, stable })
  const members = await hear()
  for (let round = dice.between(4, 7); round > 0; round -= 1) {
    const board = { head: await headOf(), members, hasFloor }
    const begin = drawBegin(dice, members)
    const begun = await honest(board, begin, `r${round}`)
    for (let left = dice.between(2, 4); left > 0; left -= 1) await forge(begun, board)
    const taken = await append(staged, begun)
    note(`a rollout begins with ${begin.stage.by} of ${members.length}: ${taken}`)
    if (taken !== 'appended')
      violate('who-may-is-let', `a rollout that begins with ${begin.stage.by} was refused: ${taken}`)
    await clock.advance(dice.between(10, 1_000))
  }
  await during(clock, handler.close(), 30_000)
  if (own.pending > 0) violate('nothing-is-left', `${own.pending} timers of a server are left`)
  own.kill()

  async function arm(version: number): Promise<Release['stable']> {
    const { snapshot, digest } = makeRelease({ n: version })
    const put = admin.put({ namespace: NAMESPACE, digest, bytes: snapshot }, never)
    await during(clock, put, 60_000)
    return { version, variants: [{ digest, bytes: snapshot.length }] }
  }

  /** What an honest publisher appends. */
  async function honest({ head }: Board, begin: Begin, id: string): Promise<Release> {
    const { epoch, sequence } = head.position
    const position = { epoch, sequence: sequence + 1 }
    const at = new Date(clock.now()).toISOString()
    const live = members.length
    return {
      ...head.release,
      ...{ sequence: position.sequence, prev: head.digest, cause: 'publish' },
      candidate: await arm(position.sequence),
      audience: { salt: SALT, clauses: begin.clauses },
      evidence: { bakeMs: 60_000, reportMs: 15_000, spreadMs: 0 },
      rollout: {
        ...{ id, state: 'running', stage: 0, plan: plan(begin.stage, begin.plan), from: head.position },
        stageStart: { position, at, live, exposed: 1, control: Math.max(0, live - 1), ...begin.start },
        decideBy: new Date(clock.now() + 3_600_000).toISOString(),
        controller: 'publisher',
      },
    }
  }

  async function forge(begun: Release, board: Board): Promise<void> {
    const [name, change, applies = () => true] = dice.pick(FORGERIES)
    if (!applies(board)) return
    const forged = { ...begun, ...change(begun, board, begun.rollout!) }
    const said = Object.fromEntries(Object.entries(forged).filter(([, value]) => value !== undefined))
    const outcome = await append(staged, said)
    note(`a forged release, ${name}: ${outcome}`)
    if (outcome === 'appended' || (await headOf()).digest !== board.head.digest)
      violate('a-scope-is-all-it-says', `publish-staged appended ${name}`)
    else if (outcome !== 'forbidden')
      violate('a-scope-is-all-it-says', `${name} was answered with ${outcome}`)
    else met('a forged release was refused')
  }

  /** Has a fleet heard, of which some have stopped, and some say no more. */
  async function hear(): Promise<readonly Member[]> {
    const all = Array.from({ length: dice.pick([0, 1, 2, 5, 12, 30]) }, (_, at) => ({
      clientId: `web-${at}`,
      tier: dice.pick(['gold', 'blue'] as const),
      fate: drawFate(dice),
    }))
    const headers = { 'content-type': 'application/json' }
    const send = async (phase: 'applied' | 'stopped', some: typeof all): Promise<void> => {
      const reports = some.map(({ clientId, tier, fate }) =>
        reportOf({
          ...{ namespace: NAMESPACE, instanceId: `i-${clientId}`, clientId, labels: { tier }, phase },
          count: phase === 'stopped' ? 2 : 1,
          nextReportWithinMs: fate === 'silent' ? REPORT_MS : MAX_NEXT_REPORT_MS,
        }),
      )
      const body = JSON.stringify({ reports })
      const init = { method: 'POST', headers, body, token: reporter }
      const sent = ask(handler, `${NAMESPACE}/~reports`, init).then(reply => reply.arrayBuffer())
      if (reports.length > 0) await during(clock, sent, 30_000)
    }
    await send('applied', all)
    await clock.advance(SILENT_MS)
    await send(
      'stopped',
      all.filter(({ fate }) => fate === 'stopped'),
    )
    await clock.advance(1_000)
    return all.filter(({ fate }) => fate === 'lives')
  }
}

function drawFate(dice: Dice): 'lives' | 'stopped' | 'silent' {
  return dice.chance(0.8) ? 'lives' : dice.pick(['stopped', 'silent'] as const)
}
