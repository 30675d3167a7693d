import { expect, test } from 'vitest'
import { createHandler } from '../../../src/server/handler.js'
import { memory } from '../../../src/transports/memory.js'
import { collect } from '../../support/heap.js'
import { NAMESPACE } from '../../support/server-fixtures.js'

test('a stream ends with its reader, however long ago the request itself became garbage', async () => {
  const handler = createHandler(memory(), { heartbeatMs: 60_000 })
  const ends: AbortController[] = []
  const readings: Promise<unknown>[] = []
  const open = async (): Promise<void> => {
    const end = new AbortController()
    ends.push(end)
    const { body } = await handler.fetch(
      new Request(`http://board.test/v1/~events?ns=${NAMESPACE}&client=a`, { signal: end.signal }),
    )
    const reader = (body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    readings.push(
      (async () => {
        while (!(await reader.read()).done);
      })(),
    )
  }
  for (let left = 5; left > 0; left -= 1) await open()
  for (let round = 0; round < 3; round += 1) {
    collect()
    await new Promise(resolve => void setImmediate(resolve))
  }
  for (const end of ends) end.abort(new Error('the reader went away'))
  for (const reading of readings) await expect(reading).rejects.toThrow('the reader went away')
  await handler.close()
})

test('a request that is aborted before its stream begins is not subscribed', async () => {
  let watches = 0
  const board = memory()
  const source = Object.assign(Object.create(board) as typeof board, {
    watch(...asked: Parameters<typeof board.watch>) {
      watches += 1
      return board.watch(...asked)
    },
  })
  const handler = createHandler(source)
  const end = new AbortController()
  const answering = handler.fetch(
    new Request(`http://board.test/v1/~events?ns=${NAMESPACE}`, { signal: end.signal }),
  )
  end.abort(new Error('the reader went away'))
  const { body } = await answering
  await expect((body as ReadableStream<Uint8Array>).getReader().read()).rejects.toThrow('went away')
  expect(handler.connections).toBe(0)
  expect(watches).toBe(0)
  await handler.close()
})
