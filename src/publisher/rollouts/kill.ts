import { settlesWithin } from '../../async/deadline.js'
import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import type { Digest } from '../../contracts/names.js'
import { canonicalize } from '../../core/json/canonical.js'
import { mergePatch } from '../../core/json/merge-patch.js'
import { encodeText } from '../../core/json/text.js'
import { checkOptions } from '../../core/options.js'
import { sayMatch } from '../../core/release/labels.js'
import { digestOf } from '../../core/release/digest.js'
import { sayIssues } from '../../core/say-issues.js'
import { digestsOf, type Arm, type Release, type Variant } from '../../core/release/release.js'
import type { RolloutState } from '../../core/release/rollout.js'
import { sayUnknownKeys, unknownKeys } from '../../core/schema/unknown-keys.js'
import { runSchema } from '../../core/schema/validate.js'
import { appendUntil, putSnapshot, refuse, type Decide, type Snapshot } from '../append.js'
import { encodeAudit } from '../audit.js'
import type { Statement } from '../compose.js'
import type { PublisherContext } from '../context.js'
import { finish } from '../finish.js'
import { readHistory } from '../history.js'
import { readDocumentOf, sameVariants } from '../resolve-ref.js'
import type { RolloutFacts } from '../rollout.js'
import { trialIfKept } from './find-trial.js'
import { askedFor, inRollout, type Trial } from './steps.js'

/** What a kill changes. */
export interface KillOptions {
  /** Why, for the readers of the history. */
  readonly reason: string
  /** Who kills. Default: the publisher's own author. */
  readonly author?: string
  /**
   * A JSON Merge Patch (RFC 7396) for every document that runs, candidates too: members are
   * replaced one by one, and null takes one away.
   */
  readonly patch: Json
  /** Ends the call early when it aborts. Default: none. */
  readonly signal?: AbortSignal
}

const WHY = 'killed by hand'

/**
 * Patches every document that runs, stable and candidate, at once and for everybody, and pauses the
 * rollout that is under way. The schema is asked and only warns; it tries until it wins.
 * See `Publisher.kill`.
 *
 * ```ts
 * await killSwitch(context, { patch: { newCheckout: false }, reason: 'it loses orders' }, signal)
 * ```
 */
