import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MAX_SEGMENTS } from '../../../src/contracts/names.js'
import * as limits from '../../../src/core/limits.js'
import { root } from '../../../scripts/entry-points.js'

/** The text of docs/formats.md in one line, so that it may be wrapped anywhere. */
const text = readFileSync(`${root}/docs/formats.md`, 'utf8').replaceAll(/\s+/g, ' ')

const MIB = 1_048_576
const KIB = 1_024
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const WORDS: Readonly<Record<string, number>> = { three: 3, four: 4, an: 1, ten: 10 }

/** Where each limit is said: the number is what the parentheses catch, times the unit. */
const SAID: Readonly<Record<keyof typeof limits, readonly [RegExp, unit?: number]>> = {
  MAX_SNAPSHOT_BYTES: [/canonical JSON \(RFC 8785\), at most (\d+) MiB/, MIB],
  MAX_DEPTH: [/objects and arrays nest at most (\d+) levels/],
  MAX_LINE_LENGTH: [/clientId, build, label's name and value \| 1-(\d+) UTF-16/],
  MAX_SHORT_LINE_LENGTH: [/`cause` \| 1-(\d+) characters/],
  MAX_SCHEMA_BYTES: [/schema\.json` \| `admin`; 204; 413 past (\d+) MiB/, MIB],
  RESERVE_BYTES: [/private\/reserve (\d+) MiB/, MIB],
  CHECKED_RELEASES: [/newest (\d+) are checked/],
  LISTED_RELEASES: [/pointer is beyond the ([\d,]+)th release/],
  NOTED_MS: [/temporary file's own name\. It stands for (an) hour/, HOUR_MS],
  ABANDONED_MS: [/Temporary files older than (an) hour/, HOUR_MS],
  MIN_DELTA_SNAPSHOT_BYTES: [/Snapshots of ([\d,]+) bytes and more have deltas/],
  MAX_DELTA_WINDOW_BYTES: [/its window has 8 MiB \(([\d,]+) bytes\) at most/],
  MAX_DELTAS_A_RELEASE: [/given by the newest, (\d+) a release at most/],
  DELTA_RELEASES: [/that one of the (four) releases before names/],
  MAX_CONFIG_MAP_BYTES: [/values have (\d+) MiB together at most/, MIB],
  MAX_RELEASE_BYTES: [/## The release file Canonical JSON, ([\d,]+) bytes at most/],
  LARGE_RELEASE_BYTES: [/a writer warns of one beyond ([\d,]+) bytes/],
  MAX_PLAN_BYTES: [/canonical `plan` of ([\d,]+) bytes at most/],
  MAX_BAKE_MS: [/`bakeMs` \(0-([\d,]+)\)/],
  MAX_REASON_BYTES: [/author and reason take ([\d,]+) bytes at most/],
  MAX_EXCEPTIONS: [/`exceptions` are up to (\d+) clients/],
  MAX_COUNTS: [/`counts` names up to (\d+) whole numbers/],
  MAX_VERDICTS: [/`verdicts\?` \| up to (\d+) of/],
  MAX_MEASURES: [/`measures` of it is a list of up to (\d+) names/],
  MAX_MEASURED: [/values from 0 to ([\d,]+) each/],
  MAX_WORSE_BY: [/`worseBy` a share of 0-(\d+)/],
  MAX_SLOT: [/`slot\?` \| 0-([\d,]+)/],
  MAX_RUNNABLE: [/`gates`, (\d+) texts each at most/],
  MAX_SIGNATURES: [/`signatures`, (\d+) at most/],
  MAX_VARIANTS: [/with 1-(\d+) variants/],
  MAX_SPREAD_MS: [/`spreadMs\?` \| 0-([\d,]+)/],
  MAX_WITHDRAWN: [/`withdrawn\?` \| up to (\d+)/],
  MAX_READMITTED: [/`readmit\?` \| up to (\d+)/],
  MAX_CRITICAL: [/`crit\?` \| up to (\d+)/],
  MAX_STAGE: [/`stage` 0-([\d,]+)/],
  MAX_CLAUSES: [/with up to (\d+) clauses/],
  MAX_IDS: [/`ids` \(up to (\d+)/],
  MAX_MARK_BYTES: [/may be relied on\. ([\d,]+) bytes at most/],
  MAX_AUDIT_BYTES: [/further members, canonical JSON, ([\d,]+) bytes at most/],
  MAX_EPOCH_LEAP: [/of one epoch and ([\d,]+) epochs/],
  MAX_CONFIRMED_EPOCH_LEAP: [/up to ([\d,]+) epochs once nothing else was served/],
  MAX_SEQUENCE_LEAP: [/follows no more than ([\d,]+) releases/],
  LEAP_CONFIRMED_MS: [/nothing else was served for (ten) minutes/, MINUTE_MS],
  MAX_RETRY_AFTER_MS: [/floor for the next attempt, of ([\d,]+) ms at most/],
  MIN_HEARTBEAT_MS: [/`heartbeatMs` of less than (\d+) counts/],
  MAX_HEARTBEAT_MS: [/of more than ([\d,]+) as/],
  MAX_KEPT_REPORTS_BYTES: [/a database, keeps (\d+) MiB of reports of each process/, MIB],
  MAX_REPORTS: [/`\{"reports":\[…\]\}`, (\d+) and 1 MiB at most/],
  MAX_REPORT_BYTES: [/A JSON object of ([\d,]+) bytes at most, `POST`ed/],
  MAX_LABELS_BYTES: [/a client has no more than ([\d,]+) bytes of JSON/],
  MAX_REPORTS_MARKS: [/with ([\d,]+) commas, brackets, braces and backslashes at most/],
  MAX_HELD_BODIES_BYTES: [/not done with is (\d+) MiB of writers/, MIB],
  REPORTS_A_SECOND: [/brings more than ([\d,]+) reports a second without a token/],
  REPORTS_AT_ONCE: [/reports a second without a token, once it has brought ([\d,]+)/],
  MAX_UNPUBLISHED: [/a server remembers ([\d,]+) names that somebody listens to/],
  STREAM_LINES_A_SECOND: [/more than ([\d,]+) lines a second, once it has brought/],
  STREAM_LINES_AT_ONCE: [/lines a second, once it has brought ([\d,]+)/],
  MAX_SENT_REPORTS_BYTES: [/before one has more than (\d+) KiB/, KIB],
  MAX_TOKEN_FILE_BYTES: [/a name is given once, canonical JSON of ([\d,]+) bytes at most/],
  MAX_TOKEN_SCOPES: [/`scopes` \| 1-(\d+) scopes/],
  MAX_TOKEN_NAMESPACES: [/`namespaces` \| 1-(\d+) patterns/],
  MAX_TOKEN_CLIENTS: [/`clients\?` \| 1-(\d+) clientIds/],
  LEAST_STAGED_REPORT_MS: [/`reportMs` is ([\d,]+) or more/],
  FEW_CLIENTS: [/Where (three) clients or more are heard/],
  MAX_REPORTS_BYTES: [/`\{"reports":\[…\]\}`, \d+ and (\d+) MiB at most/, MIB],
  MAX_LABELS: [/Up to 64 `ns` and (\d+) `label`/],
  MAX_REPORT_MS: [/reports each `reportMs` \(1-([\d,]+)\)/],
  MAX_NEXT_REPORT_MS: [/`nextReportWithinMs` \(1 to ([\d,]+)\)/],
  MAX_OVERRIDDEN: [/`overridden\?` \(up to (\d+) paths\)/],
  KEPT_SILENT_MS: [/forget an instance after (\d+) days of silence/, 24 * HOUR_MS],
  REPORT_LAG_MS: [/no sooner than it and (10) s, since a folder/, 1_000],
  MISSING_AFTER_PERIODS: [/older than (three) times its `nextReportWithinMs` is \*missing\*/],
  MAX_STATE_BYTES: [/An instance file is canonical JSON, ([\d,]+) bytes/],
  MAX_GOOD: [/`good` \| up to (three)/],
  MAX_REFUSALS: [/`refused` \| up to (\d+)/],
  MAX_STATE_FILES: [/all but the newest (\d+)/],
  STATE_BEAT_MS: [/the disk is told every (5) s/, 1_000],
  MAX_STREAM_NAMESPACES: [/Up to (\d+) `ns`/],
  MAX_INLINE_BYTES: [/`inline=1`, up to (\d+) KiB/, KIB],
  DEAD_AFTER_HEARTBEATS: [/No frame for ([\d.]+) heartbeats/],
}

test.each(Object.entries(limits))('%s is what docs/formats.md says', (name, limit) => {
  const [said, unit = 1] = SAID[name as keyof typeof limits]
  const number = said.exec(text)?.[1]
  expect(number, `${String(said)} in docs/formats.md`).toBeDefined()
  expect((WORDS[number ?? ''] ?? Number(number?.replaceAll(',', ''))) * unit).toBe(limit)
})

test('the segments of a namespace are as many as docs/formats.md says', () => {
  expect(/1-(\d+) segments/.exec(text)?.[1]).toBe(String(MAX_SEGMENTS))
})
