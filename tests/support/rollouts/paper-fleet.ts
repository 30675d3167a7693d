import { isNoticeboardError } from '../../../src/contracts/errors.js'
import type { Identity } from '../../../src/contracts/identity.js'
import type { Digest } from '../../../src/contracts/names.js'
import { comparePositions, type Position } from '../../../src/contracts/position.js'
import type { ClientReport, PreviousLife, ReportPhase } from '../../../src/contracts/report.js'
import type { Clock } from '../../../src/contracts/system.js'
import type { ReportTransport, Transport } from '../../../src/contracts/transport.js'
import { MAX_VERDICTS } from '../../../src/core/limits.js'
import { sameBytes } from '../../../src/core/json/text.js'
import { decodeRelease, positionOf, type Release } from '../../../src/core/release/release.js'
import { target, type Target } from '../../../src/core/release/target.js'
import { systemHasher } from '../../../src/system/system.js'

/**
 * What a document does to a client. `dies`: it ends the process a second after it was applied,
 * twice, and is quarantined then. `mute`: nothing is heard any more. `unread`: its bytes are
 * damaged, so it is fetched again and again and never runs.
 */
export type Effect = 'works' | 'rejected' | 'dies' | 'mute' | 'unread'

/**
 * Clients on paper: they follow releases and report as real ones do, and what a document does to
 * them is told by the test.
 */
export interface PaperFleet {
  /** Clients that ran a digest at some time. */
  everRan(digest: Digest): readonly string[]
  /** Clients that run it now. */
  runs(digest: Digest): readonly string[]
  /** Clients that go away in order. */
  stop(count: number): void
  /** Starts so many new ones. */
  start(count: number): void
  /** Resolves when nothing of it is under way any more. */
  close(): Promise<void>
}

export interface PaperFleetOptions {
  readonly store: Transport & ReportTransport
  readonly clock: Clock
  readonly namespace: string
  readonly clients: number
  readonly effect?: (digest: Digest, clientId: string) => Effect
  /** After how long a document that kills ends a process, in milliseconds. Default 1,000. */
  readonly diesAfterMs?: number
  /** Told of each snapshot that a client begins to run. */
  readonly onRun?: (run: {
    readonly clientId: string
    readonly digest: Digest
    readonly sequence: number
  }) => void
  /** What each client carries; the first one is number 1. Default: nothing. */
  readonly labels?: (number: number) => Readonly<Record<string, string>>
  /** How often each looks for a new release, in milliseconds. Default 5,000. */
  readonly lookMs?: number
}

interface Paper {
  readonly clientId: string
  readonly labels: Readonly<Record<string, string>>
  instance: number
  startedMs: number
  running: Digest | undefined
  sinceMs: number
  seen: Position | undefined
  phase: ReportPhase
  count: number
  refused: Map<Digest, 'rejected' | 'quarantined'>
  /** What a release asked of it after so many refusals, so that it is worked out once for each. */
  asked: { readonly release: Release; readonly refusals: number; readonly target: Target } | undefined
  deaths: Map<Digest, number>
  previous: PreviousLife | undefined
  saidMs: number
  mute: boolean
  gone: boolean
}

const PRESENCE_MS = 60_000

