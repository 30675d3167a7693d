import type { ClientReport } from '../../src/contracts/report.js'

/** A last word; what is not given is that of somebody who runs and says no more. */
export function reportOf({
  namespace,
  instanceId,
  ...more
}: Pick<ClientReport, 'namespace' | 'instanceId'> & Partial<ClientReport>): ClientReport {
  return {
    v: 1,
    namespace,
    instanceId,
    clientId: `client-of-${instanceId}`,
    ephemeral: false,
    labels: {},
    strategy: 'pull',
    lookMs: 30_000,
    count: 1,
    upMs: 60_000,
    phase: 'applied',
    sinceMs: 30_000,
    protection: 'none',
    nextReportWithinMs: 300_000,
    ...more,
  }
}
