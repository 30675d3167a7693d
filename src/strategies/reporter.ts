import type { ReportTransport, Transport } from '../contracts/transport.js'

/** The first of the media that carries reports; undefined when none does. */
export function reporterOf(...media: readonly Transport[]): ReportTransport | undefined {
  return media.find(carriesReports)
}

function carriesReports(medium: Transport): medium is Transport & ReportTransport {
  return 'report' in medium && typeof medium.report === 'function'
}
