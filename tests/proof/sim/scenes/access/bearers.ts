import { createHandler } from '../../../../../src/server/handler.js'
import { startProcess } from '../../../../../src/sim/process.js'
import { memory } from '../../../../../src/transports/memory.js'
import { reportOf } from '../../../../support/report-of.js'
import { never, releaseOf } from '../../../../support/session.js'
import { tokenBox } from '../../../../support/tokens.js'
import { during } from '../../waiting.js'
import type { SceneStage } from '../scene.js'
import { ask, listen } from './ask.js'

const NAMESPACES = ['shop/one', 'shop/two'] as const

/** By when a server knows which tokens there are, in milliseconds: it looks each second. */
const KNOWN_MS = 2_500

/** Who has a token, and the stream that was opened with it. */
interface Bearer {
  readonly name: string
  readonly token: string
  readonly names: readonly string[]
  readonly expiresMs: number
  /** Whether a server that can read its tokens knows this one. */
  given: boolean
  over: boolean
  readonly told: Map<string, string>
  readonly leave: () => void
}

/**
 * Tokens that are given, taken back and renewed, and that expire; now and then nobody can read
 * which there are. What a bearer may read is what streams bring, for as long as it may.
 */
export async function bearers({ clock, dice, seed, violate, met, note }: SceneStage): Promise<void> {
  const own = startProcess('bearers.1', { clock, seed })
  const store = memory({ system: { clock } })
  const box = tokenBox({ random: own.system.random })
  const handler = createHandler(store, {
    tokens: box,
    requireToken: dice.pick([['read'], ['read', 'report']]),
    heartbeatMs: 10_000,
    system: own.system,
  })
  const sequences = new Map<string, number>()
  const newest = new Map<string, string>()
  const publish = async (name: string): Promise<void> => {
    const sequence = (sequences.get(name) ?? 0) + 1
    sequences.set(name, sequence)
    const { bytes, digest, snapshot, at } = releaseOf(sequence, `{"n":${sequence}}`, name)
    await store.put({ namespace: name, digest, bytes: snapshot }, never)
    await store.append({ namespace: name, at, bytes }, never)
    newest.set(name, new TextDecoder().decode(bytes))
  }

  let all: Bearer[] = []
  /** Those whose tokens the server knows: what it cannot read changes nothing for it. */
  let isBlind = dice.chance(0.2)
  box.isReadable = !isBlind
  const isGood = ({ given, expiresMs }: Bearer): boolean => given && clock.now() < expiresMs

  const give = (name: string): Bearer => {
    const names = dice.pick([['shop/one'], ['shop/two'], NAMESPACES])
    const expiresMs = dice.chance(0.4) ? clock.now() + dice.between(6_000, 20_000) : Number.POSITIVE_INFINITY
    const token = box.give({
      name,
      scopes: [dice.pick(['read', 'admin'] as const)],
      namespaces: names.length > 1 ? ['shop/*'] : names,
      ...(Number.isFinite(expiresMs) && { expiresAt: new Date(expiresMs).toISOString() }),
    })
    const leaving = new AbortController()
    const told = new Map<string, string>()
    const bearer: Bearer = {
      ...{ name, token, names, expiresMs, told, given: true, over: true },
      leave: () => leaving.abort(),
    }
    all.push(bearer)
    note(`${name} may read ${names.join()}`)
    return bearer
  }
  const open = async (bearer: Bearer): Promise<void> => {
    const leaving = new AbortController()
    Object.assign(bearer, { leave: () => leaving.abort(), over: false })
    const query = NAMESPACES.map(name => `ns=${name}`).join('&')
    try {
      const { token, names, told } = bearer
      const response = await ask(handler, `~events?${query}`, { token, signal: leaving.signal })
      if (response.status === 200)
        await listen(response, (kind, [name = '', release = '']) => {
          if (kind !== 'release') return
          told.set(name, release)
          if (!names.includes(name))
            violate('strangers-learn-nothing', `${bearer.name} was told of ${name} by a stream`)
        })
    } catch {
      // It left.
    }
    bearer.over = true
  }

  const statusOf = async (name: string, token?: string): Promise<number> => {
    const response = await ask(handler, `${name}/release.json`, { token })
    await response.arrayBuffer()
    return response.status
  }
  const judge = async (): Promise<void> => {
    for (const bearer of all) {
      const { name, names, token, expiresMs, over, told } = bearer
      const isKnown = isGood(bearer)
      for (const namespace of NAMESPACES) {
        const wanted = isBlind ? 503 : !isKnown ? 401 : names.includes(namespace) ? 200 : 403
        const status = await statusOf(namespace, token)
        if (status !== wanted)
          violate('a-token-is-what-it-says', `${name} is answered with ${status} instead of ${wanted}`)
      }
      const isLongGone = !isKnown && !(Math.abs(clock.now() - expiresMs) < KNOWN_MS)
      if (isLongGone && !over) violate('who-may-not-stay-goes', `${name} has no token, and a stream`)
      if (isKnown && !isBlind && over) void open(bearer)
      else if (isKnown && !isBlind && names.some(each => told.get(each) !== newest.get(each)))
        violate('told-at-once', `${name} was not told of what is newest`)
    }
    if ((await statusOf(NAMESPACES[0])) !== 401) violate('strangers-learn-nothing', 'nobody was let read')
  }

  for (const name of NAMESPACES) await publish(name)
  for (let left = 3; left > 0; left -= 1) give(`bearer-${left}`)
  // From the first request on the server looks which tokens there are.
  await judge()
  /** What was taken back while nobody could read that. */
  const pending = new Set<Bearer>()
  /** Who is given a token under a name that is there takes the one of that name away. */
  let lastNumber = 9
  for (let round = dice.between(5, 8); round > 0; round -= 1) {
    const good = all.filter(isGood)
    const some = dice.pick(good.length > 0 ? good : all)
    const what = dice.pick(['give', 'revoke', 'renew', 'mend', 'break', 'publish', 'wait'] as const)
    if (box.isReadable && what === 'give') give(`bearer-${(lastNumber += 1)}`)
    if (what === 'revoke' || what === 'renew') {
      box.revoke(some.name)
      // A token that was renewed has the name of the one before it.
      for (const each of all) if (each.name === some.name) pending.add(each)
      met('a token was taken back')
    }
    if (box.isReadable && what === 'renew') give(some.name)
    if (what === 'break' && dice.chance(0.5)) box.isReadable = false
    if (what === 'mend') box.isReadable = true
    if (what === 'wait') await clock.advance(dice.between(2_000, 10_000))
    await publish(dice.pick(NAMESPACES))
    await clock.advance(KNOWN_MS)
    if (box.isReadable) {
      isBlind = false
      for (const bearer of pending) bearer.given = false
      pending.clear()
    } else if (!isBlind) met('nobody could read which tokens there are')
    await judge()
    await clock.advance(KNOWN_MS)
    await judge()
    all = all.filter(bearer => isGood(bearer) || bearer.over)
  }
  box.isReadable = true
  await clock.advance(KNOWN_MS)
  await boundReports()
  for (const { leave } of all) leave()
  await during(clock, handler.close(), 30_000)
  await clock.advance(10_000)
  if (own.pending > 0) violate('nothing-is-left', `${own.pending} timers of a server are left`)
  own.kill()

  /** A token that is bound to clients speaks for them, and for nobody else. */
  async function boundReports(): Promise<void> {
    const [namespace] = NAMESPACES
    const grant = { scopes: ['report'] as const, namespaces: ['shop/**'], clients: ['fleet-*'] }
    const token = box.give({ name: 'fleet', ...grant })
    const inspects = box.give({ name: 'eye', scopes: ['inspect'], namespaces: ['shop/*'] })
    await clock.advance(KNOWN_MS)
    const reports = [
      'fleet-1',
      'other-1',
      ...Array.from({ length: 20 }, (_, index) => `fleet-2${index}`),
    ].map(clientId => reportOf({ namespace, instanceId: `i-${clientId}`, clientId }))
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ reports })
    const sent = ask(handler, `${namespace}/~reports`, { method: 'POST', headers, body, token })
    await during(clock, sent, 30_000)
    await clock.advance(2_000)
    const asked = ask(handler, `${namespace}/~reports`, { token: inspects }).then(one => one.text())
    const heard = (await during(clock, asked, 30_000)) ?? ''
    if (!heard.includes('"fleet-1"') || heard.includes('"other-1"'))
      violate('who-is-bound-speaks-for-his-own', 'a bound token was heard for others, or not for its own')
    met('a bound token reported')
  }
}
