import { describe, expect, onTestFinished, test } from 'vitest'
import type { Scope, TokenSource } from '../../../../src/contracts/access.js'
import { SCOPES } from '../../../../src/core/access/scopes.js'
import { createHandler, type HandlerOptions } from '../../../../src/server/index.js'
import { virtualClock, type VirtualClock } from '../../../../src/sim/virtual-clock.js'
import { memory } from '../../../../src/transports/memory.js'
import { reportOf } from '../../../support/report-of.js'
import { makeRelease, NAMESPACE, publish, type Published } from '../../../support/server-fixtures.js'
import { tokenBox, type TokenBox } from '../../../support/tokens.js'

const START_MS = Date.parse('2026-06-01T00:00:00.000Z')

interface Board {
  readonly clock: VirtualClock
  readonly box: TokenBox
  readonly logged: [message: string, details: Readonly<Record<string, unknown>>][]
  readonly first: Published
  /** Asks, and gives the status and the body of the answer. */
  ask(line: string, token?: string, body?: string, headers?: Record<string, string>): Promise<Response>
}

async function board(options: HandlerOptions = {}): Promise<Board> {
  const clock = virtualClock({ startMs: START_MS })
  const box = tokenBox()
  const store = memory()
  const first = await publish(store, { pool: 1 })
  await publish(store, { pool: 1 }, 'billing/prod')
  const logged: Board['logged'] = []
  const log = (message: string, details = {}): void => void logged.push([message, details])
  const handler = createHandler(store, {
    tokens: box,
    system: { clock },
    logger: { debug() {}, info() {}, warn: log, error: log },
    ...options,
  })
  onTestFinished(() => handler.close({ drainMs: 0 }))
  return {
    clock,
    box,
    logged,
    first,
    ask(line, token, body, headers = {}) {
      const [method = '', path = ''] = line.split(' ')
      return handler.fetch(
        new Request(`http://board.test/v1/${path}`, {
          method,
          ...(body !== undefined && { body }),
          headers: {
            ...(body !== undefined && { 'content-type': 'application/json' }),
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
            ...headers,
          },
        }),
      )
    },
  }
}

const SECOND = makeRelease({ pool: 2 })
const snapshotPath = `${NAMESPACE}/snapshots/${SECOND.digest}.json`
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** Every route, and what of it is asked. */
const REQUESTS: Readonly<Record<string, (at: Board) => { readonly line: string; readonly body?: string }>> = {
  'the newest release': () => ({ line: `GET ${NAMESPACE}/release.json` }),
  'a release': () => ({ line: `GET ${NAMESPACE}/releases/1-9f3a01bc/1.json` }),
  'a snapshot': ({ first }) => ({ line: `GET ${NAMESPACE}/snapshots/${first.digest}.json` }),
  'a report': () => ({
    line: `POST ${NAMESPACE}/~reports`,
    body: JSON.stringify({ reports: [reportOf({ namespace: NAMESPACE, instanceId: 'i1' })] }),
  }),
  'the history': () => ({ line: `GET ${NAMESPACE}/~history` }),
  'the reports': () => ({ line: `GET ${NAMESPACE}/~reports` }),
  'the namespaces': () => ({ line: 'GET ~namespaces' }),
  'a snapshot that is put': () => ({ line: `PUT ${snapshotPath}`, body: text(SECOND.snapshot) }),
  'an urgent snapshot': () => ({ line: `PUT ${snapshotPath}?urgent=1`, body: text(SECOND.snapshot) }),
  'the schema that is put': () => ({ line: `PUT ${NAMESPACE}/schema.json`, body: '{}' }),
  // Of what it holds the store says more; who may not append hears nothing of that.
  'a release that is none': () => ({ line: `POST ${NAMESPACE}/~releases`, body: '{}' }),
}

const READS = ['the newest release', 'a release', 'a snapshot']
const INSPECTS = [...READS, 'the history', 'the reports', 'the namespaces']

/**
 * What each scope lets in on a server where reading and reporting want tokens. Written by hand, and
 * not taken from the code.
 */
