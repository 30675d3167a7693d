import type { Client } from '../../../src/client/client.js'

/** What a client runs; undefined while it has nothing. */
export function runningOf<Value>(client: Client<Value> | undefined): Client<Value>['running'] | undefined {
  try {
    return client?.running
  } catch {
    // It says so by throwing.
    return undefined
  }
}
