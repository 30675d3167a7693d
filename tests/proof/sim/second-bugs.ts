import type { PlantedBug } from './bugs.js'

/**
 * A bug that was chosen by reading the source alone, without a look at what the simulation asks.
 * Whatever oracle reports it has noticed it.
 */
export interface SecondBug extends Omit<PlantedBug, 'oracles'> {
  /** What a user would see. */
  readonly what: string
}

/** The second list of planted bugs. */
export const SECOND_BUGS: readonly SecondBug[] = [
  // Clients.
  {
    name: 'activation-span-backwards',
    what: 'a client switches as soon as it has fetched, whatever `activateAt` says',
    file: 'src/client/apply/activation.ts',
    replace: [['at - Date.parse(issuedAt)', 'Date.parse(issuedAt) - at']],
  },
  {
    name: 'report-lost-with-one-request',
    what: 'a report whose request is lost once is not sent again until the next presence interval',
    file: 'src/client/report/reporter.ts',
    replace: [
      ["isNoticeboardError(error, 'forbidden')", "isNoticeboardError(error, 'forbidden', 'unavailable')"],
    ],
  },
  {
    name: 'resume-takes-the-first-missed',
    what: 'of several releases during a pause the first comes into force with `resume()`, and counts as the newest from then on',
    file: 'src/client/apply/mode.ts',
    replace: [
      [
        "case 'release': return mode.at === 'paused' ? { at: 'paused', newest: event.pending }",
        "case 'release': return mode.at === 'paused' ? { at: 'paused', newest: mode.newest ?? event.pending }",
      ],
    ],
  },
  {
    name: 'second-outage-not-told',
    what: 'the status of a client becomes `stale` in its first outage, and stays `ready` in every later one',
    file: 'src/client/receive/freshness.ts',
    replace: [
      [
        'this.#cancel = undefined if (leftMs > 0) this.#checkIn(leftMs)',
        'if (leftMs > 0) this.#checkIn(leftMs)',
      ],
    ],
  },
  {
    name: 'defaults-wait-their-turn',
    what: 'a client on its defaults waits up to `spreadMs` for the first snapshot of its life',
    file: 'src/client/apply/prepare-change.ts',
    replace: [['have === undefined ? 0 :', 'current.applied === undefined ? 0 :']],
  },
  {
    name: 'state-newer-than-its-snapshots',
    what: 'after a crash the state folder may name a snapshot that was never written, and the client starts with an older one',
    file: 'src/client/state/state-writer.ts',
    replace: [
      [
        'const saving = this.state const kept = await this.#writeSnapshots([...this.#unwritten])',
        'const kept = await this.#writeSnapshots([...this.#unwritten]); const saving = this.state',
      ],
    ],
  },
  {
    name: 'previous-without-overrides',
    what: 'a validator that compares with what runs is shown a document that never ran on a client with overrides',
    file: 'src/client/apply/prepare-change.ts',
    replace: [
      [
        'freezeValue(result.value), document, overridden }',
        'freezeValue(result.value), document: parsed, overridden }',
      ],
    ],
  },
  {
    name: 'lagging-answer-counts',
    what: '`ageMs` of a client stays small while all that it hears is a mirror that lags: "unchanged" about an older release proves currency',
    file: 'src/client/receive/release-order.ts',
    replace: [["return { type: 'older',", "this.#tags.set(from, tag); return { type: 'older',"]],
  },
  {
    name: 'second-subscriber-not-told',
    what: 'of several subscribers of one selection only the first hears of a change, and a later one never gets the value that is there',
    file: 'src/client/select.ts',
    replace: [
      [
        'if (told !== undefined && Object.is(told.part, part)) return undefined told = { part }',
        'const all = this as unknown as { told?: { readonly part: Part } }; if (all.told !== undefined && Object.is(all.told.part, part)) return undefined; all.told = told = { part }',
      ],
    ],
  },

  // Strategies.
  {
    name: 'goodbye-delay-ignored',
    what: 'after a goodbye that names a delay all clients come back within half a second, onto a server that just started',
    file: 'src/strategies/watch/watch-loop.ts',
    replace: [['nowMs + backoff.failed(error.retryAfterMs)', 'nowMs + backoff.failed()']],
  },
  {
    name: 'look-deadline-does-not-cancel',
    what: 'a question that hangs is given up but never aborted, so one more request hangs with each poll',
    file: 'src/strategies/poll/poll.ts',
    replace: [
      [
        'ask(own => transport.latest({ namespace, ...(tag !== undefined && { tag }) }, own))',
        'ask(() => transport.latest({ namespace, ...(tag !== undefined && { tag }) }, signal))',
      ],
    ],
  },
  {
    name: 'fallen-back-in-step',
    what: 'clients that lose their streams together ask in the same instant instead of each in its own place',
    file: 'src/strategies/watch/watch-loop.ts',
    replace: [['Math.min(nowMs, latestMs) + placeMs()', 'Math.min(nowMs, latestMs)']],
  },
  {
    name: 'on-demand-sweeps-for-good',
    what: 'five minutes after its start every look of an `onDemand` client is unconditional and brings the whole release',
    file: 'src/strategies/on-demand.ts',
    replace: [['if (sweep) sweepAtMs = clock.monotonic() + defaultPeriods.sweepIntervalMs', '']],
  },

  // Transports.
  {
    name: 'first-to-leave-cancels',
    what: 'of several who wait for one snapshot over `cached()` one that gives up takes the fetch away from the others',
    file: 'src/transports/cached.ts',
    replace: [
      [
        'flight.waiting -= 1 if (flight.waiting === 0) {',
        'flight.waiting -= 1; if (signal.aborted || flight.waiting === 0) {',
      ],
    ],
  },
  {
    name: 'source-answers-overtake',
    what: 'a slow read of a bare document that ends after a later one brings the older content back as a new edition',
    file: 'src/transports/source.ts',
    replace: [['if (order < answered && edition !== undefined) return edition', '']],
  },
  {
    name: 'preferred-avoided-for-good',
    what: 'after one failure of the preferred transport `fallback()` stays with the second for as long as that answers, however far it lags',
    file: 'src/transports/fallback.ts',
    replace: [['clock.monotonic() < (avoidedUntil.get(transport) ?? 0)', 'avoidedUntil.has(transport)']],
  },
  {
    name: 'retry-after-in-milliseconds',
    what: 'a server that asks for thirty seconds of quiet over HTTP gets thirty milliseconds',
    file: 'src/transports/http/refusal.ts',
    replace: [['return Number(text) * 1_000', 'return Number(text)']],
  },
  {
    name: 'news-during-read-lost',
    what: 'a release that a store tells of while its watch reads the one before is not delivered, with `memory()` until the next',
    file: 'src/transports/store/watch.ts',
    replace: [
      [
        'const names = [...due] due.clear() const heads = await log.heads(names, signal)',
        'const names = [...due]; const heads = await log.heads(names, signal); due.clear()',
      ],
    ],
  },
  {
    name: 'relay-mints-its-own-marks',
    what: 'a relay over `http()` makes marks by its own clock instead of passing on those of its origin',
    file: 'src/contracts/capabilities.ts',
    replace: [['return canAppend(transport) && transport.remote !== true', 'return canAppend(transport)']],
  },

  // Servers.
  {
    name: 'relay-trusts-a-dead-watch',
    what: 'a relay that has lost its origin answers with what it had as if it were the newest, for as long as the outage lasts',
    file: 'src/server/stream/follower.ts',
    replace: [['topic.mark = undefined topic.watched = false }', 'topic.mark = undefined }']],
  },
  {
    name: 'failed-load-stays',
    what: 'a snapshot whose first load from the store failed cannot be had from this server until it is restarted',
    file: 'src/async/shared-runs.ts',
    replace: [
      [
        'run().finally(() => running.delete(key))',
        'run().then(result => { running.delete(key); return result })',
      ],
    ],
  },
  {
    name: 'slow-reader-not-caught-up',
    what: 'a reader of the event stream that was slow when a release came is not sent it when it reads again',
    file: 'src/server/stream/hub.ts',
    replace: [['if (connections.has(connection)) connection.subscriptions.forEach(fanOut.catchUp)', '']],
  },
  {
    name: 'second-audience-not-followed',
    what: 'a namespace whose last reader left is never followed again: who comes later hears of releases a heartbeat late, over a relay not at all',
    file: 'src/server/stream/hub.ts',
    replace: [['topic.following?.abort() topic.following = undefined', 'topic.following?.abort()']],
  },

  // Node.
  {
    name: 'reports-saved-once',
    what: 'a file store writes reports five seconds after the first and never again, so other processes and the next start see a fleet of long ago',
    file: 'src/node/board/reports.ts',
    replace: [['cancel?.() cancel = undefined', 'cancel?.()']],
  },
  {
    name: 'young-snapshots-removed',
    what: 'of two processes in one state folder one removes the snapshot that the other is about to name, which then starts without it',
    file: 'src/node/state/state-folder.ts',
    replace: [
      [
        'stat !== undefined && nowMs - stat.changedMs > ABANDONED_MS && !unnamed.has(path)',
        'stat !== undefined && !unnamed.has(path)',
      ],
    ],
  },
  {
    name: 'second-writer-acknowledges-early',
    what: 'a publish that is repeated after a crash is acknowledged although a power cut may still take its release away',
    file: 'src/node/board/append.ts',
    replace: [
      ["await fs.syncFolder(dirname(paths.release(namespace, at))) return 'appended'", "return 'appended'"],
    ],
  },

  // Publishers and the fleet.
  {
    name: 'rollback-twice-as-far',
    what: 'a rollback that loses a race against another rollback goes one version further back than asked',
    file: 'src/publisher/rollback.ts',
    replace: [['goal ??= await chooseGoal', 'goal = await chooseGoal']],
  },
  {
    name: 'version-index-not-rewound',
    what: 'in a second epoch a document that another publisher published before gets a second version number',
    file: 'src/publisher/versions.ts',
    replace: [['epoch = newest.epoch readTo = 0', 'epoch = newest.epoch']],
  },
  {
    name: 'epoch-above-applied-only',
    what: 'a new epoch may stand below what clients have seen and not applied yet, and those ignore it',
    file: 'src/fleet/claims.ts',
    replace: [
      [
        'report.seen !== undefined && isClaim(report.seen, own) ? [{ seen: report.seen, report }]',
        'report.applied !== undefined && isClaim(report.applied, own) ? [{ seen: report.applied, report }]',
      ],
    ],
  },
  {
    name: 'longest-known-thrown-out',
    what: 'a full registry forgets the instance that it has known for longest, however lately that was heard',
    file: 'src/fleet/registry.ts',
    replace: [['if (known !== undefined) room.leave(known)', '']],
  },
  {
    name: 'writers-leave-no-note',
    what: 'a server marks a release as the newest for minutes after another process has published a newer one to its board',
    file: 'src/node/board/notes.ts',
    replace: [['await fs.link(file, join(paths.notes, name))', 'void file']],
  },
]
