import type { Dice } from './dice.js'

/**
 * What a proxy or a server of another kind answers that does not know the board, at an instant of
 * the world's clock.
 */
export function grumpyAnswer(dice: Dice, nowMs: number): Response | 'redirect' {
  const told = (status: number, code: string, headers: Record<string, string> = {}): Response =>
    new Response(JSON.stringify({ error: { code, message: 'not\nnow' } }), {
      status,
      headers: { 'content-type': 'application/json', ...headers },
    })
  const page = (status: number, headers: Record<string, string> = {}): Response =>
    new Response('<html>no</html>', { status, headers: { 'content-type': 'text/html', ...headers } })
  return dice.pick([
    () => 'redirect' as const,
    () => told(401, 'unauthorized'),
    () => page(403),
    () => told(429, 'rate-limited', { 'retry-after': '2' }),
    () => page(503, { date: dateOf(nowMs), 'retry-after': dateOf(nowMs + 3_000) }),
    () => page(503, { 'retry-after': 'soon' }),
    () => page(500),
    () => page(408),
    () => page(405),
    () => told(413, 'too-large'),
    () => told(400, 'invalid-data'),
    () => told(400, 'never-heard-of'),
    () => new Response('{"error":{"code":1}}', { status: 409 }),
    () => new Response('x'.repeat(20_000), { status: 502 }),
    () => new Response(null, { status: 302, headers: { location: 'http://login.test/' } }),
    () => new Response(null, { status: 304 }),
  ])()
}

const dateOf = (ms: number): string => new Date(ms).toUTCString()

const encoder = new TextEncoder()

/** What an event stream may hold beside its events, and what it may not. */
const NOISE: readonly string[] = [
  ': a comment\n\n',
  'id: 5\nretry: 10\nevent\n\n',
  'event: surprise\ndata: of another version\n\n',
  'data\n\n',
  'dat: x\ndatabase: x\n\n',
  'event: alive\ndata: nonsense\n\n',
  'event: alive\ndata: {"heartbeatMs":-1}\n\n',
  'event: release\ndata: elsewhere/prod\ndata: {}\n\n',
  'event: mark\ndata: elsewhere/prod\ndata: {}\n\n',
  'event: release\ndata: alone\n\n',
  'event: mark\ndata: alone\n\n',
  'event: release\ndata: elsewhere/prod\ndata: {}\ndata: no digest\n\n',
  'event: goodbye\ndata: {"delayMs":"late"}\n\n',
  'event: goodbye\ndata: {"delayMs":700}\n\n',
]

/**
 * A chunk of whole events as a proxy passes it on that knows the standard and its corners, or that
 * does not.
 */
export function noisy(chunk: Uint8Array, { dice, first, maxLineBytes }: Noisy): Uint8Array {
  const before = first && dice.chance(0.3) ? '\uFEFF' : ''
  const noise = dice.chance(0.4)
    ? dice.chance(0.1)
      ? `data: ${'x'.repeat(maxLineBytes)}\n\n`
      : dice.chance(0.05)
        ? `event: surprise\n${`data: ${'x'.repeat(maxLineBytes >> 2)}\n`.repeat(8)}\n`
        : dice.pick(NOISE)
    : ''
  const text = `${before}${noise}${new TextDecoder().decode(chunk)}`
  const end = dice.pick(['\n', '\r\n', '\r'])
  return encoder.encode(end === '\n' ? text : text.replaceAll('\n', end))
}

interface Noisy {
  readonly dice: Dice
  /** Whether the stream begins with it. */
  readonly first: boolean
  /** What no reader of the simulation takes. */
  readonly maxLineBytes: number
}
