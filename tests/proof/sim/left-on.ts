import { comparePositions, type Position } from '../../../src/contracts/position.js'
import { decodeRelease, digestsOf } from '../../../src/core/release/release.js'

interface Saved {
  readonly digest: string
  readonly candidate?: boolean
}

interface InstanceFile {
  readonly seen?: Position
  readonly release?: string
  readonly applied?: Position
  readonly current?: Saved
  readonly good: readonly Saved[]
}

/**
 * What a restart begins from instead of what ran, by its digests, where it may not begin from that:
 * the newest release that the state folder of a namespace knows withdraws it, or gives up the
 * candidate that it was. Undefined where it may.
 */
export function insteadOfLeft(
  files: ReadonlyMap<string, Uint8Array>,
  { folder }: { readonly folder: string },
): readonly string[] | undefined {
  const found = [...files].flatMap(([path, bytes]) =>
    path.startsWith(`${folder}/instances/`)
      ? [JSON.parse(new TextDecoder().decode(bytes)) as InstanceFile]
      : [],
  )
  const text = newestBy(found, ({ seen }) => seen)?.release
  const current = newestBy(found, ({ applied }) => applied)?.current
  if (text === undefined || current === undefined) return undefined
  const { release } = decodeRelease(new TextEncoder().encode(text))
  const named = digestsOf(release)
  const isLeft = ({ digest, candidate }: Saved): boolean =>
    !named.includes(digest) && (candidate === true || release.withdrawn?.includes(digest) === true)
  if (!isLeft(current)) return undefined
  return found.flatMap(({ good }) => good.filter(saved => !isLeft(saved)).map(({ digest }) => digest))
}

function newestBy(
  files: readonly InstanceFile[],
  positionOf: (file: InstanceFile) => Position | undefined,
): InstanceFile | undefined {
  let newest: InstanceFile | undefined
  for (const file of files) {
    const [own, other] = [positionOf(file), newest && positionOf(newest)]
    if (own !== undefined && (other === undefined || comparePositions(own, other) !== 'older')) newest = file
  }
  return newest
}