/** Starts a fleet on paper; it works by the clock alone. */
export function startPaperFleet(options: PaperFleetOptions): PaperFleet {
  const { store, clock, namespace, clients, effect = () => 'works', lookMs = 5_000, onRun } = options
  const { diesAfterMs = 1_000, labels = () => ({}) } = options
  const fleet: Paper[] = []
  const ever = new Map<Digest, Set<string>>()
  const over = new AbortController()
  /** Words that were not handed over yet: a tick's go together. */
  let outbox: ClientReport[] = []
  let made = 0

  const start = (count: number): void => {
    for (let index = 0; index < count; index += 1) {
      made += 1
      fleet.push({
        clientId: `client-${made}`,
        labels: labels(made),
        instance: 1,
        startedMs: clock.monotonic(),
        running: undefined,
        sinceMs: clock.monotonic(),
        seen: undefined,
        phase: 'waiting',
        count: 0,
        refused: new Map(),
        asked: undefined,
        deaths: new Map(),
        previous: undefined,
        saidMs: Number.NEGATIVE_INFINITY,
        mute: false,
        gone: false,
      })
    }
  }
  const identityOf = ({ clientId, instance, labels: own }: Paper): Identity => ({
    clientId,
    instanceId: `${clientId}-life-${instance}`,
    ephemeral: false,
    labels: own,
    build: '1',
  })
  const say = (paper: Paper): void => {
    if (paper.mute) return
    const { running, seen, phase, refused, previous } = paper
    const nowMs = clock.monotonic()
    paper.saidMs = nowMs
    paper.count += 1
    const verdicts = [...refused].slice(-MAX_VERDICTS).map(([digest, verdict]) => ({ digest, verdict }))
    const report: ClientReport = {
      v: 1,
      namespace,
      ...identityOf(paper),
      strategy: 'pull',
      lookMs,
      count: paper.count,
      upMs: Math.round(nowMs - paper.startedMs),
      phase,
      sinceMs: Math.round(nowMs - paper.sinceMs),
      protection: 'disk',
      nextReportWithinMs: PRESENCE_MS,
      ...(seen !== undefined && { seen, applied: seen }),
      ...(running !== undefined && { digest: running }),
      ...(verdicts.length > 0 && { verdicts }),
      ...(previous !== undefined && { previous }),
    }
    outbox.push(report)
  }
  const die = (paper: Paper, digest: Digest): void => {
    const before = identityOf(paper)
    const deaths = (paper.deaths.get(digest) ?? 0) + 1
    paper.deaths.set(digest, deaths)
    paper.previous = {
      instanceId: before.instanceId,
      digest,
      end: 'abrupt',
      ranMs: Math.round(clock.monotonic() - paper.sinceMs),
    }
    if (deaths >= 2) paper.refused.set(digest, 'quarantined')
    paper.instance += 1
    paper.count = 0
    paper.startedMs = clock.monotonic()
    paper.running = undefined
    paper.phase = 'waiting'
  }
  const targetOf = (paper: Paper, release: Release): Target => {
    const { asked, refused } = paper
    if (asked?.release === release && asked.refusals === refused.size) return asked.target
    const wanted = target(release, {
      identity: identityOf(paper),
      refused: digest => refused.has(digest),
      hasher: systemHasher,
    })
    paper.asked = { release, refusals: refused.size, target: wanted }
    return wanted
  }
  const follow = (paper: Paper, release: Release): void => {
    const nowMs = clock.monotonic()
    const { running } = paper
    if (
      running !== undefined &&
      effect(running, paper.clientId) === 'dies' &&
      nowMs - paper.sinceMs >= diesAfterMs
    ) {
      die(paper, running)
      // The next life begins a look later, on what it had.
      say(paper)
      return
    }
    const at = positionOf(release)
    if (paper.seen !== undefined && comparePositions(at, paper.seen) === 'older') {
      // Passed over, as every client does; it goes on saying where it is.
      if (nowMs - paper.saidMs >= PRESENCE_MS) say(paper)
      return
    }
    const wanted = targetOf(paper, release)
    const isNews = paper.seen === undefined || paper.seen.sequence !== release.sequence
    paper.seen = at
    if (wanted.arm !== 'keep' && wanted.digest !== paper.running) {
      const does = effect(wanted.digest, paper.clientId)
      if (does === 'unread') {
        if (isNews || nowMs - paper.saidMs >= (release.evidence?.reportMs ?? PRESENCE_MS)) say(paper)
        return
      }
      if (does === 'rejected') {
        paper.refused.set(wanted.digest, 'rejected')
        say(paper)
        return
      }
      paper.running = wanted.digest
      paper.sinceMs = nowMs
      paper.phase = 'applied'
      onRun?.({ clientId: paper.clientId, digest: wanted.digest, sequence: release.sequence })
      ever.set(wanted.digest, (ever.get(wanted.digest) ?? new Set()).add(paper.clientId))
      say(paper)
      if (does === 'mute') paper.mute = true
      return
    }
    const bakeMs = release.evidence?.bakeMs ?? Number.POSITIVE_INFINITY
    const baked = nowMs - paper.sinceMs >= bakeMs && paper.saidMs - paper.sinceMs < bakeMs
    const everyMs = release.evidence?.reportMs ?? PRESENCE_MS
    if (isNews || baked || nowMs - paper.saidMs >= everyMs) say(paper)
  }
  let newest: { readonly bytes: Uint8Array; readonly release: Release } | undefined
  /** A release is read once for as long as it is the newest. */
  const read = (bytes: Uint8Array): Release => {
    if (newest === undefined || !sameBytes(newest.bytes, bytes))
      newest = { bytes, release: decodeRelease(bytes).release }
    return newest.release
  }
  const tick = async (): Promise<void> => {
    const latest = await store.latest({ namespace }, over.signal)
    if (latest.type === 'release') {
      const release = read(latest.bytes)
      for (const paper of fleet) if (!paper.gone) follow(paper, release)
    }
    const words = outbox
    outbox = []
    if (words.length > 0) await store.report(words, over.signal)
  }
  const run = async (): Promise<void> => {
    while (!over.signal.aborted) {
      try {
        await tick()
      } catch (error) {
        // The server may be gone before the fleet is, and may come back.
        if (!isNoticeboardError(error)) throw error
      }
      await clock.sleep(lookMs, over.signal)
    }
  }
  start(clients)
  const running = run()
  return {
    everRan: digest => [...(ever.get(digest) ?? [])],
    runs: digest =>
      fleet.filter(({ gone, running }) => !gone && running === digest).map(({ clientId }) => clientId),
    start,
    stop(count) {
      for (const paper of fleet.filter(({ gone }) => !gone).slice(0, count)) {
        paper.phase = 'stopped'
        paper.gone = true
        say(paper)
      }
    },
    async close() {
      over.abort()
      await running
    },
  }
}
