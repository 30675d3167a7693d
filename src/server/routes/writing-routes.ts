import type { Grant } from '../../contracts/access.js'
import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import { formatPosition } from '../../contracts/position.js'
import type { Clock, Hasher, Logger } from '../../contracts/system.js'
import type { AppendQuery, Store } from '../../contracts/transport.js'
import { assertDigest } from '../../core/release/digest.js'
import { readJsonText } from '../../core/json/json-text.js'
import { matchesPattern } from '../../core/access/namespace-pattern.js'
import { isGranted } from '../../core/access/scopes.js'
import {
  decodeRelease,
  identifyRelease,
  positionOf,
  variantsOf,
  type IdentifiedRelease,
  type Release,
} from '../../core/release/release.js'
import { shapeOf } from '../../core/json/shape.js'
import { assertDidNotGoBack } from '../../core/store/remembering-store.js'
import { decodeText, parseCanonical } from '../../core/json/strict-parse.js'
import { encodeText, oneLine } from '../../core/json/text.js'
import { CLOCK_SLACK_MS } from '../../fleet/time-shift.js'
import type { RolloutFloor } from '../../rollouts/floor.js'
import { isByAuthor, judgeByFloors, judgeRelease } from '../access/judge-release.js'
import { DONE, errorAnswer, jsonAnswer } from '../http/answers.js'
import { readBody, readJsonBody } from '../http/body.js'
import type { Hub } from '../stream/hub.js'
import type { Lifetime } from '../http/lifetime.js'
import type { Turns } from '../http/turns.js'
import type { Answer, Incoming } from '../stream/messages.js'
import type { SnapshotCache } from '../stream/snapshot-cache.js'
import type { ReportRoutes } from './report-routes.js'
import { MAX_AUDIT_BYTES, MAX_RELEASE_BYTES, MAX_SCHEMA_BYTES } from '../../core/limits.js'

/** What may be written, and by whom. Everything is checked here before the store sees it. */
export interface WritingRoutes {
  putSnapshot(
    request: Incoming,
    query: { readonly namespace: Namespace; readonly digest: Digest },
    by: Grant,
  ): Promise<Answer>
  append(request: Incoming, namespace: Namespace, by: Grant): Promise<Answer>
  putSchema(request: Incoming, namespace: Namespace): Promise<Answer>
}

/**
 * A release and an audit record as JSON strings: most of their characters are quotes that take a
 * backslash.
 */
const MAX_APPEND_BYTES = 4 * (MAX_RELEASE_BYTES + MAX_AUDIT_BYTES)

