import type { ClientReport } from '../../contracts/report.js'

/** Whether a report is of a client: controllers report too, and are none. */
export function isClient({ role }: Pick<ClientReport, 'role'>): boolean {
  return role === undefined
}
