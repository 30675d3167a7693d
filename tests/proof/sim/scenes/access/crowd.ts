import { NoticeboardError } from '../../../../../src/contracts/errors.js'
import type { CompleteStore } from '../../../../../src/contracts/transport.js'
import { createHandler } from '../../../../../src/server/handler.js'
import { startProcess } from '../../../../../src/sim/process.js'
import { memory } from '../../../../../src/transports/memory.js'
import { never, releaseOf } from '../../../../support/session.js'
import { during } from '../../waiting.js'
import type { SceneStage } from '../scene.js'
import { ask, listen } from './ask.js'

/** As many names as one stream carries at most. */
const NAMES_A_STREAM = 64

/**
 * By when somebody is told of a first release that came past the server, in milliseconds: one
 * listing, and the one after a failure.
 */
const TOLD_MS = 14_000
const AGAIN_MS = 10_000

/** How many requests the store is asked in a second at most, whoever waits for how many names. */
const MOST_A_SECOND = 40

/**
 * Streams that wait for more namespaces without a release than are followed one by one, while their
 * store is published to past the server, and fails for a while.
 */
export async function crowd({ clock, dice, seed, violate, met, note }: SceneStage): Promise<void> {
  const own = startProcess('crowd.1', { clock, seed })
  const base = memory({ system: { clock } })
  let isAway = false
  let asked = 0
  const store: CompleteStore = {
    ...base,
    async latest(query, signal) {
      asked += 1
      if (isAway) throw new NoticeboardError('unavailable', 'the store is away')
      return base.latest(query, signal)
    },
    async namespaces(signal) {
      if (isAway) throw new NoticeboardError('unavailable', 'the store is away')
      met('names without a release were listed')
      return base.namespaces(signal)
    },
  }
  const handler = createHandler(store, { heartbeatMs: 10_000, system: own.system })
  const told = new Map<string, number>()
  const streams = Array.from({ length: dice.between(1, 2) }, (_, index) => {
    const names = Array.from({ length: dice.between(36, NAMES_A_STREAM) }, (_, at) => `crowd-${index}/n${at}`)
    const leaving = new AbortController()
    const query = names.map(name => `ns=${name}`).join('&')
    const reading = ask(handler, `~events?${query}`, { signal: leaving.signal })
      .then(async response =>
        listen(response, (kind, [name = '']) => {
          if (kind === 'release') told.set(name, (told.get(name) ?? 0) + 1)
        }),
      )
      .catch(() => {})
    return { names, reading, leave: () => leaving.abort() }
  })
  await clock.advance(3_000)
  let waited = streams.flatMap(({ names }) => names)
  for (let round = dice.between(1, 3); round > 0; round -= 1) {
    isAway = dice.chance(0.3)
    const chosen = [dice.pick(waited), dice.pick(waited), dice.pick(waited)]
    waited = waited.filter(name => !chosen.includes(name))
    for (const name of new Set(chosen)) {
      const { bytes, digest, snapshot, at } = releaseOf(1, '{"n":1}', name)
      await base.put({ namespace: name, digest, bytes: snapshot }, never)
      await base.append({ namespace: name, at, bytes }, never)
      note(`publishes ${name}`)
    }
    if (isAway) await clock.advance(dice.between(1_000, 15_000))
    const wasAway = isAway
    isAway = false
    asked = 0
    const waitMs = TOLD_MS + (wasAway ? AGAIN_MS + 20_000 : 0)
    await clock.advance(waitMs)
    if (asked > (MOST_A_SECOND * waitMs) / 1_000)
      violate('a-crowd-costs-no-more', `a store was asked ${asked} times in ${waitMs} ms`)
    for (const name of chosen)
      if (told.get(name) !== 1)
        violate('told-at-once', `${told.get(name) ?? 0} times was told of the first release of ${name}`)
    met('a first release came past a server')
  }
  for (const { leave } of streams.slice(1)) leave()
  await during(clock, handler.close(), 30_000)
  await clock.advance(10_000)
  await during(clock, Promise.all(streams.map(({ reading }) => reading)), 1_000)
  if (own.pending > 0) violate('nothing-is-left', `${own.pending} timers of a server are left`)
  own.kill()
}
