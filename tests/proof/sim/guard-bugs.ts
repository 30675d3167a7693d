import type { PlantedBug } from './bugs.js'
import { FORM_GUARDS } from './form-guards.js'

/**
 * A mechanism that guards against a stranger or an accident, taken out. What notices it is a test
 * that performs the attack, so that none of the tests of docs/siege.md can pass for another reason
 * than what guards.
 */
export interface GuardBug extends Omit<PlantedBug, 'oracles'> {
  readonly noticedBy: {
    readonly file: string
    /** Of the test, without the titles of what it is described in, and as it is written. */
    readonly title: string
    /**
     * Who has to run it: only root may give files away and be another user. Anybody unless given.
     */
    readonly as?: 'root'
  }
}

/** Every mechanism that guards, in the order of docs/siege.md. */
export const GUARD_BUGS: readonly GuardBug[] = [
  // A stranger's work, memory and disk.
  {
    name: 'reports-count-as-nothing-in-memory',
    file: 'src/fleet/registry.ts',
    replace: [['bytes: jsonBytes(report) + ENTRY_BYTES', 'bytes: 0 * (jsonBytes(report) + ENTRY_BYTES)']],
    noticedBy: {
      file: 'tests/unit/fleet/fair-registry.test.ts',
      title: 'stays within its bytes, and keeps fewer of what is large',
    },
  },
  {
    name: 'nobody-settles',
    file: 'src/fleet/standing.ts',
    replace: [
      ['heardForMs >= MISSING_AFTER_PERIODS * bounded(periodMs)', 'heardForMs >= 1e12 * bounded(periodMs)'],
    ],
    noticedBy: {
      file: 'tests/unit/fleet/fair-registry.test.ts',
      title: 'keeps everybody who was heard for three periods',
    },
  },
  {
    name: 'all-strangers-are-one-address',
    file: 'src/fleet/voice.ts',
    replace: [["voice.type === 'stranger' ? voice.address : ''", "voice.type === 'stranger' ? 'all' : ''"]],
    noticedBy: {
      file: 'tests/unit/fleet/fair-registry.test.ts',
      title: 'gives each address its share of the room for newcomers',
    },
  },
  {
    name: 'a-token-vouches-for-nobody',
    file: 'src/fleet/standing.ts',
    replace: [["voice.type === 'bearer'", "voice.type === 'bearer' && stopped"]],
    noticedBy: {
      file: 'tests/unit/fleet/fair-registry.test.ts',
      title: 'keeps everybody for whom a bearer of a token spoke',
    },
  },
  {
    name: 'no-room-is-left-to-newcomers',
    file: 'src/fleet/fair-room.ts',
    replace: [['const SETTLED_SHARE = 7 / 8', 'const SETTLED_SHARE = 2']],
    noticedBy: {
      file: 'tests/unit/fleet/fair-registry.test.ts',
      title: 'hears who comes late, though all others have settled',
    },
  },
  {
    name: 'reports-are-written-as-they-come',
    file: 'src/node/board/reports.ts',
    replace: [
      ['const due = new Set(unsaved)', 'const due = unsaved'],
      ['unsaved.clear()', ''],
    ],
    noticedBy: {
      file: 'tests/unit/node/board/report-bytes.test.ts',
      title: 'a file is written once an interval, however much comes while it is written',
    },
  },
  {
    name: 'reports-fill-the-disk',
    file: 'src/node/board/reports.ts',
    replace: [['fairShare([...sizes.values()], maxBytes)', 'fairShare([...sizes.values()], 1e6 * maxBytes)']],
    noticedBy: {
      file: 'tests/unit/node/board/report-bytes.test.ts',
      title: 'reports take no more on disk than they may, and each namespace has its share of that',
    },
  },
  {
    name: 'reports-fill-a-database',
    file: 'src/transports/store/kept-reports.ts',
    replace: [['if (bytes <= maxBytes) return excess', 'if (bytes <= maxBytes * 1e6) return excess']],
    noticedBy: {
      file: 'tests/unit/transports/store/kept-reports.test.ts',
      title: 'have a bound in bytes, past which those that were heard longest ago go',
    },
  },
  {
    name: 'reports-of-any-name-are-kept',
    file: 'src/server/routes/report-routes.ts',
    replace: [['if (!(await hub.isPublished(namespace))) return DONE', 'await hub.isPublished(namespace)']],
    noticedBy: {
      file: 'tests/unit/server/writing.test.ts',
      title: 'of a namespace without a release are kept nowhere, and answered like others',
    },
  },
  {
    name: 'an-address-brings-what-it-likes',
    file: 'src/core/limits.ts',
    replace: [['const REPORTS_AT_ONCE = 10_000', 'const REPORTS_AT_ONCE = 1e9']],
    noticedBy: {
      file: 'tests/unit/server/writing.test.ts',
      title: 'of more than ten thousand at once of an address without a token are refused until later',
    },
  },
  {
    name: 'an-address-brings-little',
    file: 'src/core/limits.ts',
    replace: [['const REPORTS_AT_ONCE = 10_000', 'const REPORTS_AT_ONCE = 1_000']],
    noticedBy: {
      file: 'tests/unit/server/writing.test.ts',
      title: 'of five thousand clients behind one address that start together are all kept',
    },
  },
  {
    name: 'a-trusted-proxy-is-one-address',
    file: 'src/server/http/client-address.ts',
    replace: [['while (isProxy(address)) {', 'while (isProxy(address) && address === undefined) {']],
    noticedBy: {
      file: 'tests/unit/server/writing.test.ts',
      title: 'of clients behind a proxy that is trusted are those of their own addresses',
    },
  },
  {
    name: 'who-forwards-is-believed-to-the-left',
    file: 'src/server/http/client-address.ts',
    replace: [['said.pop()', 'said.shift()']],
    noticedBy: {
      file: 'tests/unit/server/client-address.test.ts',
      title: 'never depends on what stands left of the first address that is no proxy',
    },
  },
  {
    name: 'bearers-share-the-rate-of-strangers',
    file: 'src/server/routes/report-routes.ts',
    replace: [
      [
        "const waitMs = voice.type === 'stranger' ? allowance.waitMs(voice.address) : 0",
        "const waitMs = allowance.waitMs(voice.type === 'stranger' ? voice.address : '192.0.2.7'.slice(99))",
      ],
      [
        "if (voice.type === 'stranger') allowance.spend(voice.address, items.length)",
        "allowance.spend(voice.type === 'stranger' ? voice.address : '', items.length)",
      ],
    ],
    noticedBy: {
      file: 'tests/unit/server/access/bearers.test.ts',
      title: 'brings its batches past the rate of strangers of the same address',
    },
  },
  {
    name: 'a-large-report-is-taken',
    file: 'src/server/routes/report-routes.ts',
    replace: [['jsonBytes(report) <= MAX_REPORT_BYTES', 'jsonBytes(report) <= MAX_REPORT_BYTES * 1e6']],
    noticedBy: {
      file: 'tests/unit/server/writing.test.ts',
      title: 'bad ones are passed over, and the others of the same body count',
    },
  },
  {
    name: 'a-body-of-reports-has-any-length',
    file: 'src/transports/http/writing.ts',
    replace: [['bytes + more > MAX_SENT_REPORTS_BYTES', 'bytes + more > MAX_SENT_REPORTS_BYTES * 1e6']],
    noticedBy: {
      file: 'tests/unit/server/writing.test.ts',
      title: 'go out in bodies of a hundred and of 48 KiB at most, in order, whatever their size',
    },
  },
  {
    name: 'paths-of-overrides-have-no-bound',
    file: 'src/client/report/report-state.ts',
    replace: [
      [
        'overridden.slice(0, MAX_OVERRIDDEN).map(path => path.slice(0, MAX_LINE_LENGTH))',
        'overridden.slice(0, 1e6 * MAX_OVERRIDDEN).map(path => path.slice(0, 1e6 * MAX_LINE_LENGTH))',
      ],
    ],
    noticedBy: {
      file: 'tests/unit/client/report/report-state.test.ts',
      title: 'paths of overrides are bounded, and what is not known is left out',
    },
  },
  {
    name: 'a-body-of-any-number-of-values-is-read',
    file: 'src/server/http/body.ts',
    replace: [['if (exceedsMarks(bytes, maxMarks))', 'if (exceedsMarks(bytes, 1e6 * maxMarks))']],
    noticedBy: {
      file: 'tests/unit/server/bodies.test.ts',
      title: 'is refused before it is read as JSON',
    },
  },
  {
    name: 'bodies-are-read-without-turns',
    file: 'src/server/http/turns.ts',
    replace: [['await clock.turn()', 'void clock']],
    noticedBy: {
      file: 'tests/unit/server/bodies.test.ts',
      title: 'has its turn after everything else that is ready, and each before the next',
    },
  },
  {
    name: 'open-bodies-have-no-sum',
    file: 'src/server/http/held-bodies.ts',
    replace: [['while (sum > maxBytes) {', 'while (sum > 1e6 * maxBytes) {']],
    noticedBy: {
      file: 'tests/unit/server/bodies.test.ts',
      title: 'is held up to a bound: one of the largest hears 429 and when to come back',
    },
  },
  {
    name: 'a-body-is-refused-only-once-it-is-read',
    file: 'src/server/http/held-bodies.ts',
    replace: [['if (sum + announcedBytes > maxBytes && wouldYield) return undefined', 'void wouldYield']],
    noticedBy: {
      file: 'tests/unit/server/bodies.test.ts',
      title: 'is refused before it is read, where its length says that it would be given up',
    },
  },
  {
    name: 'the-smallest-body-yields',
    file: 'src/server/http/held-bodies.ts',
    replace: [
      [
        'for (let size = coming.length - 1; size >= 0; size -= 1)',
        'for (let size = 0; size < coming.length; size += 1)',
      ],
    ],
    noticedBy: {
      file: 'tests/unit/bounded/held-bodies.test.ts',
      title:
        'what is held is a sum that stays within its bound, and of those that are coming the largest yield',
    },
  },
  {
    name: 'every-name-is-followed',
    file: 'src/server/stream/hub.ts',
    replace: [['FOLLOWED_UNPUBLISHED = 32', 'FOLLOWED_UNPUBLISHED = 1e9']],
    noticedBy: {
      file: 'tests/unit/server/names.test.ts',
      title: 'cost the store the same however many there are, once their streams are open',
    },
  },
  {
    name: 'names-are-looked-up-all-at-once',
    file: 'src/server/stream/admission.ts',
    replace: [['const LOOK_UPS = 8', 'const LOOK_UPS = 1e9']],
    noticedBy: {
      file: 'tests/unit/server/names.test.ts',
      title: 'are looked up a few at a time when streams open, and a read of one release passes all of them',
    },
  },
  {
    name: 'each-stream-asks-for-itself',
    file: 'src/server/stream/admission.ts',
    replace: [
      [
        'shared(namespace, () => inLane(async () => topics.newest(namespace)))',
        'inLane(async () => topics.newest(namespace))',
      ],
    ],
    noticedBy: {
      file: 'tests/unit/server/names.test.ts',
      title: 'are asked for once, however many streams of one name open at the same time',
    },
  },
  {
    name: 'names-have-no-end',
    file: 'src/server/stream/unpublished.ts',
    replace: [['topics.size + names <= MAX_UNPUBLISHED', 'topics.size + names <= 1e6 * MAX_UNPUBLISHED']],
    noticedBy: {
      file: 'tests/unit/server/names.test.ts',
      title:
        'the set of names without a release takes a hundred thousand, and then none until one of them leaves',
    },
  },
  {
    name: 'each-namespace-is-polled-at-its-interval',
    file: 'src/node/board/tail.ts',
    replace: [['isOneOfFew: () => tails.size <= FEW', 'isOneOfFew: () => tails.size <= 1e6 * FEW']],
    noticedBy: {
      file: 'tests/unit/node/board/tail.test.ts',
      title:
        'polls many so that all of them together cost no more, a few at a time, and each has its turn within 63 ms for each of them and a round',
    },
  },
  {
    name: 'what-stood-once-stands',
    file: 'src/node/board/standing.ts',
    replace: [
      [
        'before.changes === changes && askedMs <= before.untilMs',
        'before.changes <= changes && askedMs <= before.untilMs',
      ],
    ],
    noticedBy: {
      file: 'tests/unit/node/board/file-store.standing.test.ts',
      title:
        'is the same answer for the same question, made once, until a note or a look says something else',
    },
  },
  {
    name: 'what-stands-is-worked-out-each-time',
    file: 'src/server/stream/topics.ts',
    replace: [
      ['askedBefore(lastAsked, asked) ?? questionOf(asked)', '(void askedBefore, questionOf(asked))'],
    ],
    noticedBy: {
      file: 'tests/unit/server/names.test.ts',
      title: 'while nothing changes the store is asked the same question, and is not once something did',
    },
  },
  {
    name: 'a-client-logs-what-it-is-made-to',
    file: 'src/client/options.ts',
    replace: [
      ['calmLogger(given.logger, machine.clock)', '(void calmLogger, { ...given.logger, end() {} })'],
    ],
    noticedBy: {
      file: 'tests/unit/client/trouble.test.ts',
      title:
        'a client that is flooded with forged marks logs a few lines a minute, with a count, and goes on',
    },
  },
  {
    name: 'a-warning-is-told-as-often-as-it-comes',
    file: 'src/async/calm-logger.ts',
    replace: [['if (lines.has(own.key)) return own', '']],
    noticedBy: {
      file: 'tests/unit/async/calm-logger.test.ts',
      title:
        'tells a warning that repeats at once, and then once a minute with a count, for as long as it does',
    },
  },
  {
    name: 'a-count-is-not-told',
    file: 'src/async/calm-logger.ts',
    replace: [['tell(message, { ...details, times })', 'tell(message, { ...details })']],
    noticedBy: {
      file: 'tests/unit/async/calm-logger.test.ts',
      title: 'tells what was only counted when it is done with, and leaves no timer behind',
    },
  },
  {
    name: 'what-was-only-counted-is-never-told',
    file: 'src/async/calm-logger.ts',
    replace: [['tellLater()', '']],
    noticedBy: {
      file: 'tests/unit/async/calm-logger.test.ts',
      title:
        'tells a warning that repeats at once, and then once a minute with a count, for as long as it does',
    },
  },
  {
    name: 'texts-that-differ-in-numbers-are-many',
    file: 'src/async/calm-logger.ts',
    replace: [['return before < ALIKE ? own : form', 'return before < 1e6 * ALIKE ? own : form']],
    noticedBy: {
      file: 'tests/unit/async/calm-logger.test.ts',
      title: 'takes texts that differ in numbers and digests alone for one after the fifth',
    },
  },
  {
    name: 'a-minute-has-any-number-of-lines',
    file: 'src/async/calm-logger.ts',
    replace: [['if (lines.size >= MOST_LINES)', 'if (lines.size >= 1e6 * MOST_LINES)']],
    noticedBy: {
      file: 'tests/unit/async/calm-logger.test.ts',
      title: 'has an end whatever a stranger makes it warn of, and an error is told all the same',
    },
  },
  {
    name: 'a-stream-brings-any-number-of-lines',
    file: 'src/transports/http/event-stream.ts',
    replace: [['if (lines.left < 0)', 'if (lines.left < -1e9)']],
    noticedBy: {
      file: 'tests/unit/transports/http/event-stream.test.ts',
      title: 'is lost, whatever its lines are',
    },
  },
  {
    name: 'a-busy-stream-counts-as-broken',
    file: 'src/transports/http/event-stream.ts',
    replace: [['perSecond: STREAM_LINES_A_SECOND', 'perSecond: STREAM_LINES_A_SECOND / 1_000']],
    noticedBy: {
      file: 'tests/unit/transports/http/event-stream.test.ts',
      title: 'is none that marks sixty-four namespaces at once and has releases of each each second',
    },
  },
  {
    name: 'whoever-comes-after-replaces',
    file: 'src/fleet/replaced.ts',
    replace: [
      [
        'return isLongHeard({ heardForMs: Date.parse(receivedAt) - Date.parse(firstHeardAt), periodMs })',
        'return isLongHeard({ heardForMs: Date.parse(receivedAt) - Date.parse(firstHeardAt), periodMs }) || true',
      ],
    ],
    noticedBy: {
      file: 'tests/unit/fleet/summary.test.ts',
      title: 'no report of a stranger, who knows no instanceId, makes one that is missing count as replaced',
    },
  },
  // A board that went back.
  {
    name: 'what-stood-before-is-forgotten',
    file: 'src/core/store/board-memory.ts',
    replace: [
      [
        "const isGone = succession === 'went-back' || (succession === 'unproven' && !(await stillHas(known)))",
        "const isGone = succession === 'unproven' && !(await stillHas(known))",
      ],
    ],
    noticedBy: {
      file: 'tests/unit/server/went-back.test.ts',
      title: 'is told, served as it is, marked no more, and takes nothing but a new epoch, which heals it',
    },
  },
  {
    name: 'a-log-that-is-another-one-is-believed',
    file: 'src/core/store/board-memory.ts',
    replace: [["(succession === 'unproven' && !(await stillHas(known)))", 'false']],
    noticedBy: {
      file: 'tests/unit/server/went-back.test.ts',
      title: 'and goes on in another log stays refused until an epoch is opened',
    },
  },
  {
    name: 'what-is-lost-is-taken-for-never-published',
    file: 'src/publisher/append.ts',
    replace: [
      [
        'if (wentBack !== undefined) throw wentBackError(context.namespace, wentBack)',
        'if (wentBack === undefined) throw wentBackError(context.namespace, wentBack as never)',
      ],
    ],
    noticedBy: {
      file: 'tests/unit/server/went-back.test.ts',
      title: 'and has nothing left takes an epoch with a document, above the one that was lost',
    },
  },
  {
    name: 'a-controller-knows-nothing-of-it',
    file: 'src/publisher/append.ts',
    replace: [
      [
        'if (!opens) assertDidNotGoBack(store, namespace)',
        'if (races < 0) assertDidNotGoBack(store, namespace)',
      ],
    ],
    also: [
      {
        file: 'src/publisher/rollouts/tend.ts',
        replace: [["if (says !== undefined) throw new NoticeboardError('store-damaged', says)", 'void says']],
      },
      {
        file: 'src/core/store/remembering-store.ts',
        replace: [
          ['if (known !== undefined && !isNext) await assertStands(namespace, signal)', 'void isNext'],
        ],
      },
    ],
    noticedBy: {
      file: 'tests/unit/controller/went-back.test.ts',
      title:
        'a controller takes no step on a board that went back in the middle of a rollout, and none after the epoch that heals it',
    },
  },
  {
    name: 'a-command-says-nothing',
    file: 'src/cli/busy.ts',
    replace: [['cancel = clock.after(FIRST_MS, tell)', 'cancel = clock.after(1e6 * FIRST_MS, tell)']],
    noticedBy: {
      file: 'tests/unit/cli/time.test.ts',
      title: 'the status of a whole board says how far it is',
    },
  },
  {
    name: 'a-command-takes-what-it-takes',
    file: 'src/cli/time-limit.ts',
    replace: [['clock.after(mostMs, () => {', 'clock.after(1e6 * mostMs, () => {']],
    noticedBy: {
      file: 'tests/unit/cli/time.test.ts',
      title: 'a rollback that is given a history without an end is given up after five minutes',
    },
  },
  {
    name: 'what-is-given-up-is-waited-for',
    file: 'src/cli/time-limit.ts',
    replace: [['clock.after(GRACE_MS, ', 'clock.after(1e6 * GRACE_MS, ']],
    noticedBy: {
      file: 'tests/unit/cli/time.test.ts',
      title: 'a command whose validator never answers is left behind a few seconds after that',
    },
  },
  {
    name: 'races-are-lost-for-ever',
    file: 'src/publisher/append.ts',
    replace: [['clock.monotonic() - beganMs < RACING_MS)', 'clock.monotonic() - beganMs < 1e6 * RACING_MS)']],
    noticedBy: {
      file: 'tests/unit/publisher/append.test.ts',
      title: 'a minute of lost races ends it, with what to look for',
    },
  },
  {
    name: 'a-place-that-is-taken-is-tried-for-ever',
    file: 'src/publisher/append.ts',
    replace: [['lost.sinceMs >= STUCK_MS', 'lost.sinceMs >= 1e6 * STUCK_MS']],
    noticedBy: {
      file: 'tests/unit/publisher/append.test.ts',
      title: 'a place that is taken and shows nothing ends it after ten seconds',
    },
  },

  // A forged or foolish number: those that the simulation sees are in number-bugs.ts.
  {
    name: 'what-is-to-be-forgotten-is-remembered',
    file: 'src/node/state/state-folder.ts',
    replace: [
      [
        'instances.map(({ file }) => withoutForgotten(file, gone))',
        'instances.map(({ file }) => (void withoutForgotten, void gone, file))',
      ],
    ],
    noticedBy: {
      file: 'tests/unit/node/state/state-folder.test.ts',
      title: 'is not seen any more, by whichever process, and what another one saw before it holds',
    },
  },

  // An operator at three in the morning.
  {
    name: 'a-disk-is-a-matter-of-tokens',
    file: 'src/node/disk/system-error.ts',
    replace: [["EACCES: ['unavailable'", "EACCES: ['unauthorized'"]],
    noticedBy: {
      file: 'tests/unit/server/disk.test.ts',
      title:
        'a disk that answers %s is told as 503 with the cause on every route, never as a matter of tokens',
    },
  },
  {
    name: 'the-reserve-is-kept-for-nobody',
    file: 'src/node/board/reserve.ts',
    replace: [['throw spent(error) await fs.remove(path)', 'throw spent(error)']],
    noticedBy: {
      file: 'tests/unit/node/board/file-store.full.test.ts',
      title: 'refuses a publish in words, serves on, and takes a rollback',
    },
  },
  {
    name: 'an-audit-record-stands-in-the-way',
    file: 'src/node/board/append.ts',
    replace: [['!(urgent || isInPlace)', '!isInPlace']],
    noticedBy: {
      file: 'tests/unit/node/board/file-store.owner.test.ts',
      title: 'do not stop what is urgent, and refuse a publish as unavailable',
    },
  },
  {
    name: 'whose-the-board-is-is-not-said',
    file: 'src/node/disk/node-fs.ts',
    replace: [['uid === ownUid ? undefined', 'uid >= 0 ? undefined']],
    noticedBy: {
      file: 'tests/unit/node/board/file-store.owner.test.ts',
      title:
        'a process of another user than the owner of the board says so before it writes, and the owner says nothing (users: a system that has none)',
    },
  },
  {
    name: 'root-keeps-what-it-makes',
    file: 'src/node/disk/node-fs.ts',
    replace: [['await on.chown(owner.uid, owner.gid)', 'void owner.uid']],
    noticedBy: {
      file: 'tests/unit/node/disk/node-fs.test.ts',
      title: 'gives what root makes to whom the folder belongs',
      as: 'root',
    },
  },
  {
    name: 'modes-are-what-the-umask-leaves',
    file: 'src/node/disk/node-fs.ts',
    replace: [['if ((facts.mode & 0o777) !== mode)', 'if (mode < 0)']],
    noticedBy: {
      file: 'tests/unit/node/disk/node-fs.test.ts',
      title: 'gives them whatever the umask of the process takes away, and leaves what was there',
    },
  },
  {
    name: 'a-mistyped-board-is-made',
    file: 'src/cli/boards.ts',
    replace: [['if (!create) await assertBoard(address.folder)', 'void create']],
    noticedBy: {
      file: 'tests/unit/cli/commands.test.ts',
      title: 'a mistyped board is served and written to by nobody, and made by who says so',
    },
  },
  {
    name: 'a-publish-reads-the-whole-log',
    file: 'src/publisher/versions.ts',
    replace: [
      ['newest.sequence - floorOf(key) > SOON_READ', 'newest.sequence - floorOf(key) > 1e6 * SOON_READ'],
    ],
    noticedBy: {
      file: 'tests/unit/publisher/long-log.test.ts',
      title:
        'a new document is published without reading a long log, also after a lost race and in a rehearsal',
    },
  },
  {
    name: 'no-proxy-is-recognised',
    file: 'src/server/stream/cuts.ts',
    replace: [['const CUTS_TOLD = 8', 'const CUTS_TOLD = 1e6']],
    noticedBy: {
      file: 'tests/unit/server/cuts.test.ts',
      title: "a proxy's timeout of 10 s is told once, with the settings to change",
    },
  },
  {
    name: 'readers-that-leave-are-a-proxy',
    file: 'src/server/stream/cuts.ts',
    replace: [['if (nowMs - lastMs < APART_MS) return', '']],
    noticedBy: {
      file: 'tests/unit/server/cuts.test.ts',
      title: 'readers that leave together, or whenever they like, are no pattern',
    },
  },
  {
    name: 'a-refused-name-is-not-said',
    file: 'src/server/http/guard.ts',
    replace: [
      [
        "the host ${JSON.stringify(oneLine(request.header('host') ?? '', 100))}",
        "the host ${oneLine('', 100)}",
      ],
    ],
    noticedBy: {
      file: 'tests/unit/server/hostile.test.ts',
      title:
        'the refusal says which name came and which option allows it, to whoever asked and once a minute in the log',
    },
  },
  {
    name: 'a-name-of-a-later-version-is-replaced',
    file: 'src/node/state/state-folder.ts',
    replace: [
      [
        '(decodeClientFile(bytes).clientId ?? (standIn ??= proposed))',
        '(decodeClientFile(bytes).clientId ?? standIn)',
      ],
    ],
    noticedBy: {
      file: 'tests/unit/node/state/state-folder.test.ts',
      title: 'keeps the client file of a later version, and goes by the name in it',
    },
  },
  {
    name: 'a-later-release-stands-in-the-way-back',
    file: 'src/publisher/read-head.ts',
    replace: [
      [
        'if (foreign?.release.namespace !== context.namespace) throw error',
        'if (foreign !== null) throw error',
      ],
    ],
    noticedBy: {
      file: 'tests/unit/publisher/later-release.test.ts',
      title: '%s: a publish is refused, and a rollback leaves it behind',
    },
  },

  // Who may do what.
  {
    name: 'any-token-reaches-any-namespace',
    file: 'src/server/http/guard.ts',
    replace: [
      [
        'namespace === undefined ? hasScope(grant, scope) : isGranted(grant, { scope, namespace })',
        'namespace === undefined ? hasScope(grant, scope) : hasScope(grant, scope)',
      ],
    ],
    noticedBy: {
      file: 'tests/unit/server/access/scopes.test.ts',
      title: 'does nothing in the namespaces of others',
    },
  },
  {
    name: 'anybody-steers-a-rollback',
    file: 'src/fleet/refusers.ts',
    replace: [['reports.filter(({ bound }) => bound === true)', 'reports.filter(() => true)']],
    noticedBy: {
      file: 'tests/unit/server/access/bound-reports.test.ts',
      title: 'strangers that say the same %s change nothing but a warning',
    },
  },
  {
    name: 'the-beginning-of-a-name-binds',
    file: 'src/core/access/scopes.ts',
    replace: [
      [
        "return !clientId.endsWith('*') && clients.includes(clientId)",
        'return clients.length > 0 && speaksFor({ clients } as unknown as Grant, clientId)',
      ],
    ],
    noticedBy: {
      file: 'tests/unit/server/access/bound-reports.test.ts',
      title: 'strangers that say the same %s change nothing but a warning',
    },
  },
  {
    name: 'a-token-never-expires',
    file: 'src/server/access/keyring.ts',
    replace: [
      [
        'clock.now() < found.expiresMs ? found.grant : undefined',
        'found.expiresMs > 0 ? found.grant : undefined',
      ],
    ],
    noticedBy: { file: 'tests/unit/server/access/scopes.test.ts', title: 'a token ends when it expires' },
  },
  {
    name: 'a-revoked-token-lives-on',
    file: 'src/server/access/keyring.ts',
    replace: [['named = next }', 'for (const [name, key] of next) named.set(name, key) }']],
    noticedBy: {
      file: 'tests/unit/server/access/scopes.test.ts',
      title: 'a token that is revoked ends within two seconds, and one that is made is known within two',
    },
  },
  {
    name: 'a-stream-outlives-its-token',
    file: 'src/server/access/keyring.ts',
    replace: [['isBlind = false if (settle()) changed()', 'isBlind = false; settle()']],
    noticedBy: {
      file: 'tests/unit/server/access/scopes.test.ts',
      title: 'ends when the token that opened it is %s, and no other',
    },
  },
  {
    name: 'a-token-speaks-for-every-client',
    file: 'src/server/routes/report-routes.ts',
    replace: [
      ['else if (!speaksFor(report.clientId))', 'else if (!speaksFor(report.clientId) && passedOver < 0)'],
    ],
    noticedBy: {
      file: 'tests/unit/server/access/scopes.test.ts',
      title: 'of a token that is bound to clients are believed of those alone',
    },
  },
  {
    name: 'reporting-wants-no-token-ever',
    file: 'src/server/http/guard.ts',
    replace: [["if (wants.has('report')) return ['report']", '']],
    noticedBy: {
      file: 'tests/unit/server/access/scopes.test.ts',
      title: 'of a token that is bound to clients are believed of those alone',
    },
  },
  {
    name: 'anybody-is-a-controller',
    file: 'src/server/routes/report-routes.ts',
    replace: [
      [
        "report.role?.type === 'controller' && !mayControl",
        "report.role?.type === 'controller' && !mayControl && passedOver < 0",
      ],
    ],
    noticedBy: {
      file: 'tests/unit/server/access/scopes.test.ts',
      title: 'of a controller are believed with the scope control, and no other',
    },
  },
  {
    name: 'a-header-of-anybody-counts',
    file: 'src/server/access/caller.ts',
    replace: [['|| !isProxy(request.peer)', '']],
    noticedBy: {
      file: 'tests/unit/server/access/proxy-identity.test.ts',
      title: 'the header of anybody but a trusted proxy says nothing',
    },
  },
  {
    name: 'each-refusal-is-a-line',
    file: 'src/server/access/refusals.ts',
    replace: [
      [
        'if (cancel === undefined) { tell(refusal, 1)',
        'if (cancel === undefined || refusal.status > 0) { cancel?.(); tell(refusal, 1)',
      ],
    ],
    noticedBy: {
      file: 'tests/unit/server/access/scopes.test.ts',
      title: 'refusals are told at once, and then once a minute with their number, and never what was sent',
    },
  },

  // The rehearsals of docs/operations.md: a step is left out, or the mechanism that it rests on.
  {
    name: 'the-disk-stays-full',
    file: 'tests/support/rehearsal.ts',
    replace: [
      [
        'return commandsOf(block) } /** Every command',
        "return commandsOf(block).map(line => (line.startsWith('rm ') ? 'df /var/lib/board' : line)) } /** Every command",
      ],
    ],
    noticedBy: {
      file: 'tests/unit/cli/rehearsals.test.ts',
      title: 'a disk that is full: the procedure of docs/operations.md, line by line',
    },
  },
  {
    name: 'the-clock-stays-wrong',
    file: 'tests/support/rehearsal.ts',
    replace: [
      [
        'return commandsOf(block) } /** Every command',
        "return commandsOf(block).map(line => (line.startsWith('chronyc ') ? 'date -u' : line)) } /** Every command",
      ],
    ],
    noticedBy: {
      file: 'tests/unit/cli/rehearsals.test.ts',
      title: 'a clock that is wrong: the procedure of docs/operations.md, line by line',
    },
  },
  {
    name: 'the-owner-stays-wrong',
    file: 'tests/support/rehearsal.ts',
    replace: [
      [
        'return commandsOf(block) } /** Every command',
        "return commandsOf(block).map(line => (line.startsWith('chown ') ? 'find /var/lib/board ! -user board' : line)) } /** Every command",
      ],
    ],
    noticedBy: {
      file: 'tests/unit/cli/rehearsals.test.ts',
      title: 'an owner that is wrong: the procedure of docs/operations.md, line by line',
      as: 'root',
    },
  },
  {
    name: 'a-wrong-owner-is-a-matter-of-tokens',
    file: 'src/node/disk/system-error.ts',
    replace: [["EACCES: ['unavailable'", "EACCES: ['unauthorized'"]],
    noticedBy: {
      file: 'tests/unit/cli/rehearsals.test.ts',
      title: 'an owner that is wrong: the procedure of docs/operations.md, line by line',
      as: 'root',
    },
  },
  {
    name: 'no-epoch-is-opened',
    file: 'tests/support/rehearsal.ts',
    replace: [
      [
        'return commandsOf(block) } /** Every command',
        "return commandsOf(block).map(line => (line.startsWith('noticeboard epoch ') ? 'noticeboard status checkout/prod' : line)) } /** Every command",
      ],
    ],
    noticedBy: {
      file: 'tests/unit/cli/restore.test.ts',
      title: 'a backup is put back under a running server as docs/operations.md says, line by line',
    },
  },
  {
    name: 'no-rollback-on-a-full-disk',
    file: 'src/node/board/reserve.ts',
    replace: [['if (!isDiskFull(error)) throw error if (', 'if (path.length > 0) throw error; if (']],
    noticedBy: {
      file: 'tests/unit/cli/rehearsals.test.ts',
      title: 'a disk that is full: the procedure of docs/operations.md, line by line',
    },
  },
  {
    name: 'a-full-disk-is-nobodys-business',
    file: 'src/node/board/room.ts',
    replace: [["if (reserve?.bytes !== RESERVE_BYTES) return 'none'", '']],
    noticedBy: {
      file: 'tests/unit/cli/rehearsals.test.ts',
      title: 'a disk that is full: the procedure of docs/operations.md, line by line',
    },
  },
  {
    name: 'marks-are-judged-by-their-time',
    file: 'src/client/receive/release-order.ts',
    replace: [
      [
        "type: isRepeated ? 'nothing' : 'current'",
        "type: isRepeated || fleetClock.now() > Date.parse(mark.validUntil) ? 'nothing' : 'current'",
      ],
    ],
    also: [
      {
        file: 'src/client/receive/fleet-clock.ts',
        replace: [['if (earlier.count < MARKS_IN_A_ROW) return', 'if (earlier.count > 0) return']],
      },
    ],
    noticedBy: {
      file: 'tests/unit/cli/rehearsals.test.ts',
      title: 'a clock that is wrong: the procedure of docs/operations.md, line by line',
    },
  },
  {
    name: 'what-went-back-takes-a-publish',
    file: 'src/core/store/remembering-store.ts',
    replace: [['if (known !== undefined && !isNext) await assertStands(namespace, signal)', 'void isNext']],
    noticedBy: {
      file: 'tests/unit/cli/restore.test.ts',
      title: 'a backup is put back under a running server as docs/operations.md says, line by line',
    },
  },
  // Encodings.
  {
    name: 'a-snapshot-has-the-encoding-of-another',
    file: 'src/server/encodings/snapshot-answers.ts',
    replace: [
      ['const body = await encode(encoding, bytes)', 'const body = await (once ??= encode(encoding, bytes))'],
      [
        'let last: Promise<unknown> = Promise.resolve()',
        'let last: Promise<unknown> = Promise.resolve()\n  let once: Promise<Uint8Array> | undefined',
      ],
    ],
    noticedBy: {
      file: 'tests/unit/server/encodings/snapshot-answers.test.ts',
      title: 'each snapshot comes in the encoding of itself, also of several that are asked for together',
    },
  },
  {
    name: 'what-nobody-runs-is-encoded',
    file: 'src/server/encodings/snapshot-answers.ts',
    replace: [
      ['return isNamed(namespace, digest) ? best', 'return isNamed(namespace, digest) || best ? best'],
    ],
    noticedBy: {
      file: 'tests/unit/server/encodings/snapshot-answers.test.ts',
      title: 'what nobody is to run is not encoded',
    },
  },
  {
    name: 'encodings-wait-without-end',
    file: 'src/server/encodings/snapshot-answers.ts',
    replace: [['const MAX_WAITING = 8', 'const MAX_WAITING = 8_000']],
    noticedBy: {
      file: 'tests/unit/server/encodings/snapshot-answers.test.ts',
      title: 'snapshots are encoded one after the other, and past eight that wait they go out as they are',
    },
  },
  {
    name: 'encodings-cost-nothing',
    file: 'src/server/stream/snapshot-cache.ts',
    replace: [['entry, form.body.length)', 'entry, 0 * form.body.length)']],
    noticedBy: {
      file: 'tests/unit/server/encodings/snapshot-answers.test.ts',
      title: 'encodings count for the bound on what is kept, and go with their snapshot',
    },
  },
  {
    name: 'one-tag-for-all-encodings',
    file: 'src/server/encodings/snapshot-form.ts',
    replace: [["encoding === undefined ? '' : `-${encoding}`", "''"]],
    noticedBy: {
      file: 'tests/unit/server/encodings/snapshots.test.ts',
      title: 'with the tag "…%s" ends, for who accepts %j, in %i',
    },
  },
  {
    name: 'decoded-bytes-are-not-counted',
    file: 'src/transports/fetch/body.ts',
    replace: [
      ['if (length > maxBytes)', "if (length > maxBytes && !response.headers.has('content-encoding'))"],
    ],
    noticedBy: {
      file: 'tests/unit/server/encodings/snapshots.test.ts',
      title: 'a client reads no more of it than the release says, in decoded bytes',
    },
  },
  {
    name: 'an-encoding-that-was-broken-is-asked-for-again',
    file: 'src/transports/http/reading.ts',
    replace: [['return read(settings, PLAIN)\n}', 'return read(settings, snapshotEncodings())\n}']],
    noticedBy: {
      file: 'tests/unit/transports/http/requests.test.ts',
      title: 'is asked for as it is where something in between %s',
    },
  },
  {
    name: 'a-stream-that-was-broken-is-asked-for-again',
    file: 'src/transports/http/event-stream.ts',
    replace: [['if (isMute && !signal.aborted) settings.plainStreams = true', 'void isMute']],
    noticedBy: {
      file: 'tests/unit/server/encodings/gzip-streams.test.ts',
      title: 'a stream that brings nothing encoded is asked for as it is the next time',
    },
  },
  {
    name: 'events-share-a-window',
    file: 'src/server/encodings/gzip-frames.ts',
    replace: [
      [
        '{ level: LEVEL, finishFlush: constants.Z_FULL_FLUSH }',
        "{ level: LEVEL, finishFlush: constants.Z_FULL_FLUSH, dictionary: Buffer.from('a setting like the one before. ') }",
      ],
    ],
    noticedBy: {
      file: 'tests/unit/server/encodings/gzip-streams.test.ts',
      title: 'is compressed alone: it refers to nothing before it',
    },
  },
  {
    name: 'each-reader-has-its-own-compression',
    file: 'src/server/encodings/gzip-frames.ts',
    replace: [
      ['const running = compressing.get(frame) ?? compress(frame)', 'const running = compress(frame)'],
    ],
    noticedBy: {
      file: 'tests/unit/server/encodings/gzip-streams.test.ts',
      title: 'is compressed once for all readers, and is the same bytes for each',
    },
  },
  {
    name: 'a-check-value-of-the-last-event',
    file: 'src/server/encodings/gzip-sink.ts',
    replace: [['combined(this.#crc, compressed.checked)', 'compressed.checked.crc']],
    noticedBy: {
      file: 'tests/unit/server/encodings/gzip-streams.test.ts',
      title: 'has the check value of what went through it, whatever that was',
    },
  },
  {
    name: 'a-publish-reads-all-that-strangers-say',
    file: 'src/server/routes/report-routes.ts',
    replace: [['query.brief === undefined ? undefined : briefly(query.brief.labels)', 'undefined']],
    noticedBy: {
      file: 'tests/unit/publisher/many-strangers.test.ts',
      title: '%s reads little of what strangers report, once',
    },
  },
  {
    name: 'who-floods-a-worker-has-all-of-its-way',
    file: 'src/server/together/outbox.ts',
    replace: [['own + bytes > maxBytes - sum', 'own >= 0 && bytes > maxBytes - sum']],
    noticedBy: {
      file: 'tests/unit/server/together.test.ts',
      title:
        'whoever floods a process fills half of what may be on its way to the one that keeps the reports, and no fleet is left out',
    },
  },
  {
    name: 'each-worker-holds-the-bodies-of-all',
    file: 'src/server/handler.ts',
    replace: [
      ['Math.ceil(MAX_HELD_BODIES_BYTES / (shared?.processes ?? 1))', 'Math.ceil(MAX_HELD_BODIES_BYTES)'],
    ],
    noticedBy: {
      file: 'tests/unit/server/together.test.ts',
      title: '%i processes hold no more bodies of strangers together than one: each gives up %i of 33',
    },
  },
  // Deltas, encodings and servers of several processes.
  ...FORM_GUARDS,
]

/** What a title looks like once a table of cases has filled it in. */
export function titlePatternOf(title: string): string {
  const parts = title.split(/%[sdij]/).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return `${parts.join('.*')}$`
}
