import { describe, expect, test } from 'vitest'
import { openStateWriter, type StateWriter } from '../../../../src/client/state/state-writer.js'
import type { SavedState, StateStorage } from '../../../../src/contracts/state.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const snapshot = (name: string): { digest: string; bytes: Uint8Array } => ({
  digest: name,
  bytes: bytes(name),
})
const saved = (digest: string): { digest: string; version: number; bytes: number } => ({
  digest,
  version: 1,
  bytes: 1,
})
const position = (sequence: number): { epoch: string; sequence: number } => ({
  epoch: '1-0000000a',
  sequence,
})

/** A storage that notes what it was told, and waits at the first write until it may go on. */
function slowStorage(): {
  storage: StateStorage
  log: string[]
  failing: Set<string>
  go: () => void
} {
  const log: string[] = []
  const failing = new Set<string>()
  let go = (): void => {}
  const opened = new Promise<void>(resolve => (go = resolve))
  const write = async (what: string): Promise<void> => {
    await opened
    if (failing.has(what)) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
    log.push(what)
  }
  const storage: StateStorage = {
    clientId: async proposed => proposed,
    load: async () => ({ state: { good: [], refused: [] }, warnings: [] }),
    save: ({ state }) => write(`state ${state.current?.digest ?? 'without'} at ${state.seen?.sequence ?? 0}`),
    readSnapshot: async () => undefined,
    writeSnapshot: ({ digest }) => write(digest),
  }
  return { storage, log, failing, go: () => go() }
}

async function open(storage: StateStorage | undefined, warnings: string[] = []): Promise<StateWriter> {
  const quiet = (): void => {}
  return openStateWriter({
    storage,
    namespace: 'a',
    instanceId: 'i',
    logger: { debug: quiet, info: quiet, error: quiet, warn: message => void warnings.push(message) },
  })
}

describe('writing', () => {
  test('keeps a snapshot before the state that names it', async () => {
    const { storage, log, go } = slowStorage()
    const writer = await open(storage)
    writer.update({ current: saved('a'), seen: position(1) }, snapshot('a'))
    go()
    await writer.flush()
    expect(log).toEqual(['a', 'state a at 1'])
    expect(writer.protects).toBe(true)
  })

  test('of what changes meanwhile keeps only the newest, and no snapshot that nothing names any more', async () => {
    const { storage, log, go } = slowStorage()
    const writer = await open(storage)
    writer.update({ seen: position(1) })
    writer.update({ current: saved('a'), seen: position(2) }, snapshot('a'))
    writer.update({ current: saved('b'), seen: position(3) }, snapshot('b'))
    expect(writer.state.current?.digest).toBe('b')
    go()
    await writer.flush()
    // The first write had begun with what was known then.
    expect(log).toEqual(['state without at 1', 'b', 'state b at 3'])
  })

  test('without a storage keeps in memory, and protects nobody', async () => {
    const writer = await open(undefined)
    writer.update({ current: saved('a') }, snapshot('a'))
    await writer.flush()
    expect(writer.state.current?.digest).toBe('a')
    expect(writer.protects).toBe(false)
  })
})

describe('a disk in trouble', () => {
  test('is a warning; what could not be kept is tried again with the next write', async () => {
    const warnings: string[] = []
    const { storage, log, failing, go } = slowStorage()
    const writer = await open(storage, warnings)
    failing.add('a')
    go()
    writer.update({ current: saved('a'), seen: position(1) }, snapshot('a'))
    await writer.flush()
    expect(log).toEqual(['state a at 1'])
    expect(writer.protects).toBe(false)
    expect(warnings).toEqual([expect.stringContaining('cannot keep a snapshot')])
    failing.clear()
    writer.update({ seen: position(2) })
    await writer.flush()
    expect(log).toEqual(['state a at 1', 'a', 'state a at 2'])
    expect(writer.protects).toBe(true)
  })

  test('that cannot be read starts a client with nothing', async () => {
    const warnings: string[] = []
    const { storage } = slowStorage()
    const load = async (): Promise<{ state: SavedState; warnings: string[] }> => {
      throw Object.assign(new Error('denied'), { code: 'EACCES' })
    }
    const writer = await open({ ...storage, load }, warnings)
    expect(writer.state).toEqual({ good: [], refused: [] })
    expect(writer.protects).toBe(false)
    expect(warnings).toHaveLength(1)
  })
})
