import { NoticeboardError } from '../../../../src/contracts/errors.js'
import { formatPosition } from '../../../../src/contracts/position.js'
import type { Strategy } from '../../../../src/contracts/strategy.js'
import type { Delivery, Latest, WatchTransport } from '../../../../src/contracts/transport.js'
import { createLinkedAbortController, whenAborted } from '../../../../src/async/signals.js'
import { hybrid } from '../../../../src/strategies/hybrid.js'
import { onDemand } from '../../../../src/strategies/on-demand.js'
import { pull } from '../../../../src/strategies/pull.js'
import { push } from '../../../../src/strategies/push.js'
import { memory } from '../../../../src/transports/memory.js'
import { defaultPeriods } from '../../../../src/core/defaults.js'
import { MAX_RETRY_AFTER_MS } from '../../../../src/core/limits.js'
import { publish, sessionOf, type TestSession } from '../../../support/session.js'
import type { Scene, SceneStage } from './scene.js'

/**
 * A fleet that does nothing but follow: each with a transport of its own over one store, all with
 * the default times. What goes wrong goes wrong for all in the same instant, as when a server or a
 * network goes.
 */
export const strategies: Scene = play

const SIZE = 10
const { pollIntervalMs, sweepIntervalMs, timeoutMs, backoff } = defaultPeriods

/** What is wrong with the server. */
type Weather =
  | { readonly type: 'fair' }
  /** Streams end, and nobody gets a new one; questions are answered. */
  | { readonly type: 'no streams'; readonly retryAfterMs: number | undefined }
  /** Nothing is answered, with or without a word of when to come back. */
  | { readonly type: 'down'; readonly retryAfterMs: number | undefined }
  /** Questions are taken and never answered. */
  | { readonly type: 'hanging' }

interface Follower {
  readonly session: TestSession
  readonly asked: { readonly atMs: number; readonly tagged: boolean; readonly what: 'latest' | 'watch' }[]
  /** Until when it was asked to be quiet. */
  quietMs: number
  /** Questions that were not answered yet. */
  waiting: number
  /** The longest that one was left waiting, in milliseconds. */
  longestMs: number
  streams: number
  readonly stop: () => Promise<void>
  readonly breaks: () => void
}

