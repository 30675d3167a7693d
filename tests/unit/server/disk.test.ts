import { expect, test } from 'vitest'
import { fileStore } from '../../../src/node/index.js'
import { createHandler } from '../../../src/server/index.js'
import { closeLater, temporaryFolder } from '../../support/board-kit.js'
import { failing, interceptedDisk } from '../../support/disks.js'
import { makeRelease, NAMESPACE, publish, TOKEN } from '../../support/server-fixtures.js'

const PLACES = {
  pointer: ['GET', 'release.json'],
  release: ['GET', 'releases/1-9f3a01bc/1.json'],
  schema: ['GET', 'schema.json'],
  history: ['GET', '~history'],
  events: ['GET', `../../~events?ns=${NAMESPACE}`],
  namespaces: ['GET', '../../~namespaces'],
  append: ['POST', '~releases'],
  put: ['PUT', `snapshots/${makeRelease({ a: 1 }).digest}.json`],
  'put the schema': ['PUT', 'schema.json'],
} as const

test.each(['EACCES', 'EROFS', 'ENOSPC', 'EIO'])(
  'a disk that answers %s is told as 503 with the cause on every route, never as a matter of tokens',
  async code => {
    const folder = await temporaryFolder()
    await publish(closeLater(fileStore(folder)), { pool: 1 })
    const lines: string[] = []
    const log = (message: string, details?: object): void => {
      lines.push(`${message} ${JSON.stringify(details)}`)
    }
    const fs = interceptedDisk(() => failing(code))
    const store = closeLater(fileStore(folder, { fs }))
    const handler = createHandler(store, {
      write: { token: TOKEN },
      logger: { debug() {}, info() {}, warn: log, error: log },
    })
    const told: Record<string, unknown> = {}
    for (const [name, [method, path]] of Object.entries(PLACES)) {
      const { release, snapshot, bytes } = makeRelease({ a: 1 })
      const body = {
        append: JSON.stringify({ release: new TextDecoder().decode(bytes) }),
        put: snapshot,
        'put the schema': '{}',
      }[name]
      const request = new Request(new URL(path, `http://board/v1/${release.namespace}/`), {
        method,
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body }),
      })
      const answer = await handler.fetch(request)
      const { error } = (await answer.json()) as { error: { code: string; message: string } }
      expect(error.message, name).toMatch(new RegExp(`\\(${code}\\)$`))
      told[name] = [answer.status, error.code, answer.headers.get('www-authenticate')]
    }
    expect(told).toEqual(
      Object.fromEntries(Object.keys(PLACES).map(name => [name, [503, 'unavailable', null]])),
    )
    // The operator hears of it once a minute for each place, whatever was asked.
    expect(lines.join('\n')).toContain(`(${code})`)
    const before = lines.length
    for (let more = 0; more < 50; more += 1)
      await handler.fetch(new Request(`http://board/v1/${NAMESPACE}/release.json`))
    expect(lines.length).toBe(before)
    await handler.close()
  },
)
