import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../src/client/client.js'
import type { Deltas } from '../../../src/contracts/deltas.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { pull } from '../../../src/strategies/pull.js'
import { http } from '../../../src/transports/http/http.js'
import { largeDocument, libraryDeltas } from '../../support/large-documents.js'
import { publish } from '../../support/server-fixtures.js'
import { namespace, temporaryFolder, until } from './board.js'
import { nginx } from './nginx.js'
import { missingPrograms } from './programs.js'

const missing = missingPrograms('nginx')
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`)

const schema = z.looseObject({ pool: z.number() })

/** What nginx sends a client for one key that changed in 200 KB, beside pointers. */
async function bytesOfAChange(options: {
  readonly deltas: Deltas | false
  readonly madeBy: Deltas | false
}): Promise<{ readonly rest: number; readonly withHead: number; readonly errors: readonly string[] }> {
  await using folder = await temporaryFolder()
  const store = fileStore(folder.path, { deltas: options.madeBy })
  await using _ = store
  await publish(store, largeDocument(10), namespace)
  await using server = await nginx(join(folder.path, 'public'))
  await using client = createClient({
    namespace,
    schema,
    strategy: pull(http(server.url), { pollIntervalMs: 3_600_000 }),
    deltas: options.deltas,
  })
  const errors: string[] = []
  client.on('error', ({ code }) => errors.push(code))
  await client.ready({ timeoutMs: 30_000 })
  const seen = (await server.log()).length
  await publish(store, largeDocument(20), namespace)
  // Which waits for its deltas.
  await store.close()
  await client.refresh()
  await until('the change is in force', () => client.current.pool === 20)
  await until('nginx wrote it down', async () => (await server.log()).length >= seen + 2)
  const log = (await server.log()).slice(seen)
  const snapshots = log.filter(({ path }) => path.includes('/snapshots/'))
  const sum = (what: 'bytes' | 'bytesWithHead'): number =>
    snapshots.reduce((total, request) => total + request[what], 0)
  return { rest: sum('bytes'), withHead: sum('bytesWithHead'), errors }
}

/** The figures of docs/operations.md, as they are on this machine. */
function tell(what: string, { rest, withHead }: { readonly rest: number; readonly withHead: number }): void {
  process.stderr.write(
    `one key changed in 200 KB, ${what}: ${rest} bytes beyond the release, ${withHead} with heads\n`,
  )
}

describe.skipIf(missing !== undefined)('a large board behind nginx', { timeout: 120_000 }, () => {
  test('one key changed in 200 KB costs a client the release and at most 256 bytes, by its own log', async () => {
    const deltas = libraryDeltas()
    const { rest, withHead, errors } = await bytesOfAChange({ deltas, madeBy: deltas })
    tell('as a delta', { rest, withHead })
    expect(withHead).toBeGreaterThan(rest)
    expect(rest).toBeGreaterThan(40)
    expect(rest).toBeLessThanOrEqual(256)
    expect(errors).toEqual([])
  })

  test('without deltas on the board, or without a decoder, it costs the whole document and no error', async () => {
    const deltas = libraryDeltas()
    const whole = await bytesOfAChange({ deltas: false, madeBy: deltas })
    tell('by a client without deltas', whole)
    expect(whole.rest).toBe(204_800)
    expect(whole.errors).toEqual([])
    const none = await bytesOfAChange({ deltas, madeBy: false })
    expect(none.rest).toBeGreaterThanOrEqual(204_800)
    expect(none.errors).toEqual([])
  })
})