async function play(stage: SceneStage): Promise<void> {
  const { clock, dice, violate, met, note, seed } = stage
  const kind = dice.pick(['pull', 'push', 'push', 'hybrid', 'hybrid', 'on-demand'] as const)
  const heartbeatMs = dice.pick([defaultPeriods.heartbeatMs, 3 * defaultPeriods.heartbeatMs])
  const store = memory({ system: { clock }, heartbeatMs })
  let weather: Weather = { type: 'fair' }
  let sequence = 1
  await publish(store, sequence)

  const begin = (index: number): Follower => {
    const ending = new AbortController()
    const session = sessionOf({
      clock,
      signal: ending.signal,
      clientId: `f-${seed}-${index}`,
      seed: seed * 100 + index,
    })
    const breaks = new Set<() => void>()
    const own = { quietMs: 0, toldMs: 0, waiting: 0, longestMs: 0, streams: 0 }
    const asked: Follower['asked'] = []
    const away = (mostMs?: number): NoticeboardError => {
      // A server names another time to each; the longest of those that were heard holds.
      const retryAfterMs = mostMs === undefined ? undefined : dice.between(mostMs >> 2, mostMs)
      if (retryAfterMs !== undefined) {
        if (clock.monotonic() > own.quietMs) own.toldMs = clock.monotonic()
        own.quietMs = Math.max(own.quietMs, clock.monotonic() + Math.min(retryAfterMs, MAX_RETRY_AFTER_MS))
      }
      return new NoticeboardError('unavailable', 'away', {
        ...(retryAfterMs !== undefined && {
          // Some name a time that nobody lives to see.
          retryAfterMs: retryAfterMs > MAX_RETRY_AFTER_MS ? retryAfterMs * 1e10 : retryAfterMs,
        }),
      })
    }
    const call = (what: 'latest' | 'watch', tagged: boolean): void => {
      const atMs = clock.monotonic()
      // A question and a stream that begin in one instant do not know of each other's failure.
      if (atMs < own.quietMs - 1 && atMs > own.toldMs)
        violate(
          'a-retry-after-is-kept',
          `${kind}: ${what} ${Math.round(own.quietMs - atMs)} ms before the time that a server named`,
        )
      asked.push({ atMs, tagged, what })
    }
    const transport: WatchTransport = {
      name: 'one of many',
      async latest(query, signal): Promise<Latest> {
        call('latest', query.tag !== undefined)
        const sinceMs = clock.monotonic()
        own.waiting += 1
        if (own.waiting > 1) violate('nobody-asks-twice', `${kind} has ${own.waiting} questions open`)
        try {
          if (weather.type === 'hanging') {
            await whenAborted(signal)
            throw away()
          }
          if (weather.type === 'down') throw away(weather.retryAfterMs)
          return await store.latest(query, signal)
        } finally {
          own.waiting -= 1
          own.longestMs = Math.max(own.longestMs, clock.monotonic() - sinceMs)
        }
      },
      next: (query, signal) => store.next(query, signal),
      snapshot: (query, signal) => store.snapshot(query, signal),
      async *watch(query, signal): AsyncGenerator<Delivery, void, undefined> {
        call('watch', false)
        if (weather.type === 'down' || weather.type === 'no streams') throw away(weather.retryAfterMs)
        const watching = createLinkedAbortController(signal)
        let reason: NoticeboardError | undefined
        const snap = (): void => {
          reason = away(
            weather.type === 'down' || weather.type === 'no streams' ? weather.retryAfterMs : undefined,
          )
          watching.abort()
        }
        breaks.add(snap)
        own.streams += 1
        try {
          let isTold = false
          for await (const delivery of store.watch(query, watching.signal)) {
            // How often it beats a stream says once.
            if (delivery.type === 'alive' && isTold) yield { type: 'alive' }
            else yield delivery
            isTold ||= delivery.type === 'alive'
          }
          if (reason !== undefined) throw reason
        } finally {
          own.streams -= 1
          breaks.delete(snap)
          watching.abort()
        }
      },
    }
    const strategy: Strategy = { pull, push, hybrid, 'on-demand': onDemand }[kind](transport)
    const finished = (async () => {
      for await (const arrival of strategy.deliver(session))
        if (arrival.type === 'release') session.verify(arrival)
    })()
    return Object.assign(own, {
      session,
      asked,
      stop: () => {
        ending.abort()
        return finished
      },
      breaks: () => {
        for (const snap of breaks) snap()
      },
    })
  }
  const followers = Array.from({ length: kind === 'on-demand' ? 4 : SIZE }, (_, index) => begin(index))

  /** No tenth of an interval sees many more than its share of the fleet. */
  const judgeSpread = (what: string, fromMs: number, toMs: number, intervalMs: number): void => {
    const partMs = intervalMs / 10
    const parts = new Map<number, number>()
    let sum = 0
    for (const { asked } of followers)
      for (const each of asked) {
        if (each.what !== 'latest' || each.atMs < fromMs || each.atMs >= toMs) continue
        const part = Math.floor((each.atMs - fromMs) / partMs)
        parts.set(part, (parts.get(part) ?? 0) + 1)
        sum += 1
      }
    const mean = sum / ((toMs - fromMs) / partMs)
    const most = Math.max(0, ...parts.values())
    if (most > 2.5 * mean + 6)
      violate(
        'the-load-is-spread',
        `${what}: ${most} of ${followers.length} asked within ${partMs} ms, and ${mean.toFixed(1)} do in the mean`,
      )
  }
  const ask = async (): Promise<void> => {
    if (kind !== 'on-demand') return
    for (const { session } of followers) session.ask()
    await clock.advance(10)
  }
  /** For so long, with questions where nobody asks by himself. */
  const pass = async (ms: number): Promise<void> => {
    const parts = kind === 'on-demand' ? Math.ceil(ms / 20_000) : 1
    for (let part = 0; part < parts; part += 1) {
      await clock.advance(ms / parts)
      await ask()
    }
  }
  const everybodyHas = (): void => {
    for (const { session } of followers) {
      const seen = session.seen()
      if (seen === undefined || seen.sequence !== sequence)
        violate(
          'everybody-gets-there',
          `${kind} has seen ${seen === undefined ? 'nothing' : formatPosition(seen)} of ${sequence} releases`,
        )
    }
  }
  const news = async (): Promise<void> => {
    sequence += 1
    await publish(store, sequence)
  }

  await pass(2 * pollIntervalMs)
  everybodyHas()
  for (let left = 2; left > 0; left -= 1) {
    const before = clock.monotonic()
    const retryAfterMs = dice.chance(0.5) ? dice.between(2_000, 90_000) : undefined
    weather = dice.pick<Weather>([
      { type: 'no streams', retryAfterMs: undefined },
      { type: 'no streams', retryAfterMs },
      { type: 'down', retryAfterMs },
      { type: 'hanging' },
    ])
    note(`${kind} meets ${weather.type}`)
    if (weather.type !== 'hanging') for (const { breaks } of followers) breaks()
    const lastsMs = dice.between(2, 3) * pollIntervalMs
    await news()
    await pass(lastsMs)
    if (
      weather.type === 'no streams' &&
      kind !== 'pull' &&
      kind !== 'on-demand' &&
      retryAfterMs === undefined
    ) {
      judgeSpread('those who lost their streams', before, before + lastsMs, pollIntervalMs)
      met('a fleet lost its streams together')
    }
    for (const { longestMs } of followers)
      if (longestMs > timeoutMs + 100)
        violate(
          'what-is-given-up-is-aborted',
          `${kind}: a question was left open for ${Math.round(longestMs)} ms`,
        )
    if (weather.type === 'hanging')
      for (const { waiting } of followers)
        if (waiting > 1) violate('what-is-given-up-is-aborted', `${kind}: ${waiting} questions are open`)
    weather = { type: 'fair' }
    const quietMs = Math.max(0, ...followers.map(each => each.quietMs - clock.monotonic()))
    await pass(quietMs + pollIntervalMs * 1.1 + backoff.capMs + timeoutMs)
    await ask()
    everybodyHas()
  }
  // While all is well, what is newest is asked for with a condition, but for a sweep now and then.
  const calmMs = clock.monotonic()
  const lastsMs =
    kind !== 'on-demand' && dice.chance(0.6)
      ? 0
      : 1.3 * sweepIntervalMs + dice.between(0, sweepIntervalMs / 2)
  await pass(lastsMs)
  for (const { asked } of followers) {
    const bare = asked.filter(each => each.atMs > calmMs && each.what === 'latest' && !each.tagged).length
    if (bare > lastsMs / (0.8 * sweepIntervalMs) + 2)
      violate(
        'sweeps-are-rare',
        `${kind} asked ${bare} times without a condition within ${Math.round(lastsMs / 60_000)} minutes`,
      )
    if (kind !== 'on-demand' && lastsMs > 0 && bare === 0)
      violate('sweeps-are-rare', `${kind} did not sweep within ${Math.round(lastsMs / 60_000)} minutes`)
  }
  for (const { asked } of followers) {
    const streams = asked.filter(each => each.atMs > calmMs && each.what === 'watch').length
    if (streams > lastsMs / (0.8 * defaultPeriods.maxConnectionAgeMs) + 1)
      violate(
        'a-live-stream-is-kept',
        `${kind} opened ${streams} streams within ${Math.round(lastsMs / 60_000)} minutes of calm`,
      )
  }
  await news()
  await pass(kind === 'push' || kind === 'hybrid' ? 1_000 : pollIntervalMs * 1.1 + 1_000)
  everybodyHas()
  await Promise.all(followers.map(({ stop }) => stop()))
  for (const { streams, waiting } of followers)
    if (streams > 0 || waiting > 0)
      violate('nothing-is-left', `${kind} left ${streams} streams and ${waiting} questions`)
}
