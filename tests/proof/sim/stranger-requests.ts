import { formatPosition, type Position } from '../../../src/contracts/position.js'
import { FRIEND } from './configuration.js'
import type { Dice } from '../../../src/sim/dice.js'

/** One thing that a stranger sends. */
export interface StrangeRequest {
  readonly method: string
  /** Below the base address. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  /** Reads nothing of the answer. */
  readonly stalled?: boolean
}

/** What strangers may know of a board. */
export interface Known {
  readonly namespace: string
  readonly other: string
  readonly position: Position | undefined
  readonly digest: string
  readonly writeToken: string
}

const JSON_TYPE = { 'content-type': 'application/json' }
const HEX = '0123456789abcdef'.repeat(4)

/**
 * Draws what strangers send: routes that there are and that there are not, bodies of every kind,
 * headers that lie.
 */
export function drawRequest(dice: Dice, known: Known): StrangeRequest {
  const { namespace, other, digest, writeToken } = known
  const at = known.position ?? { epoch: '1-00000000', sequence: 1 }
  const v1 = `v1/${namespace}`
  const post = (leaf: string, body: StrangeRequest['body'], headers = {}): StrangeRequest => ({
    method: 'POST', path: `${v1}/${leaf}`, headers: { ...JSON_TYPE, ...headers }, body: body as string,
  }) // prettier-ignore
  const put = (leaf: string, body: StrangeRequest['body'], headers = {}): StrangeRequest => ({
    ...post(leaf, body, headers),
    method: 'PUT',
  })
  const get = (path: string, headers = {}): StrangeRequest => ({ method: 'GET', path, headers })
  const bearer = { authorization: `Bearer ${writeToken}` }
  const events = (query: string, headers = {}): StrangeRequest => get(`v1/~events?${query}`, headers)
  const watched = `ns=${encodeURIComponent(namespace)}`
  const readerOf = `${watched}&inline=1&client=stranger`

  return dice.pick<() => StrangeRequest>([
    // Routes that there are not.
    () => get(dice.pick(['', 'v1', 'v2/x', 'v1/release.json', 'v1/%2e%2e/release.json', 'v1/Shop/release.json', `v1/${'a/'.repeat(5)}release.json`, `${v1}/other.txt`, `${v1}/snapshots/1.json`, `${v1}/snapshots/${'z'.repeat(64)}.json`, `${v1}/releases/one/1.json`, `${v1}/releases/1-00000000/01.json`, `${v1}/releases/${at.epoch}/9999999999999999.json`, 'v1/Shop/snapshots/x.json', `v1/Shop/releases/${at.epoch}/1.json`, 'v1/x.json'])),
    () => ({ method: dice.pick(['DELETE', 'PATCH', 'POST', 'PUT']), path: `${v1}/release.json` }),
    () => ({ method: 'DELETE', path: `${v1}/schema.json` }),
    () => ({ method: 'HEAD', path: dice.pick([`${v1}/release.json`, `${v1}/schema.json`, `v1/~events?${watched}`, `${v1}/snapshots/${digest}.json`]) }),
    () => ({ method: 'HEAD', path: `${v1}/~history`, headers: bearer }),
    // Browsers of other pages.
    () => ({ method: 'OPTIONS', path: `${v1}/release.json`, headers: { origin: dice.pick([FRIEND, 'https://elsewhere.test']), 'access-control-request-headers': dice.pick(['x-proxy, x-more', 'no header!']) } }),
    () => ({ method: 'OPTIONS', path: `${v1}/release.json` }),
    () => get(`${v1}/release.json`, { origin: dice.pick([FRIEND, 'https://elsewhere.test']) }),
    () => post('~reports', '{"reports":[]}', { origin: dice.pick([FRIEND, 'https://elsewhere.test', 'http://board.test']) }),
    () => get(`${v1}/release.json`, { host: dice.pick(['elsewhere.test', '127.0.0.1:80', '[::1]:8420', 'board.internal:8420', 'BOARD.test']) }),
    // What is kept at readers.
    () => get(`${v1}/release.json`, { 'if-none-match': dice.pick(['*', '"bad"', 'bad', 'W/"x", *', '"a", "b"', '']) }),
    () => get(`${v1}/releases/${at.epoch}/${at.sequence}.json`),
    () => get(`${v1}/releases/${at.epoch}/${dice.between(1, at.sequence + 2)}.json`),
    () => get(`${v1}/releases/9-0badf00d/1.json`),
    () => get(`${v1}/snapshots/${dice.pick([digest, HEX])}.json`),
    () => get(dice.pick([`${v1}/schema.json`, `v1/${other}/schema.json`, `v1/${other}/release.json`])),
    // Tokens.
    () => get(dice.pick(['v1/~namespaces', `${v1}/~reports`, `${v1}/~history`]), dice.pick([{}, { authorization: 'Bearer an-old-one' }, { authorization: 'Basic eA==' }, { authorization: 'Bearer' }])),
    () => get(dice.pick(['v1/~namespaces', `${v1}/~reports`, `v1/${other}/~reports`]), bearer),
    () => get(`${v1}/~history?limit=${dice.pick(['1', '2', '0', '-1', 'all', '99999999999'])}`, bearer),
    () => put(`snapshots/${digest}.json`, '{}', { authorization: 'Bearer an-old-one' }),
    // Bodies.
    () => put(`snapshots/${HEX}.json`, dice.pick(['{}', '{ "b": 1 }', '']), bearer),
    () => put('schema.json', dice.pick(['[]', '{"type":', '7', '\u0000']), bearer),
    () => put(`snapshots/${HEX}.json`, 'x', { ...bearer, 'content-length': '99999999' }),
    () => put(`snapshots/${HEX}.json`, 'half', { ...bearer, 'content-length': '8' }),
    () => put(`snapshots/${HEX}.json`, broken(), bearer),
    () => post('~releases', dice.pick(['{}', '[]', '{"release":7}', '{"release":"{}"}', 'no JSON', '{"release":"{}","release":"{}"}']), bearer),
    () => post('~releases', new Uint8Array(dice.pick([10, 90_000])), bearer),
    () => post('~releases', '{}', { ...bearer, 'content-type': dice.pick(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8']) }),
    () => post('~releases', '{}', { ...bearer, 'content-encoding': dice.pick(['gzip', 'identity', '']) }),
    () => post('~releases', JSON.stringify({ release: releaseText(at, namespace, HEX) }), bearer),
    () => post('~releases', JSON.stringify({ release: releaseText(at, namespace, digest), urgent: true }), bearer),
    () => post('~releases', JSON.stringify({ release: releaseText(at, other, HEX) }), bearer),
    () => post('~releases', JSON.stringify({ release: releaseText(at, namespace, digest), audit: 'a'.repeat(5_000) }), bearer),
    () => post('~reports', dice.pick(['{"reports":7}', '{"reports":[{}]}', `{"reports":[${'1,'.repeat(120)}1]}`, '[]', '{"reports":[{"v":2},{"v":1}]}'])),
    () => post('~reports', JSON.stringify({ reports: Array.from({ length: dice.between(1, 4) }, () => reportOf(dice, namespace)) })),
    () => post('~reports', JSON.stringify({ reports: [reportOf(dice, other)] })),
    () => post('~reports', JSON.stringify({ reports: [reportOf(dice, namespace)] }), bearer),
    // Streams.
    () => events(dice.pick(['', 'ns=', 'ns=Shop', 'ns=a%2F..', Array.from({ length: 65 }, (_, index) => `ns=n${index}`).join('&'), 'heartbeat=1'])),
    () => events(`${watched}&inline=1&${dice.pick(['client=a&client=b', 'client=%00', 'client=a&label=x', 'client=a&label=%3Dx', 'client=a&label=a%3Db&label=a%3Dc', 'client=a&have=x', 'client=a&have=shop%3Dx', `client=a&${Array.from({ length: 65 }, (_, index) => `label=l${index}%3Dx`).join('&')}`])}`),
    () => events(`${watched}&ns=${encodeURIComponent(other)}&ns=not/mine`, bearer),
    () => events(`${readerOf}&have=${encodeURIComponent(`${namespace}=${digest}`)}&label=region%3Deu`, { 'last-event-id': formatPosition(at) }),
    () => events(readerOf, bearer),
    () => ({ ...events(`ns=${encodeURIComponent(other)}&inline=1&client=${dice.pick(['a', 'b'])}`, bearer), stalled: true }),
    () => ({ ...events(`ns=${encodeURIComponent(other)}&${readerOf}`), stalled: true }),
  ])() // prettier-ignore
}

/** A body that ends in the middle, because whoever sent it was cut off. */
function broken(): ReadableStream<Uint8Array> {
  let sent = false
  return new ReadableStream({
    pull(controller) {
      if (sent) controller.error(new TypeError('terminated'))
      else controller.enqueue(new Uint8Array(10).fill(49))
      sent = true
    },
  })
}

/** A release that says all it has to, and names what is not there or has another length. */
function releaseText({ epoch, sequence }: Position, namespace: string, digest: string): string {
  const stable = { variants: [{ bytes: 1, digest }], version: sequence + 1 }
  return JSON.stringify({
    release: {
      cause: 'publish',
      epoch,
      issuedAt: '2026-11-21T09:30:00.000Z',
      namespace,
      prev: null,
      sequence: sequence + 1,
      stable,
      v: 1,
    },
    signatures: [],
  })
}

function reportOf(dice: Dice, namespace: string): object {
  return {
    v: 1,
    namespace,
    clientId: 'stranger',
    instanceId: `stranger-${dice.between(1, 4)}-0000000000000000`,
    ephemeral: true,
    labels: {},
    strategy: 'pull',
    count: dice.between(1, 5),
    phase: dice.pick(['waiting', 'stopped']),
    protection: 'none',
    lookMs: 30_000,
    upMs: 0,
    sinceMs: 0,
    nextReportWithinMs: 1_000,
  }
}
