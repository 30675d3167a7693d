import { createClient, type Client } from '../../../../src/client/client.js'
import { isNoticeboardError } from '../../../../src/contracts/errors.js'
import { epochNumber, formatPosition, type Position } from '../../../../src/contracts/position.js'
import type { SavedState, StateStorage } from '../../../../src/contracts/state.js'
import { createPublisher, everyone, type Rollout } from '../../../../src/publisher/index.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { createHandler } from '../../../../src/server/handler.js'
import { startProcess, type SimProcess } from '../../../../src/sim/process.js'
import { hybrid } from '../../../../src/strategies/hybrid.js'
import { pull } from '../../../../src/strategies/pull.js'
import { push } from '../../../../src/strategies/push.js'
import { http } from '../../../../src/transports/http/http.js'
import { httpStore } from '../../../../src/transports/http/http-store.js'
import { memory } from '../../../../src/transports/memory.js'
import { schema, type Document } from '../builds.js'
import { runningOf } from '../running-of.js'
import { during } from '../waiting.js'
import { layBetween, type Between } from './forged.js'
import type { Scene, SceneStage } from './scene.js'

/**
 * A fleet over two servers of one store, and somebody who forges numbers: positions in answers and
 * in reports, times to stay away; and servers' clocks that are wrong, and differ. Whoever published
 * something reaches everybody, at once or by what the words say that are told.
 */
export const numbers: Scene = play

const NAMESPACE = 'shop/numbers'
const TOKEN = 'a-token-for-the-scene'
const BASE = 'http://board.test'
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
/** Until every instance counts as one that was heard for long. */
const KNOWN_MS = 22 * MINUTE_MS
/** What a client may take to hear of a release: a pull, after the longest backoff. */
const THERE_MS = 33_000 + 30_000 + 12_000
/** The longest time that a server may keep a client away, with a backoff and a look under way. */
const AWAY_MS = 60_000 + 30_000 + 12_000
/** No fleet comes further within an hour. */
const LEAP = 1_000

interface Member {
  readonly name: string
  readonly kind: 'pull' | 'push' | 'hybrid'
  readonly between: Between
  readonly state: StateStorage | undefined
  own: SimProcess
  client: Client<Document>
  /** What it said of positions, and when. */
  readonly told: number[]
}