export function writingRoutes({
  store,
  hub,
  snapshots,
  hasher,
  lifetime,
  turns,
  reports,
  floors,
  clock,
  logger,
}: WritingRoutesOptions): WritingRoutes {
  /**
   * The newest release; throws `store-damaged` where the board had a newer one, since none of these
   * rules then says what may follow.
   */
  const newestIn = async (namespace: Namespace): Promise<IdentifiedRelease | undefined> => {
    const latest = await lifetime.run(signal => store.latest({ namespace }, signal))
    assertDidNotGoBack(store, namespace)
    return latest.type === 'release' ? identifyRelease(hasher, latest.bytes) : undefined
  }

  /** What to answer to a release that its sender may not append; undefined where it may. */
  const objectionTo = async (
    { release, bytes, urgent, audit }: Sent,
    by: Grant,
    requestSignal: AbortSignal,
  ): Promise<Answer | undefined> => {
    const { namespace } = release
    if (!isByAuthor(by, audit))
      return errorAnswer(
        'forbidden',
        `${by.name} may write only for the author it is bound to: pass that author`,
      )
    const held = Object.entries(floors)
      .filter(([pattern]) => matchesPattern(pattern, namespace))
      .map(([, floor]) => floor)
    const isAdmin = isGranted(by, { scope: 'admin', namespace })
    if (isAdmin && (held.length === 0 || release.cause !== 'publish')) return undefined
    const life = lifetime.begin(requestSignal)
    try {
      const context = {
        head: await newestIn(namespace),
        heard: () => reports.heard({ namespace }, life.signal),
        history: () => store.history({ namespace }, life.signal),
        floors: held,
        hasher,
      }
      const judgement = isAdmin
        ? await judgeByFloors({ release, audit }, context)
        : await judgeRelease(by, { release, bytes: bytes.length, urgent }, context)
      if (judgement.type === 'allowed') return undefined
      if (judgement.type === 'taken') return taken()
      return errorAnswer('forbidden', `${by.name} may not append this release: ${judgement.why}`)
    } finally {
      life.done()
    }
  }

  const requireSnapshots = async (release: Release): Promise<void> => {
    const { namespace } = release
    for (const { digest, bytes } of variantsOf(release)) {
      const found = await snapshots.load(namespace, digest).catch(asMissing)
      if (found === undefined) {
        throw new NoticeboardError(
          'invalid-data',
          `the release names the snapshot ${digest.slice(0, 12)}, which is not here; put it first`,
        )
      }
      if (found.bytes.length !== bytes) {
        throw new NoticeboardError(
          'invalid-data',
          `the release says that the snapshot ${digest.slice(0, 12)} has ${bytes} bytes, and it has ${found.bytes.length}; set \`bytes\` to that`,
        )
      }
    }
  }

  /**
   * Appends; where the store has lost a snapshot that is still in memory here, that is written again
   * first, so that the way back to it is open.
   */
  const appendWhole = async (release: Release, query: AppendQuery): Promise<'appended' | 'taken'> => {
    const append = (): Promise<'appended' | 'taken'> => lifetime.run(signal => store.append(query, signal))
    try {
      return await append()
    } catch (error) {
      if (!isNoticeboardError(error, 'invalid-data')) throw error
      const { namespace, urgent } = query
      for (const { digest } of variantsOf(release)) {
        const kept = snapshots.peek(namespace, digest)
        if (kept === undefined) throw error
        await lifetime.run(signal => store.put({ namespace, digest, bytes: kept.bytes, urgent }, signal))
      }
      const outcome = await append()
      logger?.warn('the store had lost a snapshot that a release names; it was written again from memory', {
        namespace,
        position: formatPosition(query.at),
      })
      return outcome
    }
  }

  return {
    async putSnapshot(request, { namespace, digest }, by) {
      const urgent = new URLSearchParams(request.query).get('urgent') === '1'
      if (urgent && !isGranted(by, { scope: 'admin', namespace }))
        return errorAnswer('forbidden', `${by.name} may not use the reserve: that needs the scope admin`)
      const bytes = await readBody(request, store.maxSnapshotBytes)
      assertDigest(hasher, { bytes, digest, what: 'the snapshot' })
      await turns(() => parseCanonical(bytes, { what: 'the snapshot', maxBytes: store.maxSnapshotBytes }))
      // Not the request's own signal: a writer that hangs up must not leave half a write to the
      // store.
      await lifetime.run(signal => store.put({ namespace, digest, bytes, urgent }, signal))
      snapshots.keep(namespace, digest, bytes)
      return DONE
    },
    async append(request, namespace, by) {
      const body = shapeOf(await readJsonBody(request, { maxBytes: MAX_APPEND_BYTES, turns }), 'the body')
      const bytes = encodeText(body.string('release'))
      const { release } = decodeRelease(bytes)
      if (release.namespace !== namespace) {
        throw new NoticeboardError(
          'invalid-data',
          `the release is of ${release.namespace}, and was sent to the address of ${namespace}; send it to its own`,
        )
      }
      const audit = body.has('audit') ? encodeText(body.string('audit')) : undefined
      if (audit !== undefined && audit.length > MAX_AUDIT_BYTES) {
        throw new NoticeboardError(
          'too-large',
          `the audit record has ${audit.length} bytes; ${MAX_AUDIT_BYTES} are allowed: shorten the reason, or name fewer exceptions`,
        )
      }
      const urgent = body.has('urgent') && body.member('urgent') === true
      const refused = await objectionTo({ release, bytes, urgent, audit }, by, request.signal())
      if (refused !== undefined) return refused
      await requireSnapshots(release)
      const outcome = await appendWhole(release, { namespace, at: positionOf(release), bytes, audit, urgent })
      if (outcome === 'taken') return taken()
      logger?.info('a release was appended', {
        namespace,
        position: formatPosition(positionOf(release)),
        cause: release.cause,
        ...(release.cause === 'publish' && release.rollout === undefined && { everyone: true }),
        by: by.name,
        ...authorOf(audit),
      })
      // A release comes within moments of its time.
      const aheadMs = clock.now() - Date.parse(release.issuedAt)
      if (Math.abs(aheadMs) > CLOCK_SLACK_MS)
        logger?.warn('the clock here and the one of a publisher differ; compare both with a third', {
          namespace,
          position: formatPosition(positionOf(release)),
          issuedAt: release.issuedAt,
          aheadSeconds: Math.round(aheadMs / 1_000),
        })
      hub.announce(namespace, bytes)
      return jsonAnswer(201, {})
    },
    async putSchema(request, namespace) {
      if (store.putSchema === undefined) return errorAnswer('not-found', 'this store keeps no schemas')
      const bytes = await readBody(request, MAX_SCHEMA_BYTES)
      const what = 'the schema'
      shapeOf(await turns(() => readJsonText(decodeText(bytes, what), { what })), what)
      await lifetime.run(async signal => store.putSchema?.({ namespace, bytes }, signal))
      return DONE
    },
  }
}

/** The author that an audit record names; whether it is who it says is for the token to tell. */
function authorOf(audit: Uint8Array | undefined): { readonly author?: string } {
  if (audit === undefined) return {}
  try {
    const { author } = JSON.parse(decodeText(audit, 'the audit record')) as { readonly author?: unknown }
    return typeof author === 'string' ? { author: oneLine(author) } : {}
  } catch {
    // The store refuses what is no record, and says why.
    return {}
  }
}

interface Sent {
  readonly release: Release
  readonly bytes: Uint8Array
  readonly urgent: boolean
  readonly audit: Uint8Array | undefined
}

function taken(): Answer {
  return errorAnswer('conflict', 'another release came first; read the newest one and try again')
}

export interface WritingRoutesOptions {
  readonly store: Store
  readonly hub: Hub
  readonly snapshots: SnapshotCache
  readonly hasher: Hasher
  readonly lifetime: Lifetime
  readonly turns: Turns
  readonly reports: Pick<ReportRoutes, 'heard'>
  /** How careful rollouts have to be, by pattern of namespaces. */
  readonly floors: Readonly<Record<string, RolloutFloor>>
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger | undefined
}

function asMissing(error: unknown): undefined {
  if (isNoticeboardError(error, 'not-found')) return undefined
  throw error
}