const LETS_IN: Readonly<Record<Scope, readonly string[]>> = {
  read: READS,
  report: ['a report'],
  inspect: INSPECTS,
  'publish-staged': [...INSPECTS, 'a snapshot that is put', 'a release that is none'],
  revert: [...INSPECTS, 'a release that is none'],
  control: [...INSPECTS, 'a report', 'a release that is none'],
  admin: Object.keys(REQUESTS),
}

describe.each(SCOPES)('a token with %s', scope => {
  const passes = async (at: Board, namespaces: readonly string[]): Promise<readonly string[]> => {
    const token = at.box.give({ name: 'somebody', scopes: [scope], namespaces })
    const passed: string[] = []
    for (const [what, request] of Object.entries(REQUESTS)) {
      const { line, body } = request(at)
      const { status } = await at.ask(line, token, body)
      if (status !== 403) passed.push(what)
      expect([what, status]).not.toEqual([what, 401])
      expect([what, status]).not.toEqual([what, 404])
    }
    return passed
  }

  test('is let in where it may, and nowhere else', async () => {
    const at = await board({ requireToken: ['read', 'report'] })
    expect(await passes(at, ['checkout/*'])).toEqual(
      Object.keys(REQUESTS).filter(what => LETS_IN[scope].includes(what)),
    )
  })

  test('does nothing in the namespaces of others', async () => {
    const at = await board({ requireToken: ['read', 'report'] })
    // The names of namespaces are asked of no namespace, and hold none of these.
    expect((await passes(at, ['billing/**'])).filter(what => what !== 'the namespaces')).toEqual([])
  })
})

test('without a token nobody is let in where one is wanted, and with a wrong one neither', async () => {
  const at = await board({ requireToken: ['read', 'report'] })
  const good = at.box.give({ name: 'ci', scopes: ['admin'], namespaces: ['**'] })
  const forged = good.replace(/.$/, last => (last === '0' ? '1' : '0'))
  for (const request of Object.values(REQUESTS)) {
    const { line, body } = request(at)
    expect((await at.ask(line, undefined, body)).status).toBe(401)
    expect((await at.ask(line, forged, body)).status).toBe(401)
    expect((await at.ask(line, 'nb_nobody_00', body)).status).toBe(401)
  }
})

test('reading and reporting want no token unless the server says so', async () => {
  const at = await board()
  const open = [...READS, 'a report']
  for (const [what, request] of Object.entries(REQUESTS)) {
    const { line, body } = request(at)
    const { status } = await at.ask(line, undefined, body)
    expect([what, status < 300]).toEqual([what, open.includes(what)])
  }
})

test('a server that only reads has no routes for writing, whatever a token may do', async () => {
  const at = await board({ write: false })
  const token = at.box.give({ name: 'ci', scopes: ['admin'], namespaces: ['**'] })
  for (const what of ['a snapshot that is put', 'the schema that is put', 'a release that is none']) {
    const { line, body } = REQUESTS[what]!(at)
    expect((await at.ask(line, token, body)).status).toBe(404)
  }
})

test('the names of namespaces are those that a token may inspect', async () => {
  const at = await board()
  const names = async (token: string): Promise<unknown> => (await at.ask('GET ~namespaces', token)).json()
  const all = at.box.give({ name: 'all', scopes: ['inspect'], namespaces: ['**'] })
  const one = at.box.give({ name: 'one', scopes: ['revert'], namespaces: ['billing/*'] })
  expect(await names(all)).toEqual({ namespaces: ['billing/prod', 'checkout/prod'] })
  expect(await names(one)).toEqual({ namespaces: ['billing/prod'] })
})

test('what was read with a token is for no cache in between', async () => {
  const open = await board()
  const path = `GET ${NAMESPACE}/snapshots/${open.first.digest}.json`
  expect((await open.ask(path)).headers.get('cache-control')).toMatch(/^public, /)
  const closed = await board({ requireToken: ['read'] })
  const token = closed.box.give({ name: 'web', scopes: ['read'], namespaces: ['**'] })
  for (const what of READS) {
    const caching = (await closed.ask(REQUESTS[what]!(closed).line, token)).headers.get('cache-control')
    expect([what, caching]).toEqual([what, expect.not.stringContaining('public')])
  }
})