async function play({ clock, dice, seed, violate, met, note }: SceneStage): Promise<void> {
  const store = memory({ system: { clock } })
  const servers = ['server-a.1', 'server-b.1'].map(name => {
    const own = startProcess(name, { clock, seed })
    return { own, handler: createHandler(store, { write: { token: TOKEN }, system: own.system }) }
  })
  const [first, second] = servers as [(typeof servers)[number], (typeof servers)[number]]
  const owner = startProcess('owner.1', { clock, seed })
  const publisher = createPublisher({
    namespace: NAMESPACE,
    schema,
    system: owner.system,
    store: httpStore(BASE, {
      token: TOKEN,
      system: { clock: owner.clock },
      fetch: async (url, init) => first.handler.fetch(new Request(url, init)),
    }),
  })
  let newest: Rollout | undefined
  let newestBytes = 0
  let published = 0
  /** When each of them was heard. */
  const strangers: number[] = []

  const run = async (work: Promise<Rollout>): Promise<Rollout | { readonly code: string }> => {
    const settled = work.catch((error: unknown) => ({
      code: isNoticeboardError(error) ? error.code : 'internal',
    }))
    return (await during(clock, settled, 120_000)) ?? { code: 'timeout' }
  }
  const publish = async (more: { readonly activateAt?: Date } = {}): Promise<string | undefined> => {
    published += 1
    const document = { n: published, name: `d${published}` }
    const done = await run(
      publisher.publish(document, { rollout: everyone(), reason: 'simulation', ...more }),
    )
    if ('code' in done) return done.code
    newest = done
    newestBytes = canonicalize(document).length
    note(`publishes ${formatPosition(done.position)}`)
    return undefined
  }

  const members: Member[] = []
  const start = (member: Omit<Member, 'own' | 'client'>, life: number): Pick<Member, 'own' | 'client'> => {
    const own = startProcess(`${member.name}.${life}`, { clock, seed })
    const transport = http(BASE, { system: { clock: own.clock }, fetch: member.between.fetch })
    const client = createClient({
      namespace: NAMESPACE,
      schema,
      clientId: member.name,
      strategy: { pull, push, hybrid }[member.kind](transport),
      system: own.system,
      ...(member.state !== undefined && { state: member.state }),
    })
    client.on('error', ({ code }) => {
      if (code === 'fork') member.told.push(clock.monotonic())
    })
    void client.ready({ timeoutMs: 0 }).catch(() => {})
    return { own, client }
  }
  const restart = async (member: Member): Promise<void> => {
    await during(clock, member.client.close(), 30_000)
    member.own.kill()
    Object.assign(member, start(member, Number(member.own.name.split('.')[1]) + 1))
  }

  const everybodyHas = (oracle: string, when: string): void => {
    for (const { kind, client } of members) {
      const at = runningOf(client)?.position
      if (newest === undefined || at === undefined || formatPosition(at) !== formatPosition(newest.position))
        violate(
          oracle,
          `${when}, a client of ${kind} runs ${at === undefined ? 'nothing' : formatPosition(at)}, and ${newest === undefined ? 'nothing' : formatPosition(newest.position)} was published`,
        )
    }
  }
  const publishAndSee = async (oracle: string, when: string): Promise<void> => {
    const refused = await publish()
    if (refused !== undefined) violate(oracle, `${when}, a publish failed with ${refused}`)
    await clock.advance(THERE_MS)
    everybodyHas(oracle, when)
  }
  /** For so long, each client stays ready that follows a stream or polls. */
  const staysReady = async (ms: number, when: string): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 3_000) {
      await clock.advance(3_000)
      const stale = members.find(({ client }) => client.status !== 'ready')
      if (stale === undefined) continue
      violate('all-is-well-is-said', `${when}, a client of ${stale.kind} is ${stale.client.status}`)
      return
    }
  }
  /**
   * Strangers who claim to have seen a position: fewer than the fleet, with those who are still
   * heard.
   */
  const claim = async (seen: Position): Promise<void> => {
    const heard = strangers.filter(atMs => clock.monotonic() - atMs <= 15 * MINUTE_MS).length
    const room = members.length - 1 - heard
    if (room < 1) return
    const reports = Array.from({ length: dice.between(1, room) }, () => ({
      v: 1, namespace: NAMESPACE, clientId: `stranger-${strangers.push(clock.monotonic())}`, instanceId: `stranger${strangers.length}`, ephemeral: false, labels: {},
      strategy: 'pull', lookMs: 30_000, count: 1, upMs: 1, phase: 'applied', sinceMs: 1, seen, protection: 'none', nextReportWithinMs: 300_000,
    })) // prettier-ignore
    const request = new Request(`${BASE}/v1/${NAMESPACE}/~reports`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reports }),
    })
    await during(clock, dice.pick(servers).handler.fetch(request), 10_000)
    await clock.advance(2_000)
  }
  const positionNow = (): Position => newest?.position ?? { epoch: '1-00000000', sequence: 1 }
  const beyond = (): Position => {
    const { epoch } = positionNow()
    const last = Number.MAX_SAFE_INTEGER
    return dice.pick<Position>([
      { epoch: '999999999-ffffffff', sequence: last },
      { epoch: `${epochNumber(epoch) + LEAP + dice.between(1, 500_000)}-ffffffff`, sequence: 1 },
      { epoch, sequence: last },
      { epoch: `${epochNumber(epoch) + 1}-ffffffff`, sequence: last },
    ])
  }
  const near = (): Position => {
    const { epoch, sequence } = positionNow()
    return dice.pick<Position>([
      { epoch, sequence: sequence + dice.between(2, 900) },
      { epoch: `${epochNumber(epoch) + dice.between(1, 400)}-ffffffff`, sequence: dice.between(1, 9) },
    ])
  }

  await publish()
  for (let index = 0; index < dice.between(3, 5); index += 1) {
    const member = {
      name: `member-${index}`,
      kind: dice.pick(['pull', 'push', 'hybrid'] as const),
      between: layBetween({
        clock,
        namespace: NAMESPACE,
        to: dice.pick(servers).handler,
        variants: () => [{ digest: newest?.digest ?? '0'.repeat(64), bytes: newestBytes }],
      }),
      state: dice.chance(0.5) ? storage() : undefined,
      told: [],
    }
    members.push({ ...member, ...start(member, 1) })
  }
  await clock.advance(KNOWN_MS)
  everybodyHas('everybody-gets-there', 'before anything happened')

  for (let round = dice.between(3, 4); round > 0; round -= 1) {
    const what = dice.pick([
      'beyond',
      'beyond',
      'near',
      'creep',
      'claim',
      'claim',
      'clock',
      'apart',
      'away',
    ] as const)
    note(`meets ${what}`)
    switch (what) {
      case 'beyond': {
        const some = members.filter(() => dice.chance(0.7))
        for (const { between } of some) {
          between.forge(beyond())
          between.cut()
        }
        await clock.advance(THERE_MS)
        for (const { between, told, kind } of some) {
          // Once an hour is enough.
          if (between.forged && !told.some(atMs => clock.monotonic() - atMs < HOUR_MS))
            violate('what-is-forged-is-told', `${kind} said nothing of a position that no fleet comes to`)
        }
        const restarts = dice.chance(0.5)
        if (restarts) for (const member of some) await restart(member)
        await publishAndSee('no-number-deafens', 'after a position was forged once')
        // Who started anew was not heard for long yet.
        if (restarts) await clock.advance(KNOWN_MS)
        met('a position that no fleet comes to was passed over')
        break
      }
      case 'near': {
        const position = near()
        for (const { between, told } of members) {
          told.length = 0
          between.forge(position)
          between.cut()
        }
        // They report what they saw, and hear of nothing new meanwhile.
        await clock.advance(8 * MINUTE_MS)
        const fooled = members.filter(({ between }) => between.forged)
        if (fooled.length < members.length) break
        const refused = await publish()
        if (refused !== 'store-damaged')
          violate(
            'a-store-behind-refuses',
            `the fleet was told of more than there is, and a publish ${refused === undefined ? 'went on' : `failed with ${refused}`}`,
          )
        await clock.advance(7 * MINUTE_MS)
        for (const { told, kind } of fooled)
          if (told.length === 0)
            violate('who-is-deaf-says-so', `${kind} is ahead of what is served, and says nothing`)
        const opened = await run(publisher.openEpoch({ reason: 'simulation' }))
        if ('code' in opened) violate('publishing-works-again', `no epoch could be opened: ${opened.code}`)
        else {
          newest = opened
          if (epochNumber(opened.position.epoch) !== epochNumber(position.epoch) + 1)
            violate(
              'an-epoch-is-above-all',
              `${formatPosition(opened.position)} was opened, and ${formatPosition(position)} was seen`,
            )
        }
        await clock.advance(THERE_MS + 11 * MINUTE_MS)
        everybodyHas('everybody-gets-there', 'after a new epoch was opened')
        await clock.advance(KNOWN_MS)
        met('a new epoch was opened above what was forged')
        break
      }
      case 'creep': {
        const before = epochNumber(positionNow().epoch)
        const [victim] = members
        if (victim === undefined) return finish()
        for (let step = 1; step <= 8; step += 1) {
          victim.between.forge({ epoch: `${before + step * (LEAP - 10)}-ffffffff`, sequence: 1 })
          victim.between.cut()
          await clock.advance(THERE_MS)
        }
        const at = runningOf(victim.client)?.position
        if (at !== undefined && epochNumber(at.epoch) > before + LEAP)
          violate(
            'leaps-are-bounded',
            `${victim.kind} came from epoch ${before} to ${formatPosition(at)} within minutes`,
          )
        // What it claims from here on counts in so small a fleet.
        return finish()
      }
      case 'claim': {
        const seen = dice.chance(0.5) ? beyond() : near()
        const before = epochNumber(positionNow().epoch)
        await claim(seen)
        await publishAndSee('a-stranger-stops-nobody', `after strangers claimed ${formatPosition(seen)}`)
        if (dice.chance(0.5)) {
          const opened = await run(publisher.openEpoch({ reason: 'simulation' }))
          if ('code' in opened) violate('a-stranger-stops-nobody', `no epoch could be opened: ${opened.code}`)
          else {
            newest = opened
            if (epochNumber(opened.position.epoch) !== before + 1)
              violate(
                'an-epoch-leaves-room',
                `${formatPosition(opened.position)} followed epoch ${before} since strangers claimed ${formatPosition(seen)}`,
              )
          }
          await clock.advance(THERE_MS)
          everybodyHas('everybody-gets-there', 'after a new epoch was opened')
        }
        met('strangers claimed to have seen more, and nothing stood still')
        break
      }
      case 'clock': {
        const { own } = dice.pick(servers)
        const aheadMs = dice.pick([DAY_MS, 10 * MINUTE_MS, 365 * DAY_MS])
        own.skew(aheadMs)
        await staysReady(MINUTE_MS, 'while a clock was ahead')
        own.skew(-aheadMs)
        await staysReady(5 * MINUTE_MS, 'after a clock was ahead')
        const before = newest
        if ((await publish({ activateAt: new Date(clock.now() + 3 * MINUTE_MS) })) !== undefined) break
        await clock.advance(2 * MINUTE_MS)
        for (const { client, kind } of members)
          if (runningOf(client)?.digest !== before?.digest)
            violate('activation-is-kept', `${kind} switched early, since a clock had been ahead`)
        await clock.advance(2 * MINUTE_MS)
        everybodyHas('activation-is-kept', 'a minute after it was time')
        met('a clock that was ahead was left behind')
        break
      }
      case 'apart': {
        const aheadMs = dice.between(35_000, 120_000)
        first.own.skew(aheadMs)
        await staysReady(2 * MINUTE_MS, 'while two clocks differ')
        for (let turn = dice.between(1, 3); turn > 0; turn -= 1) {
          for (const { between } of members) between.goTo((turn % 2 === 0 ? first : second).handler)
          await clock.advance(32_000)
          await staysReady(2 * MINUTE_MS, 'after it went to a server whose clock is another')
        }
        first.own.skew(-aheadMs)
        await clock.advance(MINUTE_MS)
        met('clients went from one clock to another')
        break
      }
      case 'away': {
        const delayMs = dice.pick([1e15, 999_999_999_001])
        for (const { between } of members) between.away = delayMs
        const lasts = dice.chance(0.4) ? members[0] : undefined
        if (lasts !== undefined) await restart(lasts)
        await clock.advance(dice.between(35_000, 60_000))
        for (const { between } of members) between.away = undefined
        await publish()
        await clock.advance(AWAY_MS + THERE_MS)
        everybodyHas('a-wrong-number-is-no-exile', 'after a server named a time that nobody lives to see')
        if (lasts !== undefined) await clock.advance(KNOWN_MS)
        met('a foolish time to stay away was not kept')
      }
    }
    await clock.advance(dice.between(1_000, 60_000))
  }
  return finish()

  async function finish(): Promise<void> {
    await during(
      clock,
      Promise.all([
        ...members.map(({ client }) => client.close()),
        publisher.close(),
        ...servers.map(({ handler }) => handler.close({ drainMs: 0 })),
      ]),
      60_000,
    )
    for (const { own } of members) own.kill()
    for (const { own } of servers) own.kill()
    owner.kill()
  }
}

/** A state folder in memory, which survives its process. */
function storage(): StateStorage {
  const snapshots = new Map<string, Uint8Array>()
  let saved: SavedState = { good: [], refused: [] }
  return {
    clientId: async proposed => proposed,
    load: async () => ({ state: saved, warnings: [] }),
    async save({ state }) {
      saved = state
    },
    readSnapshot: async ({ digest }) => snapshots.get(digest),
    async writeSnapshot({ digest, bytes }) {
      snapshots.set(digest, bytes)
    },
  }
}
