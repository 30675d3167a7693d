import type { Json } from '../contracts/json.js'
import type { Digest } from '../contracts/names.js'
import type { LabelMatch } from '../core/release/labels.js'
import type { Arm } from '../core/release/release.js'
import { pairVariants } from '../core/release/variant-pairs.js'
import { diffDocuments, type DocumentChange } from './diff.js'

/** One place where the document of some clients differs. */
export type ReleaseChange = DocumentChange & {
  /** The labels of these clients; absent for those that no variant's labels match. */
  readonly when?: LabelMatch
}

/**
 * Where documents differ between two arms, for each group of clients that a variant of either tells
 * apart: those that no labels match first. Empty when nobody gets another document. `read` is asked
 * for each snapshot once.
 *
 * ```ts
 * const changes = await diffArms(old.stable, next.stable, digest => readDocumentOf(context, digest, signal))
 * ```
 */
export async function diffArms(
  before: Pick<Arm, 'variants'>,
  after: Pick<Arm, 'variants'>,
  read: (digest: Digest) => Promise<Json>,
): Promise<readonly ReleaseChange[]> {
  const documents = new Map<Digest, Json>()
  const documentOf = async (digest: Digest): Promise<Json> => {
    const document = documents.get(digest) ?? (await read(digest))
    documents.set(digest, document)
    return document
  }
  const changes: ReleaseChange[] = []
  for (const { when, ...pair } of pairVariants(before, after)) {
    if (pair.before.digest === pair.after.digest) continue
    const [from, to] = [await documentOf(pair.before.digest), await documentOf(pair.after.digest)]
    for (const change of diffDocuments(from, to))
      changes.push({ ...change, ...(when !== undefined && { when }) })
  }
  return changes
}