test('a token ends when it expires', async () => {
  const at = await board()
  const expiresAt = new Date(START_MS + 60_000).toISOString()
  const token = at.box.give({ name: 'ci', scopes: ['inspect'], namespaces: ['**'], expiresAt })
  const status = async (): Promise<number> => (await at.ask(`GET ${NAMESPACE}/~history`, token)).status
  expect(await status()).toBe(200)
  await at.clock.advance(59_999)
  expect(await status()).toBe(200)
  await at.clock.advance(1)
  expect(await status()).toBe(401)
})

test('a token that is revoked ends within two seconds, and one that is made is known within two', async () => {
  const at = await board()
  const token = at.box.give({ name: 'ci', scopes: ['inspect'], namespaces: ['**'] })
  const status = async (one: string): Promise<number> =>
    (await at.ask(`GET ${NAMESPACE}/~history`, one)).status
  expect(await status(token)).toBe(200)
  at.box.revoke('ci')
  const other = at.box.give({ name: 'ci2', scopes: ['inspect'], namespaces: ['**'] })
  await at.clock.advance(2_000)
  expect([await status(token), await status(other)]).toEqual([401, 200])
  // The same name again is another token.
  const again = at.box.give({ name: 'ci', scopes: ['inspect'], namespaces: ['**'] })
  await at.clock.advance(2_000)
  expect([await status(token), await status(again)]).toEqual([401, 200])
})

describe('a stream', () => {
  const listen = async (at: Board, token: string, query: string) => {
    const answer = await at.ask(`GET ~events?${query}`, token)
    const reader = answer.body!.getReader()
    onTestFinished(() => reader.cancel())
    let text = ''
    let ended = false
    const reading = (async () => {
      for (let next = await reader.read(); !next.done; next = await reader.read())
        text += new TextDecoder().decode(next.value)
      ended = true
    })()
    reading.catch(() => {})
    return { text: () => text, ended: () => ended }
  }

  test.each(['revoked', 'expired'])('ends when the token that opened it is %s, and no other', async how => {
    const at = await board({ requireToken: ['read'] })
    const expiresAt = new Date(START_MS + 30_000).toISOString()
    const gone = at.box.give({
      name: 'gone',
      scopes: ['read'],
      namespaces: ['**'],
      ...(how === 'expired' && { expiresAt }),
    })
    const stays = at.box.give({ name: 'stays', scopes: ['read'], namespaces: ['**'] })
    const [first, second] = [
      await listen(at, gone, `ns=${NAMESPACE}`),
      await listen(at, stays, `ns=${NAMESPACE}`),
    ]
    await at.clock.advance(10_000)
    expect([first.ended(), second.ended()]).toEqual([false, false])
    if (how === 'revoked') at.box.revoke('gone')
    await at.clock.advance(22_000)
    expect(first.text()).toContain('event: goodbye')
    expect([first.ended(), second.ended()]).toEqual([true, false])
    expect((await at.ask(`GET ~events?ns=${NAMESPACE}`, gone)).status).toBe(401)
  })

  test('stays while its token is the same, whatever is granted to it by now', async () => {
    const box = tokenBox()
    let scopes: readonly Scope[] = ['read']
    const tokens: TokenSource = {
      tokens: async signal => (await box.tokens(signal)).map(record => ({ ...record, scopes })),
    }
    const at = await board({ requireToken: ['read'], tokens })
    const token = box.give({ name: 'web', scopes: ['read'], namespaces: ['**'] })
    const { ended } = await listen(at, token, `ns=${NAMESPACE}`)
    scopes = ['read', 'report']
    await at.clock.advance(22_000)
    scopes = ['inspect']
    await at.clock.advance(22_000)
    expect(ended()).toBe(false)
  })

  test('ends when another token has the name of the one that opened it', async () => {
    const at = await board({ requireToken: ['read'] })
    const web = { name: 'web', scopes: ['read'], namespaces: ['**'] } as const
    const { ended } = await listen(at, at.box.give(web), `ns=${NAMESPACE}`)
    await at.clock.advance(2_000)
    at.box.give(web)
    await at.clock.advance(22_000)
    expect(ended()).toBe(true)
  })

  test('brings nothing of a namespace that is not for its reader', async () => {
    const at = await board({ requireToken: ['read'] })
    const token = at.box.give({ name: 'web', scopes: ['read'], namespaces: ['checkout/*'] })
    const { text } = await listen(at, token, `ns=${NAMESPACE}&ns=billing/prod&ns=nothing/here`)
    await at.clock.advance(20_000)
    expect(text()).toContain('data: checkout/prod')
    expect(text()).not.toContain('billing')
  })
})

