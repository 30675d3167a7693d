import type { ErrorCode } from '../../contracts/errors.js'
import type { Counts } from '../costs/costs.js'
import type { Basis } from '../row-of.js'
import type { Row } from '../row.js'
import type { Shape } from '../shape.js'

/** What the processes of a comparison are asked, and what they answer. */
export interface PartCalls {
  /** Be a server. */
  readonly serve: {
    readonly given: {
      readonly folder: string
      /** 0 for a free one. */
      readonly port: number
      readonly heartbeatMs: number
    }
    readonly answer: { readonly url: string; readonly port: number; readonly token: string }
  }
  /** Be clients, started one after another over so long. */
  readonly follow: { readonly given: FollowOptions; readonly answer: null }
  /** End all clients in order, and start them all at once. */
  readonly restart: { readonly given: null; readonly answer: null }
  /** End these processes when the one that asks is gone. */
  readonly guard: { readonly given: { readonly pids: readonly number[] }; readonly answer: null }
  /** Simulate a model, and tell each step. */
  readonly simulate: { readonly given: SimulateOptions; readonly answer: Row }
  /** What was seen until now. */
  readonly look: { readonly given: { readonly round: number }; readonly answer: PartSeen }
}

/** A model that is simulated, of those whose strategy follows from their shape. */
export interface SimulateOptions extends Basis {
  readonly name: string
  readonly shape: Shape
  readonly mostClients: number
  readonly seed: number
}

/** The clients of one process. */
export interface FollowOptions {
  readonly urls: readonly string[]
  readonly shape: Shape
  /** The number of the first client, and how many there are. */
  readonly first: number
  readonly count: number
  readonly startsOverMs: number
  readonly keepsState: boolean
  readonly soakMs: number
}

/** What the clients of a process saw, from their start until now. */
export interface PartSeen {
  readonly counts: Counts
  /** Bytes of all connections, both ways. */
  readonly bytes: number
  /** When clients came to run the document of a round, in milliseconds of the machine's clock. */
  readonly ranAtMs: readonly number[]
  /** How many run the document of that round now. */
  readonly running: number
  /** When requests were made that were answered, by the same clock. */
  readonly askedAtMs: readonly number[]
}

/** A question to a process. */
export type PartQuestion = {
  readonly [Name in keyof PartCalls]: {
    readonly id: number
    readonly ask: Name
    readonly given: PartCalls[Name]['given']
  }
}[keyof PartCalls]

/**
 * Its answer; `error` says why there is none, with the code of an error of the library, and a step
 * that there will be one.
 */
export type PartAnswer =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly step: string }
  | { readonly id: number; readonly error: string; readonly code: ErrorCode | undefined }

/** The word by which the command line is told to be such a process. */
export const PART_WORD = '~part'
