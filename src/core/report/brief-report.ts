import type { ClientReport, SnapshotVerdict } from '../../contracts/report.js'

/**
 * Makes a function that leaves of a report what a publish, a rollback or an epoch goes by, with no
 * other labels than the given ones, as docs/formats.md says: of 4 KB that a stranger may send
 * hardly one is left.
 *
 * ```ts
 * const reports = heard.reports.map(briefly(['region']))
 * ```
 */
export function briefly(labels: readonly string[]): (report: ClientReport) => ClientReport {
  const wanted = new Set(labels)
  return ({
    build: _build,
    code: _code,
    validator: _validator,
    path: _path,
    reason: _reason,
    measures: _measures,
    overridden = [],
    overriddenOmitted: _omitted,
    verdicts,
    refused,
    ...report
  }) => ({
    ...report,
    strategy: '-',
    labels: Object.fromEntries(Object.entries(report.labels).filter(([name]) => wanted.has(name))),
    // What a client's own overrides had a part in says nothing of the snapshot.
    ...(refused !== undefined && overridden.length === 0 && { refused }),
    ...(verdicts !== undefined && { verdicts: verdicts.map(briefVerdict) }),
  })
}

function briefVerdict({ digest, verdict, overridden }: SnapshotVerdict): SnapshotVerdict {
  return { digest, verdict, ...(overridden === true && { overridden }) }
}
