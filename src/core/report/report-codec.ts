import type { Json } from '../../contracts/json.js'
import { isDigest, namespaceProblem } from '../../contracts/names.js'
import type { WentBack } from '../../contracts/position.js'
import type {
  ClientReport,
  HeardReports,
  PreviousLife,
  ProbeAnswer,
  ReportPhase,
  ReportRole,
  RolloutStandstill,
  SnapshotVerdict,
  StageMeasures,
} from '../../contracts/report.js'
import { shapeOf, type Shape } from '../json/shape.js'
import { isLine } from '../json/text.js'
import { isInstant } from '../release/instant.js'
import { readPosition } from '../release/read-position.js'
import {
  MAX_LABELS,
  MAX_MEASURED,
  MAX_MEASURES,
  MAX_NEXT_REPORT_MS,
  MAX_OVERRIDDEN,
  MAX_RUNNABLE,
  MAX_SHORT_LINE_LENGTH,
  MAX_SLOT,
  MAX_VERDICTS,
} from '../limits.js'

const PHASES: ReadonlySet<string> = new Set<ReportPhase>([
  'waiting', 'staged', 'trying', 'applied', 'healthy', 'rejected', 'reverted', 'quarantined', 'paused', 'stopped',
]) // prettier-ignore
const VERDICTS: ReadonlySet<string> = new Set<SnapshotVerdict['verdict']>([
  'rejected',
  'reverted',
  'quarantined',
])
const STANDSTILLS: ReadonlySet<string> = new Set<RolloutStandstill['is']>(['paused', 'waiting', 'failing'])
const ENDS: ReadonlySet<string> = new Set<PreviousLife['end']>(['clean', 'abrupt'])
const ANSWERS: ReadonlySet<string> = new Set<ProbeAnswer>([
  'healthy',
  'unhealthy',
  'threw',
  'timeout',
  'none',
])

/**
 * Reads one report that came from outside: bounded in every member. Throws `invalid-data` with the
 * member's path.
 *
 * ```ts
 * const report = readReport(JSON.parse(text))
 * ```
 */
export function readReport(value: Json): ClientReport {
  return readMembers(shapeOf(value, 'the report'))
}

/**
 * Reads a report of a store, with what is the receiver's to say: the times at which it was heard,
 * and whether a token is bound to it.
 */
export function readStampedReport(value: Json): ClientReport {
  const shape = shapeOf(value, 'the report')
  const report = readMembers(shape)
  if (shape.has('receivedAt')) report.receivedAt = shape.string('receivedAt', isInstant)
  if (shape.has('firstHeardAt')) report.firstHeardAt = shape.string('firstHeardAt', isInstant)
  if (shape.has('bound') && shape.member('bound') === true) report.bound = true
  return report
}

/** A report while it is read. */
type Unfinished = { -readonly [Name in keyof ClientReport]: ClientReport[Name] }

/**
 * Member by member into one object: a fleet's reports come by the 100,000, and an object for each
 * member costs several times what the members do.
 */
function readMembers(shape: Shape): Unfinished {
  if (shape.member('v') !== 1) throw shape.refuse('v', 'must be 1')
  const report: Unfinished = {
    v: 1,
    namespace: shape.string('namespace', isNamespace),
    clientId: shape.string('clientId', isLine),
    instanceId: shape.string('instanceId', isInstanceId),
    ephemeral: shape.member('ephemeral') === true,
    labels: readLabels(shape.object('labels')),
    strategy: shape.string('strategy', isLine),
    lookMs: shape.integer('lookMs', 0, Number.MAX_SAFE_INTEGER),
    count: shape.integer('count', 1, Number.MAX_SAFE_INTEGER),
    upMs: shape.integer('upMs', 0, Number.MAX_SAFE_INTEGER),
    phase: oneOf(PHASES, shape.string('phase', isLine)) as ReportPhase,
    sinceMs: shape.integer('sinceMs', 0, Number.MAX_SAFE_INTEGER),
    protection: shape.member('protection') === 'disk' ? 'disk' : 'none',
  }
  if (shape.has('build')) report.build = shape.string('build', isLine)
  if (shape.has('role')) report.role = readRole(shape.object('role'))
  if (shape.has('slot')) report.slot = shape.integer('slot', 0, MAX_SLOT)
  if (shape.has('seen')) report.seen = readPosition(shape.object('seen'))
  if (shape.has('applied')) report.applied = readPosition(shape.object('applied'))
  if (shape.has('digest')) report.digest = shape.string('digest', isDigest)
  if (shape.has('version')) report.version = shape.integer('version', 1, Number.MAX_SAFE_INTEGER)
  if (shape.has('refused')) report.refused = shape.string('refused', isDigest)
  if (shape.has('code')) report.code = shape.string('code', isLine)
  if (shape.has('validator')) report.validator = shape.string('validator', isLine)
  if (shape.has('path')) report.path = shape.string('path', isLine)
  if (shape.has('reason')) report.reason = shape.string('reason', isLine)
  if (shape.has('verdicts')) report.verdicts = shape.objects('verdicts', MAX_VERDICTS).map(readVerdict)
  if (shape.has('health')) report.health = readHealth(shape.object('health'))
  if (shape.has('previous')) report.previous = readPrevious(shape.object('previous'))
  if (shape.has('measures')) report.measures = readMeasures(shape.object('measures'))
  if (shape.has('overridden')) report.overridden = readLines(shape, 'overridden', MAX_OVERRIDDEN)
  if (shape.has('overriddenOmitted'))
    report.overriddenOmitted = shape.integer('overriddenOmitted', 1, Number.MAX_SAFE_INTEGER)
  if (shape.has('nextReportWithinMs'))
    report.nextReportWithinMs = shape.integer('nextReportWithinMs', 1, MAX_NEXT_REPORT_MS)
  return report
}