export async function killSwitch(
  context: PublisherContext,
  options: KillOptions,
  signal: AbortSignal,
): Promise<RolloutFacts> {
  checkOptions('kill()', options, { reason: true, author: true, patch: true, signal: true })
  const { patch } = options
  if (patch === undefined)
    throw new NoticeboardError(
      'invalid-option',
      'kill() needs a patch: pass { patch: { newCheckout: false } }',
    )
  canonicalize(patch)
  encodeAudit(context, { author: options.author, reason: options.reason })
  const warnings = new Set<string>()
  /** What is not withdrawn, so that clients that refuse the patched document go on with it. */
  const goesOn = new Set<string>()
  /** Whether the candidate can still be patched; once it cannot, the kill aborts it. */
  let keepsCandidate = true

  const patchArm = async (variants: Arm['variants'], isKilled: boolean): Promise<PatchedArm> => {
    const patched = await Promise.all(
      variants.map(variant => patchVariant(context, { variant, patch, isKilled }, signal)),
    )
    for (const [index, { says, isRefused }] of patched.entries()) {
      for (const problem of says) warnings.add(problem)
      const before = variants[index]
      if (isRefused && before !== undefined) goesOn.add(before.digest)
    }
    const [first, ...rest] = patched
    if (first === undefined) throw new NoticeboardError('internal', 'an arm without variants')
    return {
      variants: [first.variant, ...rest.map(({ variant }) => variant)],
      snapshots: patched.map(({ snapshot }) => snapshot),
    }
  }
  const patchCandidate = async (
    trial: Trial | undefined,
    isKilled: boolean,
  ): Promise<Arm['variants'] | undefined> => {
    if (trial === undefined || !keepsCandidate) return undefined
    try {
      const { variants, snapshots } = await patchArm(trial.candidate, isKilled)
      for (const snapshot of snapshots) await putSnapshot(context, snapshot, { urgent: true, signal })
      return variants
    } catch (error) {
      signal.throwIfAborted()
      keepsCandidate = false
      const { code } = asNoticeboardError(error, 'internal', 'the candidate could not be patched')
      warnings.add(`the candidate could not be patched (${code}), so its rollout was aborted`)
      return undefined
    }
  }

  const decide: Decide = async head => {
    if (head === undefined) return refuse('not-found', `nothing was published in ${context.namespace} yet`)
    const { release } = head
    const isKilled = release.cause === 'kill'
    const stable = await patchArm(release.stable.variants, isKilled)
    const trial = await trialIfKept(context, release, signal)
    const candidate = release.candidate === undefined ? undefined : await patchCandidate(trial, isKilled)
    const isSame =
      sameVariants(stable.variants, release.stable.variants) &&
      (trial === undefined || (candidate !== undefined && sameVariants(candidate, trial.candidate)))
    if (isSame) return { type: 'unchanged', head }
    const kept = new Set([...stable.variants, ...(candidate ?? [])].map(({ digest }) => digest))
    const left = [
      ...digestsOf(release),
      ...(trial?.candidate.map(({ digest }) => digest) ?? []),
      ...(goesOn.size === 0 ? await leftByKills(context, release, signal) : []),
    ]
    const rollout = rolloutAfter(release, candidate !== undefined)
    const nowMs = context.clock.now()
    const audit = encodeAudit(context, {
      author: options.author,
      reason: options.reason,
      ...(rollout !== undefined && {
        evidence: askedFor(rollout, { step: 'kill', why: WHY, nowMs }),
      }),
    })
    const statement: Statement = {
      cause: 'kill',
      rewrites: true,
      audit,
      stable: stable.variants,
      withdrawn: [...new Set(left)].filter(digest => !kept.has(digest) && !goesOn.has(digest)),
      ...(rollout !== undefined && { rollout }),
      ...(candidate !== undefined &&
        trial !== undefined && {
          candidate,
          audience: trial.audience,
          ...(release.evidence !== undefined && { evidence: release.evidence }),
        }),
    }
    return { type: 'append', urgent: true, statement, snapshots: stable.snapshots }
  }
  const appended = await appendUntil(context, decide, { signal })
  return finish(context, appended, { warnings: [...warnings], signal })
}

/** How many kills in a row are looked at for what they did not withdraw. */
const KILLS_IN_A_ROW = 8

/**
 * What earlier kills patched, where one of them is in force: those whose patch the schema refused
 * did not withdraw it.
 */
async function leftByKills(
  context: PublisherContext,
  newest: Release,
  signal: AbortSignal,
): Promise<readonly Digest[]> {
  if (newest.cause !== 'kill') return []
  const left: Digest[] = []
  for await (const { release } of readHistory(context, { limit: KILLS_IN_A_ROW + 1, signal })) {
    left.push(...digestsOf(release))
    if (release.cause !== 'kill') break
  }
  return left
}

interface PatchedArm {
  readonly variants: Arm['variants']
  readonly snapshots: readonly Snapshot[]
}

/**
 * The rollout after a kill. What is watched counts as completed: going back would undo the kill.
 * What has retreated is aborted: going on would.
 */
function rolloutAfter(release: Release, keepsCandidate: boolean): RolloutState | undefined {
  if (!inRollout(release)) return undefined
  const { rollout } = release
  const after = (state: RolloutState['state']): RolloutState => ({
    ...rollout,
    state,
    controller: 'publisher',
    why: WHY,
  })
  switch (rollout.state) {
    case 'running':
    case 'paused':
    case 'other':
      return after(keepsCandidate ? 'paused' : 'rolled-back')
    case 'retreated':
      return after('rolled-back')
    case 'watching':
      return after('completed')
    case 'completed':
    case 'rolled-back':
      return undefined
  }
}

