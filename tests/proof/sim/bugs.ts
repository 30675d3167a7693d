/** A bug that is put into a copy of the source, to see whether the simulation finds it. */
export interface PlantedBug {
  readonly name: string
  readonly file: string
  /** What is replaced by what; white space makes no difference. */
  readonly replace: readonly (readonly [string, string])[]
  /** Where else it has to be put. */
  readonly also?: readonly Pick<PlantedBug, 'file' | 'replace'>[]
  /** The oracles of docs/guarantees.md that may report it. */
  readonly oracles: readonly string[]
}

/** Every planted bug. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'applied-moves-on-receipt',
    file: 'src/client/start-up.ts',
    replace: [['applied: running?.position', 'applied: order.position ?? running?.position']],
    oracles: ['nothing-moves-on-receipt', 'reports-are-true'],
  },
  {
    name: 'no-monotonic-check',
    file: 'src/client/receive/release-order.ts',
    replace: [
      [
        'if (seen !== undefined) return comparePositions(position, seen.position)',
        "if (seen !== undefined && comparePositions(position, seen.position) === 'older') return 'newer'; if (seen !== undefined) return comparePositions(position, seen.position)",
      ],
    ],
    oracles: ['positions-only-grow', 'the-newest-runs'],
  },
  {
    name: 'acknowledged-before-fsync',
    file: 'src/node/board/files.ts',
    replace: [
      [
        '// Also when it was taken: whoever took it may have died before the name was durable. await fs.syncFolder(dirname(path))',
        'void dirname',
      ],
    ],
    // What reads the log next would make up for it.
    also: [
      {
        file: 'src/node/board/log.ts',
        replace: [['await fs.syncFolder(paths.releases({ namespace, epoch }))', 'void namespace']],
      },
    ],
    oracles: ['acknowledged-survives', 'one-release-a-position', 'ready-means-current'],
  },
  {
    name: 'epoch-ignored',
    file: 'src/contracts/position.ts',
    replace: [
      ["return difference > 0 ? 'newer' : 'older'", "return a.sequence > b.sequence ? 'newer' : 'older'"],
    ],
    oracles: ['everybody-gets-there', 'positions-only-grow', 'publishing-works-again'],
  },
  {
    name: 'no-sweep',
    file: 'src/strategies/poll/poll-schedule.ts',
    replace: [
      ['const sweep = asked || nowMs >= sweepAtMs', 'const sweep = asked'],
      [
        'return Math.max(Math.min(lookAtMs, sweepAtMs), quiet?.untilMs ?? 0)',
        'return Math.max(lookAtMs, quiet?.untilMs ?? 0)',
      ],
    ],
    oracles: ['sweeps-are-rare', 'streams-come-back', 'everybody-gets-there'],
  },
  {
    name: 'watch-registered-after-the-read',
    file: 'src/server/stream/hub.ts',
    replace: [
      [
        'topic.subscriptions.add(subscription)',
        'clock.after(500, () => topic.subscriptions.add(subscription))',
      ],
    ],
    // Whoever left before is registered all the same, and followed for good.
    oracles: ['told-at-once', 'everybody-gets-there', 'nothing-is-left'],
  },
  {
    name: 'rollback-under-an-old-number',
    file: 'src/publisher/rollback.ts',
    replace: [
      [
        "cause: 'rollback', stable, audit, withdrawn,",
        "cause: 'rollback', stable, audit, withdrawn, at: { epoch: release.epoch, sequence: release.sequence },",
      ],
    ],
    oracles: ['publishing-works-again'],
  },
  {
    name: 'cohort-redrawn',
    file: 'src/core/release/audience.ts',
    replace: [
      ['encodeText(`${salt}\\0${clientId}`)', 'encodeText(`${salt}\\0${clientId}${performance.now()}`)'],
    ],
    oracles: ['audience', 'everybody-gets-there'],
  },
  {
    name: 'polls-without-phase',
    file: 'src/async/jitter.ts',
    replace: [
      ['return (hash(name) / 2 ** 32) * intervalMs', 'return hash(name) * 0 + intervalMs'],
      ['lengthMs * (1 + share * (2 * random.number() - 1))', 'lengthMs * (1 + 0 * share * random.number())'],
    ],
    oracles: ['the-load-is-spread'],
  },
  {
    name: 'backoff-without-jitter',
    file: 'src/async/backoff.ts',
    replace: [['random.number() * (boundMs - leastMs)', '(boundMs - leastMs)']],
    oracles: ['the-load-is-spread'],
  },
  {
    name: 'partial-apply',
    file: 'src/client/apply/participants.ts',
    replace: [
      [
        'if (refused !== undefined) { discard()',
        'if (refused !== undefined) { for (const { prepared } of ready) prepared.commit(); discard()',
      ],
    ],
    oracles: ['all-or-nothing'],
  },
  {
    name: 'pointer-never-moved',
    file: 'src/node/board/pointer.ts',
    replace: [["return order === 'newer' ||", "return order === 'older' ||"]],
    oracles: ['pointer-follows-the-log'],
  },
  {
    name: 'mtime-not-raised',
    file: 'src/node/board/pointer.ts',
    replace: [['Math.max(seconds, Math.floor(predecessorMs / 1000) + 1)', 'seconds']],
    oracles: ['pointer-has-a-later-second'],
  },
  {
    name: 'second-connection-left-open',
    file: 'src/transports/http/shared-stream.ts',
    replace: [['for (const line of lines) line?.closing.abort()', 'void lines']],
    oracles: ['one-stream', 'half-open-noticed', 'nothing-is-left'],
  },
  {
    name: 'half-open-unnoticed',
    file: 'src/strategies/watch/watch-loop.ts',
    replace: [
      ["import { DEAD_AFTER_HEARTBEATS } from '../../core/limits.js'", 'const DEAD_AFTER_HEARTBEATS = 250'],
    ],
    also: [
      {
        file: 'src/strategies/watch/watch-strategy.ts',
        replace: [
          [
            "import { DEAD_AFTER_HEARTBEATS } from '../../core/limits.js'",
            'const DEAD_AFTER_HEARTBEATS = 250',
          ],
        ],
      },
      {
        file: 'src/transports/http/event-stream.ts',
        replace: [
          [
            'deadline.extend(heartbeatMs * DEAD_AFTER_HEARTBEATS)',
            'deadline.extend(heartbeatMs * DEAD_AFTER_HEARTBEATS * 100)',
          ],
        ],
      },
    ],
    oracles: ['half-open-noticed', 'told-at-once', 'streams-come-back'],
  },
  {
    name: 'rejected-asked-for-again',
    file: 'src/client/apply/attempt.ts',
    replace: [
      ['return context.refusals.has(digest) || isUnfit', 'return isUnfit'],
      ['(refusal !== undefined && refusal.reverted !== true) ||', ''],
    ],
    oracles: ['no-verdict-twice', 'nobody-asks-in-a-loop', 'livelock'],
  },
  {
    name: 'refusals-forgotten',
    file: 'src/client/apply/refusals.ts',
    replace: [['return this.#kept }', 'return [] }']],
    oracles: ['no-verdict-twice'],
  },
  {
    name: 'a-relay-mints-marks',
    file: 'src/server/stream/heartbeat.ts',
    replace: [
      [
        'const { clock, logger, heartbeatMs, mints, alive, topics, wentBack, connections, fanOut, expire } = options',
        'const { clock, logger, heartbeatMs, alive, topics, wentBack, connections, fanOut, expire } = options; const mints = true',
      ],
    ],
    oracles: ['relays-mint-nothing'],
  },
  {
    name: 'digest-not-checked',
    file: 'src/client/apply/fetch-snapshot.ts',
    replace: [
      [
        'bytes.length === wanted.bytes && digestOf(hasher, bytes) === wanted.digest',
        'bytes.length === wanted.bytes',
      ],
    ],
    oracles: ['digest-matches'],
  },
  {
    name: 'compare-and-swap-by-renaming',
    file: 'src/node/board/files.ts',
    replace: [['await fs.link(file, path)', "(await fs.rename(file, path), 'linked' as const)"]],
    oracles: [
      'compare-and-swap',
      'one-release-a-position',
      'acknowledged-survives',
      'only-what-was-published',
    ],
  },
  {
    name: 'state-never-written',
    file: 'src/client/state/state-writer.ts',
    replace: [['this.#forgetUnnamed() this.#saver.soon()', 'this.#forgetUnnamed()']],
    oracles: ['a-restart-begins-from-what-ran'],
  },
  {
    name: 'schema-not-asked',
    file: 'src/client/apply/prepare-change.ts',
    replace: [
      ["if (result.type === 'invalid') {", "if (result.type === 'invalid' && overridden.length > 0) {"],
    ],
    oracles: [
      'validated',
      'no-unhandled-rejection',
      'everybody-gets-there',
      'readers-agree',
      'stages-are-earned',
      'previous-is-what-ran',
    ],
  },
  {
    name: 'no-delay-after-failures',
    file: 'src/async/backoff.ts',
    replace: [
      [
        'return floorMs + leastMs + random.number() * (boundMs - leastMs)',
        'return floorMs * 0 + leastMs * 0 + random.number() * 20',
      ],
    ],
    oracles: ['nobody-asks-in-a-loop', 'the-load-is-spread', 'livelock'],
  },
  {
    name: 'timer-left-after-close',
    file: 'src/client/engine.ts',
    replace: [
      [
        'this.#tracker.closed()',
        'this.#tracker.closed(); const { clock } = this.#settings; const again = (): void => void clock.after(60_000, again); again()',
      ],
    ],
    oracles: ['nothing-is-left'],
  },
  {
    name: 'a-refusal-throws-a-type-error',
    file: 'src/client/apply/refusals.ts',
    replace: [['path: path.slice(0, 256)', "path: (path as never as string[]).join('.')"]],
    oracles: ['no-verdict-twice', 'one-error-class'],
  },
  {
    name: 'a-system-error-escapes',
    file: 'src/node/board/file-store.ts',
    replace: [
      [
        'doing(`keep a snapshot of ${namespace}`, () => (urgent ? reserve.use(write) : write()))',
        '(urgent ? reserve.use(write) : write())',
      ],
    ],
    oracles: ['one-error-class'],
  },
  {
    name: 'a-value-in-a-report',
    file: 'src/client/report/report-state.ts',
    replace: [
      [
        '...placeOf(refusal)',
        '...placeOf({ ...refusal, path: `${refusal.path} instead of ${JSON.stringify(facts.running?.value)}` })',
      ],
    ],
    oracles: ['values-never-appear'],
  },
  {
    name: 'a-value-in-a-rejection',
    file: 'src/client/apply/prepare-change.ts',
    replace: [
      [
        "refuse(saved, 'invalid-document', result.issues,",
        "refuse(saved, 'invalid-document', result.issues.map(issue => ({ ...issue, validator: `${issue.validator} of ${JSON.stringify(document)}` })),",
      ],
    ],
    oracles: ['values-never-appear'],
  },
  {
    name: 'pointer-moved-backwards',
    file: 'src/node/board/pointer.ts',
    replace: [
      // What a server saw in the log is remembered for a while, and the pointer is brought there
      // from wherever it stands.
      [
        'const inTurn = createSerial()',
        'const inTurn = createSerial(); const known = new Map<Namespace, { state: Awaited<ReturnType<typeof log.read>>; untilMs: number }>()',
      ],
      [
        'const { newest, withheld, damage } = await log.read({ namespace })',
        'const before = known.get(namespace); const state = before !== undefined && clock.monotonic() < before.untilMs ? before.state : await log.read({ namespace }); if (state !== before?.state) known.set(namespace, { state, untilMs: clock.monotonic() + 5_000 }); const { newest, withheld, damage } = state',
      ],
      ["return order === 'newer' ||", "return order !== 'same' ||"],
    ],
    oracles: ['pointer-only-grows', 'pointer-follows-the-log'],
  },
  {
    name: 'a-failed-look-proves',
    file: 'src/client/receive/accept.ts',
    replace: [
      [
        'return acceptLook(verdict, looks)',
        "if (verdict.type === 'trouble') { context.heard(); send({ type: 'current' }) } return acceptLook(verdict, looks)",
      ],
    ],
    oracles: ['ready-means-current'],
  },
  {
    name: 'a-proof-never-grows-old',
    file: 'src/client/track-status.ts',
    replace: [
      [
        'strategy.maxAgeMs === undefined ? strategy.freshMs',
        'strategy.maxAgeMs === undefined ? strategy.freshMs * 100',
      ],
      ['> (strategy.maxAgeMs ?? strategy.freshMs)', '> 100 * (strategy.maxAgeMs ?? strategy.freshMs)'],
    ],
    oracles: ['ready-means-current'],
  },
  {
    name: 'a-commit-counts-as-a-look',
    file: 'src/client/receive/freshness.ts',
    replace: [['provenAt = this.#heardAt ?? clock.monotonic()', 'provenAt = clock.monotonic()']],
    oracles: ['ready-means-current'],
  },
  {
    name: 'what-was-vetoed-counts-as-current',
    file: 'src/client/apply/state.ts',
    replace: [
      [
        "case 'applying': case 'retrying': case 'closed': return false",
        "case 'applying': case 'closed': return false; case 'retrying': return true",
      ],
    ],
    oracles: ['ready-means-current'],
  },
  {
    name: 'what-changes-during-a-report-is-not-told',
    file: 'src/client/report/reporter.ts',
    replace: [
      ['news.clear()', ''],
      ['this.#backoff?.succeeded()', 'this.#backoff?.succeeded(); news.clear()'],
    ],
    oracles: ['reports-are-true'],
  },
  {
    name: 'a-registry-keeps-the-first-word',
    file: 'src/fleet/registry.ts',
    replace: [['known.word.count > report.count', 'known.word.count < report.count']],
    oracles: ['reports-are-true'],
  },
  {
    name: 'nobody-hears-that-a-client-is-healthy',
    file: 'src/client/apply/effects-of.ts',
    replace: [["return [{ type: 'earn' }, { type: 'report' }]", "return [{ type: 'earn' }]"]],
    oracles: ['reports-are-true'],
  },
  {
    name: 'a-lost-report-waits-for-the-next-interval',
    file: 'src/client/report/reporter.ts',
    replace: [["if (isNoticeboardError(error, 'forbidden')) {", 'if (isNoticeboardError(error)) {']],
    also: [
      {
        file: 'src/client/receive/accept.ts',
        replace: [['if (looks.error !== undefined) context.report()', '']],
      },
    ],
    oracles: ['reports-are-true'],
  },
  {
    name: 'a-report-names-what-is-kept',
    file: 'src/client/start-up.ts',
    replace: [['applied: running?.position', 'applied: running?.position ?? writer.state.applied']],
    oracles: ['reports-are-true'],
  },
  {
    name: 'activation-at-once',
    file: 'src/client/apply/activation.ts',
    replace: [['if (fleetClock.now() >= at) return', 'if (fleetClock.now() >= at - 1_500) return']],
    oracles: ['activation-is-kept'],
  },
  {
    name: 'activation-looked-at-rarely',
    file: 'src/client/apply/activation.ts',
    replace: [
      [
        'await clock.sleep(Math.min(Math.ceil(leftMs), STEP_MS), signal)',
        'await clock.sleep(4 * STEP_MS, signal)',
      ],
    ],
    oracles: ['activation-is-kept', 'changes-come-in-time'],
  },
  {
    name: 'a-change-tells-the-new-value-twice',
    file: 'src/client/apply/perform.ts',
    replace: [
      ['previous, current: running.value', 'previous: previous && running.value, current: running.value'],
    ],
    oracles: ['previous-is-what-ran'],
  },
  {
    name: 'validators-compare-with-what-is-to-come',
    file: 'src/client/apply/prepare-change.ts',
    replace: [['previous: context.current.applied?.document', 'previous: context.current.applied && parsed']],
    oracles: ['previous-is-what-ran'],
  },
  {
    name: 'a-lost-race-compares-with-the-head-before-it',
    file: 'src/publisher/publish.ts',
    replace: [
      [
        'const variants = variantsOf(prepared)',
        'const variants = variantsOf(prepared); let first: Release | undefined',
      ],
      [
        'await validateAll(context, prepared, { newest, signal })',
        'await validateAll(context, prepared, { newest: (first ??= newest), signal })',
      ],
    ],
    oracles: ['previous-is-what-ran'],
  },
  {
    name: 'a-part-is-new-each-time',
    file: 'src/client/select.ts',
    replace: [['if (!isSame) this.#part = part', 'this.#part = part']],
    oracles: ['readers-agree'],
  },
  {
    name: 'who-left-is-still-told',
    file: 'src/client/select.ts',
    replace: [['off() offSignal()', 'offSignal()']],
    oracles: ['readers-agree'],
  },
  {
    name: 'what-was-prepared-is-let-go-of-and-committed',
    file: 'src/client/apply/participants.ts',
    replace: [
      [
        'callGuarded(() => prepared.commit(), logger',
        'callGuarded(() => (prepared.commit(), prepared.discard?.()), logger',
      ],
    ],
    oracles: ['readers-agree'],
  },
  {
    name: 'overrides-left-out',
    file: 'src/client/apply/validate-overlaid.ts',
    replace: [
      [
        'overrides?.apply(options.document) ?? { document: options.document, paths: [] }',
        '{ document: options.document, paths: overrides?.apply(options.document).paths ?? [] }',
      ],
    ],
    oracles: ['digest-matches'],
  },
  {
    name: 'a-board-that-went-back-is-believed',
    file: 'src/core/store/board-memory.ts',
    replace: [['if (since === known) settle(', 'if (since === known && since === undefined) settle(']],
    oracles: ['what-is-lost-is-not-marked'],
  },
]
