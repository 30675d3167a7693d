import { decodeRelease } from '../../../src/core/release/release.js'
import { cached } from '../../../src/transports/cached.js'
import type { HttpStore } from '../../../src/transports/http/http-store.js'
import type { SimProcess } from '../../../src/sim/process.js'
import type { Dice } from '../../../src/sim/dice.js'
import { judgeError } from './values.js'
import type { World } from './world.js'

/**
 * A program that reads several namespaces over one transport, as a process with several clients
 * does, and everything else that may be read: over one connection, which it opens anew when it
 * wants more, with snapshots that several want at the same time.
 */
export async function guestOf(
  world: World,
  { own, dice, transport, namespaces, lastsMs }: Guest,
): Promise<void> {
  const { truth, trace } = world
  const endsMs = own.clock.monotonic() + lastsMs
  const leaving = new AbortController()
  const { signal } = leaving
  const memory = cached(transport, { maxSnapshots: 1, maxBytes: 30_000 })
  const failed = (error: unknown): void => {
    if (!own.alive) return
    trace.add(own.name, 'met', judgeError(world, 'a guest', error))
  }

  const watch = async (wanted: readonly string[], clientId?: string): Promise<void> => {
    while (!signal.aborted && own.clock.monotonic() < endsMs) {
      const given = new AbortController()
      const cancel = own.clock.after(dice.between(500, lastsMs), () => given.abort())
      const both = (): void => given.abort()
      signal.addEventListener('abort', both, { once: true })
      try {
        const identity = clientId && {
          clientId,
          instanceId: clientId,
          ephemeral: true,
          labels: { region: 'eu' },
        }
        const query = { namespaces: wanted, inline: clientId !== undefined, ...(identity && { identity }) }
        for await (const { type } of transport.watch(query, given.signal)) trace.add(own.name, 'hears', type)
      } catch (error) {
        failed(error)
      } finally {
        cancel()
        signal.removeEventListener('abort', both)
      }
      await own.clock.sleep(dice.between(500, 3_000), signal)
    }
  }

  const look = async (namespace: string): Promise<void> => {
    const latest = await memory.latest({ namespace }, signal)
    if (latest.type !== 'release') return
    const { release } = decodeRelease(latest.bytes)
    const { epoch, sequence } = release
    await transport.next({ namespace, after: { epoch, sequence: sequence - 1 } }, signal)
    const impatient = new AbortController()
    const digest = release.stable.variants.at(-1)?.digest ?? ''
    const query = { namespace, digest, maxSnapshotBytes: dice.pick([10, 100_000]) }
    own.clock.after(dice.between(0, 20), () => impatient.abort())
    const asked = [impatient.signal, signal, signal].map(each => memory.snapshot(query, each).catch(failed))
    await Promise.all(asked)
    await memory.snapshot({ ...query, maxSnapshotBytes: 20 }, signal)
  }
  const read = async (): Promise<void> => {
    const namespace = dice.pick(namespaces)
    const runs = [
      () => look(namespace),
      () => look(namespace),
      () => transport.schema({ namespace }, signal),
      () => transport.namespaces(signal),
      () => transport.reports({ namespace }, signal),
      async () => {
        for await (const { bytes } of transport.history(
          { namespace, limit: dice.pick([undefined, 2]) },
          signal,
        ))
          if (bytes.length === 0) truth.violate('guests-read-what-is-there', 'a release without bytes')
      },
    ]
    await dice.pick(runs)().catch(failed)
  }

  own.clock.after(lastsMs, () => leaving.abort())
  void watch(namespaces.slice(0, 1))
  void watch(namespaces)
  void watch(namespaces.slice(0, 1), 'guest')
  while (!signal.aborted) {
    await read()
    await own.clock.sleep(lastsMs / 12, signal)
  }
}

export interface Guest {
  readonly own: SimProcess
  readonly dice: Dice
  readonly transport: HttpStore
  readonly namespaces: readonly string[]
  readonly lastsMs: number
}
