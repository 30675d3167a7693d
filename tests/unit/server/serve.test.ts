import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fileStore } from '../../../src/node/index.js'
import { createHandler, serve } from '../../../src/server/index.js'
import { httpStore } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { ask, eventsHead, rawReader, started } from '../../support/asking.js'
import { NAMESPACE, never, publish, TOKEN } from '../../support/server-fixtures.js'

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'noticeboard-serve-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

describe('the token for writing', () => {
  test('is made at the first start, in a file that nobody else may read, and stays', async () => {
    const tokenFile = join(await folder(), 'private/token')
    const first = await started(memory(), { tokenFile })
    expect(first.tokenFile).toEqual({ path: tokenFile, created: true })
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o600)
    expect(first.token).toMatch(/^[0-9a-f]{64}$/)
    expect((await readFile(tokenFile, 'utf8')).trim()).toBe(first.token)
    await publish(httpStore(first.url, { token: first.token! }), { pool: 10 })

    const second = await started(memory(), { tokenFile })
    expect([second.token, second.tokenFile?.created]).toEqual([first.token, false])
  })

  test('is made by one of several servers that start at the same time', async () => {
    const tokenFile = join(await folder(), 'token')
    const servers = await Promise.all(Array.from({ length: 8 }, () => started(memory(), { tokenFile })))
    expect(new Set(servers.map(({ token }) => token)).size).toBe(1)
    expect(servers.filter(server => server.tokenFile?.created)).toHaveLength(1)
  })

  test('that was damaged is not taken for one, and what is in the file is not repeated', async () => {
    const tokenFile = join(await folder(), 'token')
    await writeFile(tokenFile, 'hunter2 hunter2')
    await expect(serve(memory(), { tokenFile })).rejects.toThrow(
      expect.objectContaining({ code: 'invalid-data', message: expect.not.stringContaining('hunter2') }),
    )
  })

  test('is not needed to read, and without one nothing can be written', async () => {
    const server = await started(memory())
    expect([server.token, server.tokenFile]).toEqual([undefined, undefined])
    await expect(publish(httpStore(server.url, { token: 'any' }), { pool: 10 })).rejects.toThrow(
      expect.objectContaining({ code: 'forbidden' }),
    )
  })

  test('stays in its file when writing is refused', async () => {
    const tokenFile = join(await folder(), 'token')
    const server = await started(memory(), { tokenFile, write: false })
    expect(server.token).toBeUndefined()
    await expect(stat(tokenFile)).rejects.toThrow('ENOENT')
  })
})

describe('a server', () => {
  test('listens on this machine alone, on a free port, and says where', async () => {
    const server = await started(memory())
    expect(server.host).toBe('127.0.0.1')
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
    expect((await started(memory(), { prefix: '/board/' })).url).toMatch(/:\d+\/board$/)
    expect((await started(memory(), { host: '0.0.0.0' })).url).toMatch(/^http:\/\/127\.0\.0\.1:/)
  })

  test('says what to do when its port is taken', async () => {
    const { port } = await started(memory())
    await expect(serve(memory(), { port })).rejects.toThrow(
      expect.objectContaining({
        code: 'unavailable',
        message: expect.stringMatching(/EADDRINUSE.*choose another port/),
      }),
    )
  })

  test('closes twice without harm, and with the scope that it is in', async () => {
    const server = await serve(memory())
    await Promise.all([server.close({ drainMs: 0 }), server.close({ drainMs: 0 })])
    await server[Symbol.asyncDispose]()
    await expect(ask(server.url, '/')).rejects.toThrow('ECONNREFUSED')
  })

  test.each([
    { prefix: 'board' },
    { prefix: '/a?b' },
    { write: { token: '' } },
    { write: { token: 'two words' } },
    { read: { token: 'ü' } },
    { heartbeatMs: 0 },
    { maxConnections: -1 },
    { origins: ['https://a.example/path'] },
    { origins: ['a.example'] },
  ])('refuses the options %o at the call', options => {
    expect(() => createHandler(memory(), options)).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    )
  })
})

describe('over a board in a folder', () => {
  test('what another process publishes reaches readers of the stream and of the pointer', async () => {
    const path = await folder()
    const [mine, other] = [fileStore(path, { pollIntervalMs: 50 }), fileStore(path, { pollIntervalMs: 50 })]
    onTestFinished(async () => void (await Promise.all([mine.close(), other.close()])))
    await publish(other, { pool: 10 })
    const server = await started(mine, { write: { token: TOKEN }, heartbeatMs: 500 })
    const reader = rawReader(server.url, eventsHead(`ns=${NAMESPACE}&inline=1&client=a`))
    await reader.until(text => text.includes('{"pool":10}'))
    await publish(other, { pool: 20 })
    await reader.until(text => text.includes('{"pool":20}'))
    expect((await ask(server.url, `/v1/${NAMESPACE}/release.json`)).text).toContain('"sequence":2')
    await reader.until(text => text.includes('event: mark'))
  })

  test('two servers on one folder let one of two publishers win, and both show who', async () => {
    const path = await folder()
    const stores = [fileStore(path, { pollIntervalMs: 50 }), fileStore(path, { pollIntervalMs: 50 })]
    onTestFinished(async () => void (await Promise.all(stores.map(store => store.close()))))
    const servers = await Promise.all(stores.map(store => started(store, { write: { token: TOKEN } })))
    const writers = servers.map(({ url }) => httpStore(url, { token: TOKEN }))
    const outcomes = await Promise.allSettled(
      writers.map((writer, index) => publish(writer, { winner: index })),
    )
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const texts = new Set<string>()
    for (const writer of writers) {
      for (let sequence = 0; sequence < 1;) {
        const latest = await writer.latest({ namespace: NAMESPACE }, never)
        if (latest.type !== 'release') continue
        texts.add(new TextDecoder().decode(latest.bytes))
        sequence = 1
      }
    }
    expect(texts.size).toBe(1)
  })
})

test('what is given in place of a store is refused at once, with what to write instead', async () => {
  await expect(serve({ store: memory(), port: 0 } as never)).rejects.toThrow(
    expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining('serve(store, {') }),
  )
})
