import type { Json } from '../../contracts/json.js'
import { isDigest, namespaceProblem } from '../../contracts/names.js'
import { isEpoch, type Position } from '../../contracts/position.js'
import type { ClientReport, ReportPhase } from '../../contracts/report.js'
import { shapeOf, type Shape } from '../json/shape.js'
import { isLine } from '../json/text.js'
import { isInstant } from '../release/release.js'
import { MAX_LABELS, MAX_NEXT_REPORT_MS, MAX_OVERRIDDEN } from '../limits.js'

const PHASES: ReadonlySet<string> = new Set<ReportPhase>([
  'waiting', 'staged', 'applied', 'healthy', 'rejected', 'reverted', 'quarantined', 'stopped',
]) // prettier-ignore

/**
 * Reads one report that came from outside: bounded in every member. Throws `invalid-data` with the
 * member's path.
 *
 * ```ts
 * const report = readReport(JSON.parse(text))
 * ```
 */
export function readReport(value: Json): ClientReport {
  const shape = shapeOf(value, 'the report')
  if (shape.member('v') !== 1) throw shape.refuse('v', 'must be 1')
  return {
    v: 1,
    namespace: shape.string('namespace', text => namespaceProblem(text) === undefined),
    clientId: shape.string('clientId', isLine),
    instanceId: shape.string('instanceId', isInstanceId),
    ephemeral: shape.member('ephemeral') === true,
    labels: readLabels(shape.object('labels')),
    ...shape.optional('build', name => shape.string(name, isLine)),
    strategy: shape.string('strategy', isLine),
    count: shape.integer('count', 1, Number.MAX_SAFE_INTEGER),
    phase: shape.string('phase', phase => PHASES.has(phase)) as ReportPhase,
    ...shape.optional('seen', name => readPosition(shape.object(name))),
    ...shape.optional('applied', name => readPosition(shape.object(name))),
    ...shape.optional('digest', name => shape.string(name, isDigest)),
    ...shape.optional('version', name => shape.integer(name, 1, Number.MAX_SAFE_INTEGER)),
    ...shape.optional('refused', name => shape.string(name, isDigest)),
    ...shape.optional('code', name => shape.string(name, isLine)),
    ...shape.optional('validator', name => shape.string(name, isLine)),
    ...shape.optional('path', name => shape.string(name, isLine)),
    ...(shape.has('overridden') && {
      overridden: shape.list('overridden', MAX_OVERRIDDEN).filter(item => isLine(item)),
    }),
    ...(shape.has('paused') && shape.member('paused') === true && { paused: true as const }),
    protection: shape.member('protection') === 'disk' ? 'disk' : 'none',
    nextReportWithinMs: shape.integer('nextReportWithinMs', 1, MAX_NEXT_REPORT_MS),
  }
}

/** Reads a report of a store, with the times at which it was heard, which are the receiver's to say. */
export function readStampedReport(value: Json): ClientReport {
  const stamped = shapeOf(value, 'the report')
  return {
    ...readReport(value),
    ...stamped.optional('receivedAt', name => stamped.string(name, isInstant)),
    ...stamped.optional('firstHeardAt', name => stamped.string(name, isInstant)),
  }
}

function readPosition(shape: Shape): Position {
  return {
    epoch: shape.string('epoch', isEpoch),
    sequence: shape.integer('sequence', 1, Number.MAX_SAFE_INTEGER),
  }
}

function readLabels(shape: Shape): Readonly<Record<string, string>> {
  const names = shape.names()
  if (names.length > MAX_LABELS) throw shape.refuse('', `holds more than ${MAX_LABELS} labels`)
  if (!names.every(name => isLine(name) && !name.includes('=')))
    throw shape.refuse('', 'holds a label whose name is not of the right form')
  return Object.fromEntries(names.map(name => [name, shape.string(name, isLine)]))
}

const INSTANCE_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

/** Whether a text can name an instance: it becomes a file's name. */
export function isInstanceId(text: string): boolean {
  return INSTANCE_ID.test(text)
}
