import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Store } from '../../../src/contracts/transport.js'
import { serve, type Server } from '../../../src/server/index.js'
import { memory, type MemoryStore } from '../../../src/transports/memory.js'
import { atEachStep, meanwhile, type Stage } from '../../support/at-each-step.js'
import { NAMESPACE, publish, temporaryFolder } from '../../support/board-kit.js'
import { failing, failingAs } from '../../support/failures.js'
import { rawReader, type RawReader } from '../../support/asking.js'
import type { Steps } from '../../support/steps.js'

const TENANT = 'billing/prod'
const HANGS = 'a call that hangs until the server ends'
const AT_ONCE = { drainMs: 0, graceMs: 20 }

/** What a reader asks over a socket, and how its answer begins. */
const ASKED: Readonly<Record<string, { readonly path: string; readonly begins: RegExp }>> = {
  'a request': { path: `/v1/${NAMESPACE}/release.json`, begins: /^HTTP\/1.1 (200|403|404|500|503) / },
  'a stream': { path: `/v1/~events?ns=${NAMESPACE}`, begins: /^HTTP\/1.1 (200|403|404|500|503) / },
  'a log': { path: `/v1/${NAMESPACE}/~history`, begins: /^HTTP\/1.1 (200|403|404|500|503) / },
}

interface Scene extends Stage<string> {
  readonly server: () => Server | undefined
  readonly reader: () => RawReader | undefined
  readonly store: MemoryStore
  readonly askElsewhere: () => Promise<unknown>
}

/** Sockets and servers that this process holds. */
function handles(): readonly string[] {
  return process.getActiveResourcesInfo().filter(name => name.startsWith('TCP'))
}

async function open(steps: Steps, name: string): Promise<Scene> {
  const { path, begins } = ASKED[name] as (typeof ASKED)[string]
  const store = memory()
  await publish(store, { size: 1 })
  await publish(store, { size: 1 }, { namespace: TENANT })
  const folder = await temporaryFolder()
  const tokenFile = join(folder, 'token')
  const before = handles()
  let server: Server | undefined
  let reader: RawReader | undefined
  const ask = (asked: string): RawReader => {
    if (server === undefined) throw new Error('nothing listens yet')
    const authorization = `Authorization: Bearer ${server.token}`
    return rawReader(server.url, `GET ${asked} HTTP/1.1\r\nHost: 127.0.0.1\r\n${authorization}\r\n\r\n`)
  }

  return {
    server: () => server,
    reader: () => reader,
    store,
    async askElsewhere() {
      const other = ask(`/v1/${TENANT}/release.json`)
      await other.until(text => text.length > 0)
      other.socket.destroy()
    },
    async run() {
      server = await serve(steps.around<Store>('store', store), { tokenFile })
      reader = ask(path)
      return reader.until(text => begins.test(text))
    },
    async judge(end, happened) {
      if (server === undefined) throw new Error('it did not start', { cause: end.ok ? undefined : end.error })
      const isClosed = happened === HANGS || happened.includes('close')
      if (!end.ok && !isClosed && happened !== 'the reader goes')
        throw new Error('it was not answered', { cause: end.error })
      if (end.ok && happened === 'nothing') expect(end.result).toMatch(/^HTTP\/1.1 200 /)
      const { port, token } = server
      if (!isClosed) {
        // The next is answered as if nothing had been.
        const next = ask(path)
        expect(await next.until(text => begins.test(text))).toMatch(/^HTTP\/1.1 200 /)
        next.socket.destroy()
      }
      await Promise.all([server.close(AT_ONCE), server.close(AT_ONCE)])
      expect(server.handler.connections).toBe(0)
      // Its place is free, and its token is the next one's.
      const again = await serve(store, { tokenFile, port })
      expect(again.token).toBe(token)
      await again.close(AT_ONCE)
      reader?.socket.destroy()
      await expect.poll(handles, { interval: 5 }).toEqual(before)
    },
    async end() {
      reader?.socket.destroy()
      await server?.close(AT_ONCE)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

for (const name of Object.keys(ASKED))
  atEachStep<string, Scene>({
    name: `serve(): ${name}`,
    leastSteps: 2,
    open: steps => open(steps, name),
    happenings: {
      'a loss': failing('unavailable'),
      'a failure': failingAs('EIO'),
      'a refusal': failing('forbidden'),
      [HANGS]: ({ server }) =>
        new Promise((_resolve, reject) => {
          void server()
            ?.close(AT_ONCE)
            .then(() => reject(new NoticeboardError('unavailable', 'the server ended')))
        }),
      'a close': meanwhile(({ server }) => server()?.close(AT_ONCE)),
      'a close, and another': meanwhile(async ({ server }) => {
        await Promise.all([server()?.close(AT_ONCE), server()?.close(AT_ONCE)])
      }),
      'the reader goes': meanwhile(({ reader }) => reader()?.socket.destroy()),
      'a newer release': meanwhile(({ store }) => publish(store, { size: 5 })),
      "another tenant's question": meanwhile(({ askElsewhere }) => askElsewhere()),
    },
  })
