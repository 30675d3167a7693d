import { cp, mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../../../src/contracts/system.js'
import type { StandingQuery } from '../../../../src/contracts/transport.js'
import { decodeRelease, positionOf } from '../../../../src/core/release/release.js'
import { fileStore, type FileStore } from '../../../../src/node/board/file-store.js'
import { systemClock } from '../../../../src/system/system.js'
import { closeLater, never, publish, temporaryFolder } from '../../../support/board-kit.js'

const MINUTE = 60_000

/**
 * A board with two namespaces, a process that serves it and one that publishes, and the time of
 * both.
 */
async function open() {
  const folder = join(await temporaryFolder(), 'board')
  let aheadMs = 0
  const clock: Clock = {
    ...systemClock,
    now: () => systemClock.now() + aheadMs,
    monotonic: () => systemClock.monotonic() + aheadMs,
  }
  const begin = (tag: string): FileStore =>
    closeLater(fileStore(folder, { system: { clock }, owner: { tag, isGone: () => false } }))
  const [server, writer] = [begin('server'), begin('writer')]
  for (const namespace of ['shop', 'till']) await publish(writer, { a: 1 }, { namespace })
  const look = async (namespace: string): Promise<StandingQuery> => {
    const latest = await server.latest({ namespace }, never)
    if (latest.type !== 'release') throw new Error('there is no release')
    return { namespace, position: positionOf(decodeRelease(latest.bytes).release) }
  }
  const lookAtBoth = (): Promise<readonly StandingQuery[]> => Promise.all(['shop', 'till'].map(look))
  const ask = async (queries: readonly StandingQuery[]): Promise<ReadonlySet<string>> =>
    (await server.standing?.(queries, never)) ?? new Set()
  /** What stands, of what is asked about, in order. */
  const standing = async (queries: readonly StandingQuery[]): Promise<readonly string[]> =>
    [...(await ask(queries))].sort()
  const pass = (ms: number): void => void (aheadMs += ms)
  return { folder, writer, lookAtBoth, ask, standing, pass, begin }
}

describe('what a board says to stand without a look at each namespace', () => {
  it('is what nobody has written to since it was looked at', async () => {
    const { writer, lookAtBoth, standing, pass } = await open()
    // The notes of the first releases are over.
    pass(61 * MINUTE)
    await publish(writer, { a: 2 }, { namespace: 'till' })
    const queries = await lookAtBoth()
    expect(await standing(queries)).toEqual(['shop'])
    await publish(writer, { a: 2 }, { namespace: 'shop' })
    expect(await standing(queries)).toEqual([])
    // As long as somebody may still write whose note stands, each is looked at; then it stands
    // again.
    pass(59 * MINUTE)
    expect(await standing(await lookAtBoth())).toEqual([])
    pass(2 * MINUTE)
    await publish(writer, { a: 3 }, { namespace: 'other' })
    expect(await standing(await lookAtBoth())).toEqual(['shop', 'till'])
  })

  it('is the same answer for the same question, made once, until a note or a look says something else', async () => {
    const { writer, lookAtBoth, ask, pass } = await open()
    pass(61 * MINUTE)
    await publish(writer, { a: 1 }, { namespace: 'other' })
    const queries = await lookAtBoth()
    const first = await ask(queries)
    expect(await ask(queries)).toBe(first)
    // A look that shows what was known, and a question of somebody else.
    expect(await ask(await lookAtBoth())).toEqual(first)
    expect(await ask(queries)).toBe(first)
    await publish(writer, { a: 2 }, { namespace: 'till' })
    expect([...(await ask(queries))]).toEqual(['shop'])
    expect(await ask(queries)).toBe(await ask(queries))
  })

  it('is more again once what no look counted for was looked at', async () => {
    const { writer, lookAtBoth, ask, pass } = await open()
    pass(61 * MINUTE)
    await publish(writer, { a: 1 }, { namespace: 'other' })
    const queries = await lookAtBoth()
    pass(21 * MINUTE)
    expect([...(await ask(queries))]).toEqual([])
    await lookAtBoth()
    expect([...(await ask(queries))].sort()).toEqual(['shop', 'till'])
    // It counts from the first of the looks that it rests on.
    pass(19 * MINUTE)
    const later = await ask(queries)
    expect(later.size).toBe(2)
    await lookAtBoth()
    pass(2 * MINUTE)
    expect((await ask(queries)).size).toBe(2)
    expect(await ask(queries)).not.toBe(later)
  })

  it('is nothing that was never looked at, or minutes ago, or found to be at another position', async () => {
    const { writer, lookAtBoth, standing, pass, begin } = await open()
    pass(61 * MINUTE)
    await publish(writer, { a: 1 }, { namespace: 'other' })
    const queries = await lookAtBoth()
    expect(await standing(queries)).toEqual(['shop', 'till'])
    expect(
      await standing(queries.map(query => ({ ...query, position: { ...query.position, sequence: 9 } }))),
    ).toEqual([])
    expect([...((await begin('third').standing?.(queries, never)) ?? [])]).toEqual([])
    pass(21 * MINUTE)
    expect(await standing(queries)).toEqual([])
  })

  it('is nothing that somebody has begun to write to, before the release is there', async () => {
    const { folder, writer, lookAtBoth, standing, pass } = await open()
    const notes = await readdir(join(folder, 'private/noted'))
    pass(61 * MINUTE)
    await publish(writer, { a: 1 }, { namespace: 'other' })
    const queries = await lookAtBoth()
    expect(await standing(queries)).toHaveLength(2)
    for (const name of notes) await writeFile(join(folder, 'private/noted', name), '')
    expect(await standing(queries)).toEqual([])
  })

  it('is nothing at all after a backup was put back', async () => {
    const { folder, writer, lookAtBoth, standing, pass } = await open()
    pass(61 * MINUTE)
    await publish(writer, { a: 1 }, { namespace: 'other' })
    const backup = join(await temporaryFolder(), 'backup')
    await cp(folder, backup, { recursive: true })
    await publish(writer, { a: 2 }, { namespace: 'third' })
    const queries = await lookAtBoth()
    expect(await standing(queries)).toHaveLength(2)
    await rm(folder, { recursive: true })
    await cp(backup, folder, { recursive: true })
    expect(await standing(queries)).toEqual([])
  })

  it('is nothing at all after a backup of hours ago was put back with its times', async () => {
    const { folder, writer, lookAtBoth, standing, pass } = await open()
    const noted = join(folder, 'private/noted')
    pass(61 * MINUTE)
    await publish(writer, { a: 1 }, { namespace: 'other' })
    const backup = join(await temporaryFolder(), 'backup')
    await cp(folder, backup, { recursive: true, preserveTimestamps: true })
    const { atimeMs, mtimeMs } = await stat(noted)
    await publish(writer, { a: 2 }, { namespace: 'till' })
    // Its note is too old by now for its end to mean anything.
    pass(59 * MINUTE)
    const queries = await lookAtBoth()
    expect(await standing(queries)).toEqual(['shop'])
    await rm(folder, { recursive: true })
    await cp(backup, folder, { recursive: true, preserveTimestamps: true })
    await utimes(noted, (atimeMs - 1_000) / 1_000, (mtimeMs - 1_000) / 1_000)
    expect(await standing(queries)).toEqual([])
  })

  it('is nothing where nobody keeps notes', async () => {
    const { folder, lookAtBoth, standing } = await open()
    await rm(join(folder, 'private/noted'), { recursive: true })
    expect(await standing(await lookAtBoth())).toEqual([])
    await mkdir(join(folder, 'private/noted'))
    expect(await standing(await lookAtBoth())).toEqual(['shop', 'till'])
  })
})
