import { formatPosition } from '../../contracts/position.js'
import type { Store } from '../../contracts/transport.js'
import { expectBytes, fail } from './expect.js'
import type { SampleRelease } from './fixture.js'
import { errorMessage } from '../../core/built-ins.js'

/** Puts the sample's snapshot and appends its release. */
export async function write(
  store: Store,
  sample: SampleRelease,
  signal: AbortSignal,
): Promise<'appended' | 'taken'> {
  const { namespace, snapshot, at, bytes, audit } = sample
  await store.put({ namespace, digest: snapshot.digest, bytes: snapshot.bytes }, signal)
  return store.append({ namespace, at, bytes, ...(audit !== undefined && { audit }) }, signal)
}

/** Publishes the sample. Fails unless the store takes it. */
export async function publishTo(store: Store, sample: SampleRelease, signal: AbortSignal): Promise<void> {
  const outcome = await write(store, sample, signal)
  if (outcome !== 'appended')
    fail(`append of ${formatPosition(sample.at)}, which comes next, is '${outcome}'`)
}

/** Tries to write the sample. Fails unless the store says `taken`. */
export async function expectTaken(
  what: string,
  store: Store,
  sample: SampleRelease,
  signal: AbortSignal,
): Promise<void> {
  const outcome = await write(store, sample, signal).catch((error: unknown) =>
    fail(`${what}: append threw (${errorMessage(error)}); a place that is not the next one is 'taken'`, {
      cause: error,
    }),
  )
  if (outcome !== 'taken') fail(`${what}: append is '${outcome}', and 'taken' was expected`)
}

/** Fails unless the log holds exactly these releases, and the pointer names the last of them. */
export async function expectLog(
  store: Store,
  samples: readonly SampleRelease[],
  signal: AbortSignal,
): Promise<void> {
  const newest = samples.at(-1) ?? fail('no samples')
  const { namespace } = newest
  const latest = await store.latest({ namespace }, signal)
  if (latest.type !== 'release') fail(`latest is \`${latest.type}\` although releases were acknowledged`)
  expectBytes('latest', latest.bytes, newest.bytes)
  const entries: Uint8Array[] = []
  for await (const { bytes } of store.history({ namespace }, signal)) entries.push(bytes)
  if (entries.length !== samples.length)
    fail(`the log holds ${entries.length} releases, and ${samples.length} were acknowledged`)
  for (const [index, sample] of [...samples].reverse().entries()) {
    expectBytes(
      `the log's ${index + 1}. release from the newest, ${formatPosition(sample.at)}`,
      entries[index],
      sample.bytes,
    )
  }
}