describe('reports', () => {
  const report = (clientId: string, role?: object): string =>
    JSON.stringify({
      reports: [
        reportOf({
          namespace: NAMESPACE,
          instanceId: `i-${clientId}`,
          clientId,
          ...(role && { role: role as never }),
        }),
      ],
    })
  const heard = async (at: Board): Promise<readonly string[]> => {
    const token = at.box.give({ name: 'eyes', scopes: ['inspect'], namespaces: ['**'] })
    await at.clock.advance(2_000)
    const { reports } = (await (await at.ask(`GET ${NAMESPACE}/~reports`, token)).json()) as {
      reports: readonly { readonly clientId: string }[]
    }
    return reports.map(({ clientId }) => clientId).toSorted()
  }

  test('of a token that is bound to clients are believed of those alone', async () => {
    const at = await board({ requireToken: ['report'] })
    const bound = { scopes: ['report'], namespaces: ['**'] } as const
    const one = at.box.give({ name: 'web-17', ...bound, clients: ['web-17'] })
    const many = at.box.give({ name: 'jobs', ...bound, clients: ['job-*'] })
    for (const client of ['web-17', 'web-18', 'web-170', 'job-1']) {
      expect((await at.ask(`POST ${NAMESPACE}/~reports`, one, report(client))).status).toBe(204)
    }
    for (const client of ['job-2', 'web-1']) await at.ask(`POST ${NAMESPACE}/~reports`, many, report(client))
    expect((await at.ask(`POST ${NAMESPACE}/~reports`, undefined, report('stranger'))).status).toBe(401)
    expect(await heard(at)).toEqual(['job-2', 'web-17'])
  })

  test('are marked where a token names their client in full, which no sender can do himself', async () => {
    const at = await board()
    const grant = { scopes: ['report'], namespaces: ['**'] } as const
    const one = at.box.give({ name: 'web-17', ...grant, clients: ['web-17', 'job-*'] })
    const all = at.box.give({ name: 'all', ...grant })
    const claim = (clientId: string): string => report(clientId).replace('{"v":1', '{"bound":true,"v":1')
    const path = `POST ${NAMESPACE}/~reports`
    for (const client of ['web-17', 'job-2']) await at.ask(path, one, claim(client))
    await at.ask(path, all, claim('web-1'))
    await at.ask(path, undefined, claim('web-2'))
    const token = at.box.give({ name: 'eyes', scopes: ['inspect'], namespaces: ['**'] })
    await at.clock.advance(2_000)
    const { reports } = (await (await at.ask(`GET ${NAMESPACE}/~reports`, token)).json()) as {
      reports: readonly { readonly clientId: string; readonly bound?: true }[]
    }
    expect(reports).toHaveLength(4)
    expect(reports.filter(({ bound }) => bound).map(({ clientId }) => clientId)).toEqual(['web-17'])
  })

  test('of anybody are believed where no token is wanted', async () => {
    const at = await board()
    await at.ask(`POST ${NAMESPACE}/~reports`, undefined, report('stranger'))
    expect(await heard(at)).toEqual(['stranger'])
  })

  test('of a controller are believed with the scope control, and no other', async () => {
    const at = await board()
    const role = { type: 'controller', policies: ['staged@1'], gates: [] }
    for (const scope of ['report', 'publish-staged', 'revert', 'control'] as const) {
      const token = at.box.give({ name: scope, scopes: [scope], namespaces: ['**'] })
      await at.clock.advance(2_000)
      await at.ask(`POST ${NAMESPACE}/~reports`, token, report(`by-${scope}`, role))
    }
    expect(await heard(at)).toEqual(['by-control'])
  })
})

