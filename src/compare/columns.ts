/** A column of the table, and what it says. */
export interface Column {
  readonly heading: string
  readonly text: string
}

/** Every column but the first, which names the model; `docs/choosing.md` says the same. */
export const COLUMNS: readonly Column[] = [
  {
    heading: 'last live client',
    text: 'from publish() until the last client with a live connection runs the new version, and whether the model fits',
  },
  {
    heading: 'dead stream',
    text: 'the same, at the latest, for a client whose connection died unnoticed; marked where that is late. - for pull, which holds none: a poll whose link dies is asked again, and the outcome says after how long, for all models alike',
  },
  {
    heading: 'half',
    text: 'until half of the reachable clients run it, those on dead streams included only where they are more than half',
  },
  {
    heading: 'client-seconds/change',
    text: 'how long clients ran the old version, added up over all of them: what a kill switch costs',
  },
  {
    heading: 'requests/s',
    text: 'of all clients, on average over a day with its changes and restarts',
  },
  { heading: 'server CPU', text: 'of all servers, on average, as a share of one processor' },
  {
    heading: 'bytes/day',
    text: 'of all clients, both ways, headers and framing included; TLS, TCP and IP not; what of it a CDN sends is told apart',
  },
  { heading: 'memory', text: 'of each server' },
  {
    heading: 'peak after restart',
    text: 'requests in the busiest second after all servers were gone for two seconds, and with them every stream',
  },
]
