import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { LogEntry } from '../../../../src/contracts/transport.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { fileStore, type FileStore } from '../../../../src/node/board/file-store.js'
import { closeLater, NAMESPACE, never, publish, temporaryFolder } from '../../../support/board-kit.js'
import { failing, interceptedDisk } from '../../../support/disks.js'

/** A board whose audit records belong to somebody else, once that is said. */
async function board() {
  const folder = await temporaryFolder()
  const lines: string[] = []
  const log = (message: string, details?: object): void => {
    lines.push(`${message} ${JSON.stringify(details)}`)
  }
  const logger = { debug() {}, info() {}, warn: log, error: log }
  const state = { isStrangers: false }
  const fs = interceptedDisk((operation, path) => {
    if (state.isStrangers && path.includes('/audit/') && operation !== 'stat') failing('EACCES')
  })
  const store = closeLater(fileStore(folder, { fs, logger }))
  return { folder, store, lines, state }
}

const audit = encodeText('{"author":"ada","reason":"r"}')

const history = async (store: FileStore): Promise<readonly LogEntry[]> => {
  const entries: LogEntry[] = []
  for await (const entry of store.history({ namespace: NAMESPACE }, never)) entries.push(entry)
  return entries
}

describe('audit records of another user', () => {
  test('are left out of the history, which is said once', async () => {
    const { store, lines, state } = await board()
    await publish(store, 1, { audit })
    await publish(store, 2, { audit })
    expect((await history(store)).map(({ audit }) => audit !== undefined)).toEqual([true, true])
    state.isStrangers = true
    expect((await history(store)).map(({ audit }) => audit)).toEqual([undefined, undefined])
    await history(store)
    expect(lines.filter(line => line.includes('audit records cannot be read'))).toHaveLength(1)
    expect(lines.join()).toMatch(/no permission.*EACCES/)
  })

  test('do not stop what is urgent, and refuse a publish as unavailable', async () => {
    const { store, lines, state } = await board()
    await publish(store, 1, { audit })
    state.isStrangers = true
    await expect(publish(store, 2, { audit })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('no permission'),
    })
    expect((await publish(store, 3, { audit, urgent: true })).outcome).toBe('appended')
    expect(lines.join()).toContain('an audit record cannot be written')
    expect(await history(store)).toHaveLength(2)
  })

  test('do not stop a release that is in place already from being acknowledged', async () => {
    const { store, state } = await board()
    const { at, bytes } = await publish(store, 1, { audit })
    state.isStrangers = true
    expect(await store.append({ namespace: NAMESPACE, at, bytes, audit }, never)).toBe('appended')
  })
})

test('open() makes the folder, so that its first failure is that of a start', async () => {
  const folder = await temporaryFolder()
  const store = closeLater(fileStore(join(folder, 'board')))
  await store.open()
  expect((await readFile(join(folder, 'board/private/reserve'))).length).toBeGreaterThan(0)

  const fs = interceptedDisk(operation => void (operation === 'create' && failing('EROFS')))
  const closed = closeLater(fileStore(join(folder, 'board'), { fs }))
  await expect(closed.open()).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('mounted read-only'),
  })
})

test.skipIf(process.geteuid === undefined)(
  'a process of another user than the owner of the board says so before it writes, and the owner says nothing (users: a system that has none)',
  async () => {
    const folder = await temporaryFolder()
    const own = process.geteuid?.() ?? 0
    const said: string[] = []
    const warn = (message: string): void => void said.push(message)
    const logger = { debug() {}, info() {}, warn, error: warn }
    await closeLater(fileStore(folder, { logger })).open()
    expect(said).toEqual([])
    vi.spyOn(process, 'geteuid').mockReturnValue(own + 4_711)
    await closeLater(fileStore(folder, { logger })).open()
    expect(said).toEqual([
      expect.stringContaining(
        `belongs to user ${own}, and this process writes to it as user ${own + 4_711}: a server of the owner may be kept out of what is written now; run as the owner`,
      ),
    ])
  },
)
