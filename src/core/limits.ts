// Every number of docs/formats.md that code keeps to, once. Those that say what a name looks like
// are part of its form, in contracts/names.ts and contracts/position.ts.

// Canonical JSON and texts

/** The largest document, in bytes of canonical JSON, unless a limit is given. */
export const MAX_SNAPSHOT_BYTES = 1_048_576

/** How many objects and arrays may lie within each other. */
export const MAX_DEPTH = 64

/** The longest clientId, build, label's name or value, in UTF-16 code units. */
export const MAX_LINE_LENGTH = 256

/** The longest `cause` of a release and `salt` of an audience, in UTF-16 code units. */
export const MAX_SHORT_LINE_LENGTH = 64

// The board

/** The largest JSON Schema beside a namespace, in bytes. */
export const MAX_SCHEMA_BYTES = 1_048_576

/** The size of `private/reserve`, in bytes. */
export const RESERVE_BYTES = 4_194_304

/** How many of the newest releases are checked for gaps and for `prev` when a log is read. */
export const CHECKED_RELEASES = 50

/**
 * Up to how many releases the folder of an epoch is listed to look for gaps; of more,
 * {@link CHECKED_RELEASES} are looked at.
 */
export const LISTED_RELEASES = 1_000

/**
 * Files this old count as abandoned, in milliseconds: temporary files, snapshots that nothing
 * names, and the state files of instances that are gone.
 */
export const ABANDONED_MS = 3_600_000

/**
 * The smallest snapshot that has deltas, in bytes: of a shorter one the headers of an answer are
 * the larger part.
 */
export const MIN_DELTA_SNAPSHOT_BYTES = 4_096

/** The largest window of a delta's frame, in bytes: what a reader has to have room for. */
export const MAX_DELTA_WINDOW_BYTES = 8_388_608

/** How many deltas are made for one release at most. */
export const MAX_DELTAS_A_RELEASE = 64

/** How many releases before the newest one deltas lead from, on a board. */
export const DELTA_RELEASES = 4

/**
 * What the values of one ConfigMap or Secret may have together, in bytes; Kubernetes refuses more.
 */
export const MAX_CONFIG_MAP_BYTES = 1_048_576

// Releases, marks and audit records

/** The largest release file, in bytes. */
export const MAX_RELEASE_BYTES = 65_536

/** Writers warn of a release file beyond this, in bytes: every client fetches each release. */
export const LARGE_RELEASE_BYTES = 16_384

/** How many signatures a release or a mark may carry. */
export const MAX_SIGNATURES = 16

/** How many variants an arm may have. */
export const MAX_VARIANTS = 64

/** The longest `spreadMs`, in milliseconds. */
export const MAX_SPREAD_MS = 3_600_000

/** How many snapshots one release may withdraw. */
export const MAX_WITHDRAWN = 128

/** How many snapshots one release may readmit. */
export const MAX_READMITTED = 64

/** How many names `crit` may hold. */
export const MAX_CRITICAL = 64

/** The highest `stage` of a rollout. */
export const MAX_STAGE = 1_000

/** The largest `plan` of a rollout, in bytes of canonical JSON. */
export const MAX_PLAN_BYTES = 4_096

/** The longest `bakeMs`, in milliseconds: a week. */
export const MAX_BAKE_MS = 604_800_000

/** The highest `worseBy` of a guardrail. */
export const MAX_WORSE_BY = 100

/** How many clauses an audience may have. */
export const MAX_CLAUSES = 64

/** How many clients one clause of an audience may name. */
export const MAX_IDS = 512

/** The largest mark, in bytes. */
export const MAX_MARK_BYTES = 4_096

/** The largest audit record, in bytes. */
export const MAX_AUDIT_BYTES = 65_536

/** The most bytes that author and reason of an audit record may take together. */
export const MAX_REASON_BYTES = 4_096

/** How many clients the evidence of an audit record may name. */
export const MAX_EXCEPTIONS = 100

/** How many numbers the evidence of an audit record may hold. */
export const MAX_COUNTS = 64

// What a number may do

/**
 * How many epochs a reader comes forward in an hour without looking twice; an operator opens each
 * by hand.
 */
export const MAX_EPOCH_LEAP = 1_000

/**
 * How many epochs it comes forward in an hour at all, and the highest epoch that it begins with.
 */
export const MAX_CONFIRMED_EPOCH_LEAP = 1_000_000

/** How many releases of one epoch it comes forward in an hour: one a second for 31 years. */
export const MAX_SEQUENCE_LEAP = 1_000_000_000

/**
 * How long nothing else may be served before a leap of more than {@link MAX_EPOCH_LEAP} is
 * followed.
 */
export const LEAP_CONFIRMED_MS = 600_000

/**
 * The longest Retry-After, or delay of a goodbye, that is obeyed unless another one is configured,
 * in milliseconds.
 */
export const MAX_RETRY_AFTER_MS = 60_000

/**
 * The shortest heartbeat that a stream may announce, in milliseconds; a shorter one counts as this.
 */
export const MIN_HEARTBEAT_MS = 10

