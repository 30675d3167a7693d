import type { ReportTransport, Transport } from '../contracts/transport.js'

/** The first of the transports that carries reports; undefined when none does. */
export function reporterOf(...transports: readonly Transport[]): ReportTransport | undefined {
  return transports.find(carriesReports)
}

function carriesReports(transport: Transport): transport is Transport & ReportTransport {
  return 'report' in transport && typeof transport.report === 'function'
}