describe('a token whose author is fixed', () => {
  test.each([
    ['its own', '{"author":"ada"}', 400],
    ['another', '{"author":"bob"}', 403],
    ['none', '{}', 403],
  ])('is refused or taken by the author of the record: %s', async (_, audit, status) => {
    const at = await board()
    const token = at.box.give({ name: 'ada', scopes: ['admin'], namespaces: ['**'], author: 'ada' })
    // Its snapshot is not here, which is what it is refused for once its author is.
    const { bytes } = makeRelease({ pool: 3 }, { sequence: 2 })
    const body = JSON.stringify({ release: text(bytes), audit })
    const answer = await at.ask(`POST ${NAMESPACE}/~releases`, token, body)
    expect(answer.status).toBe(status)
  })
})

test('tokens that cannot be read are told as such, and take nothing away that was known', async () => {
  const at = await board()
  const token = at.box.give({ name: 'ci', scopes: ['inspect'], namespaces: ['**'] })
  at.box.isReadable = false
  const status = async (): Promise<number> => (await at.ask(`GET ${NAMESPACE}/~history`, token)).status
  expect(await status()).toBe(503)
  expect((await at.ask(`GET ${NAMESPACE}/release.json`)).status).toBe(200)
  expect(at.logged).toContainEqual([
    'the tokens cannot be read, so none is known to be revoked',
    expect.objectContaining({ code: 'unavailable' }),
  ])
  at.box.isReadable = true
  await at.clock.advance(2_000)
  expect(await status()).toBe(200)
  at.box.isReadable = false
  await at.clock.advance(10_000)
  expect(await status()).toBe(200)
})

test('refusals are told at once, and then once a minute with their number, and never what was sent', async () => {
  const at = await board()
  for (let time = 0; time < 500; time += 1) await at.ask(`GET ${NAMESPACE}/~history`, `nb_guess_${time}`)
  const told = (): readonly unknown[] => at.logged.filter(([message]) => message.endsWith('were refused'))
  expect(told()).toHaveLength(1)
  await at.clock.advance(60_000)
  expect(told()).toEqual([
    ['requests of unknown were refused', { address: 'unknown', times: 1, status: 401 }],
    ['requests of unknown were refused', { address: 'unknown', times: 499, status: 401 }],
  ])
  await at.clock.advance(600_000)
  expect(told()).toHaveLength(2)
  const token = at.box.give({ name: 'web', scopes: ['read'], namespaces: ['**'] })
  await at.clock.advance(2_000)
  await at.ask(`GET ${NAMESPACE}/~history`, token)
  expect(told().at(-1)).toEqual([
    'requests of unknown were refused',
    { address: 'unknown', times: 1, status: 403, token: 'web' },
  ])
  expect(JSON.stringify(at.logged)).not.toContain('guess')
})

test('the same answer comes for a namespace of others whether it is there or not', async () => {
  const at = await board({ requireToken: ['read'] })
  const token = at.box.give({ name: 'web', scopes: ['admin'], namespaces: ['checkout/*'] })
  const answers = await Promise.all(
    ['billing/prod', 'nothing/here'].flatMap(namespace =>
      [`GET ${namespace}/release.json`, `GET ${namespace}/~history`].map(async line => {
        const answer = await at.ask(line, token)
        return [answer.status, await answer.text(), [...answer.headers]]
      }),
    ),
  )
  expect(answers.slice(0, 2)).toEqual(answers.slice(2))
  expect(answers[0]?.[0]).toBe(403)
})
