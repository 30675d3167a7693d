/**
 * Where a client stands, for programs and for OpenFeature's provider states: `idle` and `starting` are NOT_READY,
 * `live` is READY, `stale` is STALE, `closed` is none of them. A client is never in an error that ends it.
 */
export type ClientPhase =
  /** Created, nothing started: no I/O yet. */
  | 'idle'
  /** Looking, and no value yet. */
  | 'starting'
  /** Has a value, and proof that it is what the newest release asks for. */
  | 'live'
  /** Has a value; the proof is missing or too old. Reads go on. */
  | 'stale'
  /** Closed for good; the last value can still be read. */
  | 'closed'

export type PhaseEvent =
  | 'started'
  /** A value was committed without proof that it is current: from disk, defaults or a pin. */
  | 'valued'
  /** What runs is known to be what the newest release asks for. */
  | 'proven'
  /** The last proof is too old. */
  | 'overdue'
  | 'closed'

/** The phase after an event: the only way a client's phase changes. */
export function nextPhase(phase: ClientPhase, event: PhaseEvent): ClientPhase {
  switch (phase) {
    case 'closed':
      return 'closed'
    case 'idle':
      return event === 'closed' ? 'closed' : event === 'started' ? 'starting' : 'idle'
    case 'starting':
    case 'live':
    case 'stale':
      return afterStart(phase, event)
  }
}

function afterStart(phase: 'starting' | 'live' | 'stale', event: PhaseEvent): ClientPhase {
  switch (event) {
    case 'closed':
      return 'closed'
    case 'proven':
      return 'live'
    case 'valued':
      return phase === 'live' ? 'live' : 'stale'
    case 'overdue':
      return phase === 'live' ? 'stale' : phase
    case 'started':
      return phase
  }
}
