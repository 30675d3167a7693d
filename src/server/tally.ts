/** What a shorter form of snapshots has saved, since its server began. */
export interface Savings {
  /** How many were made here. */
  readonly made: number
  /** How many were given to readers in the place of whole snapshots. */
  readonly served: number
  /** How many bytes of whole snapshots were not sent for that. */
  readonly bytesSaved: number
}

/** Counts what one form of snapshots saves. */
export interface Tally extends Savings {
  /** One was made. */
  make(): void
  /** One was given to a reader, which is shorter by so many bytes. */
  serve(bytesSaved: number): void
}

export const NO_SAVINGS: Savings = { made: 0, served: 0, bytesSaved: 0 }

/** Makes a {@link Tally} that begins at nothing. */
export function createTally(): Tally {
  let [made, served, bytesSaved] = [0, 0, 0]
  return {
    get made() {
      return made
    },
    get served() {
      return served
    },
    get bytesSaved() {
      return bytesSaved
    },
    make() {
      made += 1
    },
    serve(bytes) {
      served += 1
      bytesSaved += bytes
    },
  }
}

/** What several have saved together. */
export function sumOf(all: Iterable<Savings>): Savings {
  let [made, served, bytesSaved] = [0, 0, 0]
  for (const each of all) {
    made += each.made
    served += each.served
    bytesSaved += each.bytesSaved
  }
  return { made, served, bytesSaved }
}

/** The counts as they are now, as data. */
export function countsOf({ made, served, bytesSaved }: Savings): Savings {
  return { made, served, bytesSaved }
}
