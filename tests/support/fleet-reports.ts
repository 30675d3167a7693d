import type { ClientReport } from '../../src/contracts/report.js'
import { reportOf } from './report-of.js'

const POSITION = { epoch: '1-9f3a01bc', sequence: 4_711 }
const DIGESTS = ['a', 'b', 'c'].map(digit => digit.repeat(64))

/**
 * What a client of a large fleet says that has a disk, a probe, labels of its own and an earlier
 * life.
 */
export function fleetReport(index: number): ClientReport {
  const hex = index.toString(16).padStart(12, '0')
  const [digest = '', older = '', refused = ''] = DIGESTS
  return reportOf({
    namespace: 'checkout/prod',
    clientId: `5f0c1d7e-93ab-4c11-8e02-${hex}`,
    instanceId: `Zk3vQ9mX-${hex}`,
    labels: {
      region: `eu-central-${index % 3}`,
      cluster: `payments-${index % 40}`,
      tier: index % 20 === 0 ? 'canary' : 'standard',
      host: `ip-10-${index % 200}-${index >> 8}.eu-central.compute.internal`,
      pod: `checkout-7d9f8b6c5-${hex.slice(-6)}`,
    },
    build: `2026.11.${index % 4}+sha.51c0ffee`,
    slot: index % 8,
    strategy: 'hybrid',
    count: 1 + (index % 5_000),
    upMs: 86_400_000 + index,
    phase: 'healthy',
    sinceMs: 3_600_000 + index,
    seen: POSITION,
    applied: POSITION,
    digest,
    version: 117,
    verdicts: [
      { digest: refused, verdict: 'rejected', code: 'schema', validator: 'zod', path: '/pool/size' },
    ],
    health: { before: 'healthy', now: 'healthy' },
    previous: { instanceId: `Yj2uP8lW-${hex}`, digest: older, end: 'clean', ranMs: 7_200_000 + index },
    overridden: ['/pool/size', '/log/level'],
    protection: 'disk',
    nextReportWithinMs: 300_000,
  })
}