interface Patching {
  readonly variant: Variant
  readonly patch: Json
  /** Whether a kill is in force already, whose own patch the schema may have refused. */
  readonly isKilled: boolean
}

interface PatchedVariant extends Problems {
  readonly variant: Variant
  readonly snapshot: Snapshot
}

/** What the schema has against a patched document, which stops no kill. */
interface Problems {
  readonly says: readonly string[]
  /**
   * Whether the schema takes the document that runs, or took it before a kill, and refuses it so.
   */
  readonly isRefused: boolean
}

async function patchVariant(
  context: PublisherContext,
  { variant, patch, isKilled }: Patching,
  signal: AbortSignal,
): Promise<PatchedVariant> {
  const { namespace, hasher, maxReadBytes } = context
  const previous = await documentToPatch(context, variant.digest, signal)
  const document = mergePatch(previous, patch)
  const bytes = encodeText(canonicalize(document))
  if (bytes.length > maxReadBytes)
    throw new NoticeboardError(
      'too-large',
      `the document of ${namespace} has ${bytes.length} bytes with the patch; ${maxReadBytes} are allowed: pass a smaller patch`,
    )
  const digest = digestOf(hasher, bytes)
  return {
    variant: { ...variant, digest, bytes: bytes.length },
    snapshot: { digest, bytes },
    ...(await problemsOf(context, { document, previous, variant, isKilled })),
  }
}

/** How long a schema may take to say what is wrong, in milliseconds: a kill waits for nothing. */
const SCHEMA_MS = 2_000

/**
 * What the schema has against a patched document. Validators are not asked: they may be slow, or be
 * what broke.
 */
async function problemsOf(
  { schema, clock }: PublisherContext,
  {
    document,
    previous,
    variant: { when },
    isKilled,
  }: Omit<Patching, 'patch'> & { readonly document: Json; readonly previous: Json },
): Promise<Problems> {
  const ask = async (): Promise<Problems> => {
    const result = await runSchema(schema, document, { forAuthor: true })
    if (result.type === 'valid') {
      const clients = when === undefined ? '' : ` for clients with ${sayMatch(when)}`
      const unknown = await unknownKeys(schema, { document, value: result.value })
      return { says: sayUnknownKeys(unknown, clients), isRefused: false }
    }
    const issues = result.issues.slice(0, 1).map(issue => ({ ...issue, ...(when !== undefined && { when }) }))
    const refused = `clients may refuse the patched document: ${sayIssues(issues)}`
    // A schema that refuses what runs as well is not the one that the clients have.
    const isOurs = isKilled || (await runSchema(schema, previous, { forAuthor: true })).type === 'valid'
    return isOurs ? { says: [`${refused}${GO_ON}`], isRefused: true } : { says: [refused], isRefused: false }
  }
  const asked = ask()
  if (!(await settlesWithin(asked, { clock, timeoutMs: SCHEMA_MS })))
    return {
      says: ['the schema did not answer in time, so clients may refuse the patched document'],
      isRefused: false,
    }
  return asked
}

const GO_ON =
  '; those that do go on with what they run, unpatched: kill again with a patch that the schema takes, and null for a member that this one brought by mistake'

async function documentToPatch(
  context: PublisherContext,
  digest: string,
  signal: AbortSignal,
): Promise<Json> {
  try {
    return await readDocumentOf(context, digest, signal)
  } catch (error) {
    signal.throwIfAborted()
    const { code } = asNoticeboardError(error, 'internal', 'the snapshot could not be read')
    throw new NoticeboardError(
      code === 'internal' ? 'not-found' : code,
      `the document of ${context.namespace} that runs cannot be read, so it cannot be patched; roll back to another version`,
      { cause: error },
    )
  }
}