/** The longest, in milliseconds; a longer one counts as this. */
export const MAX_HEARTBEAT_MS = 600_000

// Reports

/** How many reports one request may carry. */
export const MAX_REPORTS = 100

/** The largest body of reports, in bytes. */
export const MAX_REPORTS_BYTES = 1_048_576

/** The largest report, in bytes of JSON. */
export const MAX_REPORT_BYTES = 4_096

/** What the labels of a client may take together, in bytes of JSON. */
export const MAX_LABELS_BYTES = 2_048

/** The largest body of reports that is sent, in bytes. */
export const MAX_SENT_REPORTS_BYTES = 49_152

/**
 * How many commas, brackets, braces and backslashes a body of reports may have, those in texts left
 * out but for the backslashes: they, and not its length, are what reading it costs.
 */
export const MAX_REPORTS_MARKS = 16_384

/**
 * What a server holds of bodies that are not done with, in bytes: of writers, of who reports with a
 * token, and of strangers.
 */
export const MAX_HELD_BODIES_BYTES = 33_554_432

/**
 * How many reports a second an address brings without a token, and how many gather while it brings
 * none.
 */
export const REPORTS_A_SECOND = 500
export const REPORTS_AT_ONCE = 10_000

/** What a process keeps of reports in a store, in bytes. */
export const MAX_KEPT_REPORTS_BYTES = 33_554_432

/** How many labels a client may carry, in a report and in the query of the event stream. */
export const MAX_LABELS = 64

/** How many paths `overridden` of a report may name. */
export const MAX_OVERRIDDEN = 256

/** How many verdicts a report may hold. */
export const MAX_VERDICTS = 4

/** How many numbers a release may ask its clients for, a report may hold, and a plan may watch. */
export const MAX_MEASURES = 4

/** The highest value that a client measures, so that sums and squares of it stay finite. */
export const MAX_MEASURED = 1_000_000_000_000_000

/** The highest `slot` of a report. */
export const MAX_SLOT = 65_535

/** How many policies, and how many gates, the report of a controller may name. */
export const MAX_RUNNABLE = 64

/**
 * The longest `nextReportWithinMs`, in milliseconds. Who promises nothing counts as if it promised
 * that.
 */
export const MAX_NEXT_REPORT_MS = 3_600_000

/** The longest `reportMs` of a rollout, in milliseconds. */
export const MAX_REPORT_MS = 86_400_000

/**
 * A client that was silent for this many times its `nextReportWithinMs` is missing: two reports may
 * be lost, and the period is stretched by its jitter.
 */
export const MISSING_AFTER_PERIODS = 3

/**
 * For how long the last word of an instance that is silent is kept, in milliseconds: a week.
 */
export const KEPT_SILENT_MS = 604_800_000

/**
 * How long a report may take to whoever reads it from a folder, in milliseconds: a server gathers
 * for 1 s and writes every 5 s.
 */
export const REPORT_LAG_MS = 10_000

// Tokens

/** The largest file of a token, in bytes. */
export const MAX_TOKEN_FILE_BYTES = 65_536

/** How many scopes a token may have. */
export const MAX_TOKEN_SCOPES = 16

/** How many patterns of namespaces a token may have. */
export const MAX_TOKEN_NAMESPACES = 64

/** How many clients a token may be bound to. */
export const MAX_TOKEN_CLIENTS = 64

/** How often clients may be asked to report by who publishes in stages alone, in milliseconds. */
export const LEAST_STAGED_REPORT_MS = 1_000

/** How many clients have to be heard before a first stage for all of them is everyone at once. */
export const FEW_CLIENTS = 3

// The state folder

/** The largest state file, in bytes. */
export const MAX_STATE_BYTES = 524_288

/** How many snapshots a client keeps as last-known-good. */
export const MAX_GOOD = 3

/** How many refusals, attempts and quarantines a state file may each hold. */
export const MAX_REFUSALS = 64

/**
 * How often a client tells its disk that it runs, in milliseconds: how long a life lasted that ended
 * abruptly is known no better.
 */
export const STATE_BEAT_MS = 5_000

/** How many instances' state files one namespace may have. */
export const MAX_STATE_FILES = 64

// The event stream

/** How many namespaces one stream carries. */
export const MAX_STREAM_NAMESPACES = 64

/**
 * How many lines of an event stream a client takes a second, and how many at once: past that the
 * stream is broken.
 */
export const STREAM_LINES_A_SECOND = 1_000
export const STREAM_LINES_AT_ONCE = 10_000

/**
 * How long it stands on a board in a folder that somebody writes to a namespace, in milliseconds.
 */
export const NOTED_MS = 3_600_000

/** How many namespaces without a release a server remembers that somebody listens to. */
export const MAX_UNPUBLISHED = 100_000

/** The largest snapshot that travels inline with its release, in bytes. */
export const MAX_INLINE_BYTES = 262_144

/** A connection that was silent for this many heartbeats is dead; a mark is valid as long. */
export const DEAD_AFTER_HEARTBEATS = 2.5
