import type { Trial } from './case.js'
import { expectNewest } from './current.js'
import { eventually } from './expect.js'
import type { SampleRelease } from './fixture.js'
import type { OpenedTransport } from './opened.js'

/**
 * Publishes a sample and waits until it is seen: what stands between (a relay, a cache, a replica)
 * may take its time.
 */
export async function publishSeen(
  { opened, signal, step, timeoutMs }: Trial<OpenedTransport>,
  sample: SampleRelease,
): Promise<string | undefined> {
  await step('publish', opened.publish(sample))
  return eventually(
    'latest after a release was published',
    () => expectNewest(opened.transport, sample, { signal }),
    timeoutMs,
  )
}
