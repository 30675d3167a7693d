/**
 * Where a client stands, for programs and for OpenFeature's provider states: `idle` and `starting`
 * are NOT_READY, `ready` is READY, `stale` is STALE, `closed` is none of them. A client is never in
 * an error that ends it.
 */
export type ClientStatus =
  /** Created, nothing started: no I/O yet. */
  | 'idle'
  /** Looking, and no value yet. */
  | 'starting'
  /** Has a value, and proof that it is what the newest release asks for. */
  | 'ready'
  /**
   * Has a value; the proof is missing or too old, or the newest release was refused here. Reads go
   * on.
   */
  | 'stale'
  /** Closed for good; the last value can still be read. */
  | 'closed'

export type StatusEvent =
  | 'started'
  /** A value was committed without proof that it is current: from disk, defaults or a pin. */
  | 'valued'
  /** What runs is known to be what the newest release asks for. */
  | 'proven'
  /** The last proof is too old. */
  | 'overdue'
  /** The newest release was refused here, so that something else runs. */
  | 'refused'
  | 'closed'

/** The status after an event: the only way that a client's status changes. */
export function nextStatus(status: ClientStatus, event: StatusEvent): ClientStatus {
  switch (status) {
    case 'closed':
      return 'closed'
    case 'idle':
      return event === 'closed' ? 'closed' : event === 'started' ? 'starting' : 'idle'
    case 'starting':
    case 'ready':
    case 'stale':
      return afterStart(status, event)
  }
}

function afterStart(status: 'starting' | 'ready' | 'stale', event: StatusEvent): ClientStatus {
  switch (event) {
    case 'closed':
      return 'closed'
    case 'proven':
      return 'ready'
    case 'valued':
      return status === 'ready' ? 'ready' : 'stale'
    case 'overdue':
    case 'refused':
      return status === 'ready' ? 'stale' : status
    case 'started':
      return status
  }
}