/** The namespace that was read last. */
let known: string | undefined

/** Whether a text is a namespace. All that are read together are mostly of one. */
function isNamespace(text: string): boolean {
  if (text === known) return true
  if (namespaceProblem(text) !== undefined) return false
  known = text
  return true
}

/**
 * Reads what a store answers that was asked for its reports. Those that cannot be read are counted.
 */
export function readHeardReports(shape: Shape): HeardReports & { readonly unread: number } {
  const reports: ClientReport[] = []
  let unread = 0
  for (const item of shape.list('reports', Number.MAX_SAFE_INTEGER)) {
    try {
      reports.push(readStampedReport(item))
    } catch {
      // Of a client newer than this reader: one must not hide the others.
      unread += 1
    }
  }
  return {
    since: shape.string('since', isInstant),
    asOf: shape.string('asOf', isInstant),
    reports,
    ...shape.optional('wentBack', name => readWentBack(shape.object(name))),
    ...readRoom(shape),
    ...shape.optional('lacks', name => shape.string(name, isDigest)),
    unread,
  }
}

/** What a later version may say is left out. */
function readRoom(shape: Shape): Pick<HeardReports, 'room'> {
  if (!shape.has('room')) return {}
  const room = shape.member('room')
  return room === 'reserve' || room === 'none' || room === 'read-only' ? { room } : {}
}

function readWentBack(shape: Shape): WentBack {
  return {
    from: readPosition(shape.object('from')),
    ...shape.optional('to', name => readPosition(shape.object(name))),
  }
}

/** What is not known is kept as such, so that a later version may add to the list. */
function oneOf(known: ReadonlySet<string>, text: string): string {
  return known.has(text) ? text : 'other'
}

function readRole(shape: Shape): ReportRole {
  if (shape.string('type', isLine) !== 'controller') return { type: 'other' }
  return {
    type: 'controller',
    policies: readLines(shape, 'policies', MAX_RUNNABLE),
    gates: readLines(shape, 'gates', MAX_RUNNABLE),
    ...shape.optional('rollout', name => shape.string(name, isLine)),
    ...shape.optional('stands', name => readStandstill(shape.object(name))),
  }
}

function readStandstill(shape: Shape): RolloutStandstill {
  return {
    ...shape.optional('rollout', name => shape.string(name, isLine)),
    is: oneOf(STANDSTILLS, shape.string('is', isLine)) as RolloutStandstill['is'],
    why: shape.string('why', isLine),
  }
}

function readVerdict(shape: Shape): SnapshotVerdict {
  return {
    digest: shape.string('digest', isDigest),
    verdict: oneOf(VERDICTS, shape.string('verdict', isLine)) as SnapshotVerdict['verdict'],
    ...shape.optional('code', name => shape.string(name, isLine)),
    ...shape.optional('validator', name => shape.string(name, isLine)),
    ...shape.optional('path', name => shape.string(name, isLine)),
    ...shape.flag('overridden'),
  }
}

function readHealth(shape: Shape): NonNullable<ClientReport['health']> {
  return { before: readAnswer(shape, 'before'), now: readAnswer(shape, 'now') }
}

/** An answer that this version does not know is none that it can go by. */
function readAnswer(shape: Shape, name: string): ProbeAnswer {
  const answer = shape.string(name, isLine)
  return ANSWERS.has(answer) ? (answer as ProbeAnswer) : 'threw'
}

function readPrevious(shape: Shape): PreviousLife {
  return {
    instanceId: shape.string('instanceId', isInstanceId),
    ...shape.optional('digest', name => shape.string(name, isDigest)),
    end: oneOf(ENDS, shape.string('end', isLine)) as PreviousLife['end'],
    ranMs: shape.integer('ranMs', 0, Number.MAX_SAFE_INTEGER),
  }
}

function readMeasures(shape: Shape): StageMeasures {
  return {
    stage: readPosition(shape.object('stage')),
    digest: shape.string('digest', isDigest),
    overMs: shape.integer('overMs', 0, Number.MAX_SAFE_INTEGER),
    numbers: shape.objects('numbers', MAX_MEASURES).map(readNumber),
  }
}

function readNumber(shape: Shape): StageMeasures['numbers'][number] {
  const count = shape.integer('count', 1, Number.MAX_SAFE_INTEGER)
  const sum = shape.member('sum')
  if (typeof sum !== 'number' || !(sum >= 0 && sum <= MAX_MEASURED * count) || Object.is(sum, -0))
    throw shape.refuse('sum', 'is not the sum of so many values')
  return { name: shape.string('name', text => isLine(text, MAX_SHORT_LINE_LENGTH)), count, sum }
}

function readLines(shape: Shape, name: string, most: number): readonly string[] {
  return shape.list(name, most).filter(item => isLine(item))
}

function readLabels(shape: Shape): Readonly<Record<string, string>> {
  const names = shape.names()
  if (names.length > MAX_LABELS) throw shape.refuse('', `holds more than ${MAX_LABELS} labels`)
  if (!names.every(name => isLine(name) && !name.includes('=')))
    throw shape.refuse('', 'holds a label whose name is not written as docs/formats.md says')
  return Object.fromEntries(names.map(name => [name, shape.string(name, isLine)]))
}

const INSTANCE_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

/** Whether a text can name an instance: it becomes a file's name. */
export function isInstanceId(text: string): boolean {
  return INSTANCE_ID.test(text)
}
