import { z } from 'zod'
import type { Scope } from '../../../../../src/contracts/access.js'
import { isNoticeboardError } from '../../../../../src/contracts/errors.js'
import { decodeRelease, type Release } from '../../../../../src/core/release/release.js'
import { createPublisher, everyone, type Publisher } from '../../../../../src/publisher/index.js'
import { timed } from '../../../../../src/rollouts/index.js'
import { createHandler } from '../../../../../src/server/handler.js'
import { startProcess } from '../../../../../src/sim/process.js'
import { httpStore } from '../../../../../src/transports/http/http-store.js'
import { memory } from '../../../../../src/transports/memory.js'
import { never } from '../../../../support/session.js'
import { tokenBox } from '../../../../support/tokens.js'
import { during } from '../../waiting.js'
import type { SceneStage } from '../scene.js'
import { ask, BOARD } from './ask.js'

const NAMESPACE = 'checkout/prod'
const SCOPES = ['publish-staged', 'revert', 'control', 'admin'] as const satisfies readonly Scope[]
const reason = 'simulation'

/** Longer than the scene lasts, so that no step comes by itself. */
const slowly = timed({ steps: 4, everyMs: 3_600_000 })

type Own = Publisher<{ n: number }>

interface Verb {
  readonly scopes: readonly Scope[]
  readonly act: (publisher: Own, n: number) => Promise<unknown>
}

/** What publishers do, and the scopes of which one has to be theirs. */
const VERBS: Readonly<Record<string, Verb>> = {
  'publish in stages': {
    scopes: ['publish-staged', 'admin'],
    act: (to, n) => to.publish({ n }, { rollout: slowly, drive: true, supersede: true, reason }),
  },
  'publish to everyone': {
    scopes: ['admin'],
    act: (to, n) => to.publish({ n }, { rollout: everyone(), supersede: true, reason }),
  },
  'roll back': { scopes: ['revert', 'control', 'admin'], act: to => to.rollback({ reason }) },
  'abort': { scopes: ['revert', 'control', 'admin'], act: to => to.abort({ reason }) },
  'retreat': { scopes: ['revert', 'control', 'admin'], act: to => to.retreat({ reason }) },
  'pause': { scopes: ['revert', 'control', 'admin'], act: to => to.pause({ reason }) },
  'resume': { scopes: ['admin'], act: to => to.resume({ reason }) },
  'promote': { scopes: ['control', 'admin'], act: to => to.promote({ reason }) },
  'kill': { scopes: ['admin'], act: (to, n) => to.kill({ patch: { n }, reason }) },
  'open an epoch': { scopes: ['admin'], act: to => to.openEpoch({ reason }) },
} // prettier-ignore

/**
 * What a rollout is where every scope does what it is for: what stands still is gone on with by
 * `admin` alone.
 */
const GOES_ON: ReadonlySet<string | undefined> = new Set([undefined, 'running', 'completed'])

/**
 * Publishers with a token of one scope each, who try everything by turns: what comes into the log
 * is what the scope of its writer allows.
 */
export async function verbs({ clock, dice, seed, violate, met, note }: SceneStage): Promise<void> {
  const own = startProcess('verbs.1', { clock, seed })
  const { system } = own
  const store = memory({ system: { clock } })
  const box = tokenBox({ random: system.random })
  const handler = createHandler(store, { tokens: box, system })
  const publishers = new Map(
    SCOPES.map(scope => {
      const token = box.give({ name: `has-${scope}`, scopes: [scope], namespaces: ['checkout/*'] })
      const over = httpStore(BOARD, {
        token,
        system: { clock: own.clock },
        fetch: (url, init) => ask(handler, url, init),
      })
      const schema = z.object({ n: z.number() })
      return [scope, createPublisher({ namespace: NAMESPACE, schema, store: over, retries: 0, system })]
    }),
  )
  const headOf = async (): Promise<Release | undefined> => {
    const latest = await store.latest({ namespace: NAMESPACE }, never)
    return latest.type === 'release' ? decodeRelease(latest.bytes).release : undefined
  }
  let n = 0
  const attempt = async (scope: (typeof SCOPES)[number], name: string): Promise<void> => {
    const publisher = publishers.get(scope)
    const verb = VERBS[name]
    if (publisher === undefined || verb === undefined) return
    n += 1
    const before = await headOf()
    const ended = verb.act(publisher, n).then(
      () => 'done',
      (error: unknown) => (isNoticeboardError(error) ? error.code : String(error)),
    )
    const how = (await during(clock, ended, 60_000)) ?? 'nothing'
    const after = await headOf()
    const moved = after?.sequence !== before?.sequence || after?.epoch !== before?.epoch
    note(`${scope} tries to ${name}: ${how}`)
    if (!verb.scopes.includes(scope)) {
      if (moved) violate('a-scope-is-all-it-says', `${scope} was let ${name}`)
      if (how === 'forbidden') met('a scope was too little')
    } else if (how === 'nothing' || (how === 'forbidden' && GOES_ON.has(before?.rollout?.state)))
      violate('who-may-is-let', `${scope} was not let ${name}: ${how}`)
    else if (moved && scope !== 'admin') met('a token of one scope wrote')
  }

  for (let left = 2; left > 0; left -= 1) await attempt('admin', 'publish to everyone')
  for (let left = dice.between(6, 9); left > 0; left -= 1) {
    if (dice.chance(0.4)) await attempt(dice.pick(['publish-staged', 'admin']), 'publish in stages')
    await attempt(dice.pick(SCOPES), dice.pick(Object.keys(VERBS)))
    await clock.advance(dice.between(10, 2_000))
  }
  await during(clock, Promise.all([...publishers.values()].map(each => each.close())), 30_000)
  await during(clock, handler.close(), 30_000)
  if (own.pending > 0) violate('nothing-is-left', `${own.pending} timers of publishers and a server are left`)
  own.kill()
}
