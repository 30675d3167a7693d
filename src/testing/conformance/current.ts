import { comparePositions, formatPosition, type Position } from '../../contracts/position.js'
import type { Latest, Transport } from '../../contracts/transport.js'
import { decodeRelease, positionOf } from '../../core/release/release.js'
import { sameBytes } from '../../core/json/text.js'
import { expectBytes, fail } from './expect.js'
import type { SampleRelease } from './fixture.js'

/**
 * Whether these bytes are a sample's release. A transport of bare documents writes its own, which
 * must name the sample's snapshot.
 */
export function isSample(
  transport: Pick<Transport, 'unmanaged'>,
  bytes: Uint8Array,
  sample: SampleRelease,
): boolean {
  if (transport.unmanaged !== true) return sameBytes(bytes, sample.bytes)
  return decodeRelease(bytes).release.stable.variants.at(-1)?.digest === sample.snapshot.digest
}

/** Fails unless these bytes are the sample's release. */
export function expectSample(
  what: string,
  transport: Pick<Transport, 'unmanaged'>,
  bytes: Uint8Array,
  sample: SampleRelease,
): void {
  if (transport.unmanaged !== true) expectBytes(what, bytes, sample.bytes)
  else if (!isSample(transport, bytes, sample))
    fail(`${what}: it does not name the snapshot of the document that was published`)
}

/** The release of an answer. Fails when the answer is another one. */
export function releaseOf(
  what: string,
  answer: Latest,
): { readonly bytes: Uint8Array; readonly tag?: string } {
  if (answer.type === 'release') return answer
  return fail(`${what}: the answer is \`${answer.type}\`, and a release was expected`)
}

/** Fails unless the transport gives exactly this sample as the newest release. */
export async function expectNewest(
  transport: Transport,
  sample: SampleRelease,
  { what = 'latest', signal }: { readonly what?: string; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const { bytes, tag } = releaseOf(what, await transport.latest({ namespace: sample.namespace }, signal))
  expectSample(what, transport, bytes, sample)
  return tag
}

/** Fails unless a sample is the newest release still, told by its tag or whole. */
export async function expectStands(
  transport: Transport,
  sample: SampleRelease,
  { tag, signal }: { readonly tag: string; readonly signal: AbortSignal },
): Promise<void> {
  const answer = await transport.latest({ namespace: sample.namespace, tag }, signal)
  if (answer.type === 'none') fail('with its own tag the transport says that there is nothing')
  if (answer.type === 'release') expectSample('latest with its tag', transport, answer.bytes, sample)
}

/** Remembers positions, and fails when one comes before its predecessor. */
export function neverBack(): (bytes: Uint8Array) => Position {
  let last: Position | undefined
  return bytes => {
    const at = positionOf(decodeRelease(bytes).release)
    if (last !== undefined) {
      const order = comparePositions(at, last)
      if (order !== 'newer' && order !== 'same')
        fail(`it went back: ${formatPosition(at)} came after ${formatPosition(last)}`)
    }
    last = at
    return at
  }
}
