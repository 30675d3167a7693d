import { calmLogger } from '../async/calm-logger.js'
import { keepAlive } from '../async/keep-alive.js'
import { NoticeboardError } from '../contracts/errors.js'
import { parseNamespace, type Namespace } from '../contracts/names.js'
import type { Strategy } from '../contracts/strategy.js'
import type { Logger, System } from '../contracts/system.js'
import type { Mirror } from '../contracts/transport.js'
import { CLOCK_STEP_MS } from '../core/clock-step.js'
import { MAX_CONFIG_MAP_BYTES } from '../core/limits.js'
import { checkOptions, checkPositive } from '../core/options.js'
import { silentLogger } from '../core/silent-logger.js'
import { readSystem } from '../system/system.js'
import { createApplier, type ApplyManifest } from './applier.js'
import { followStore } from './follow-store.js'
import { checkManifestOptions, type BoardManifestOptions } from './manifest.js'
import { checkObjectName } from './names.js'

/** How boards come to a cluster; everything has a default. */
export interface ConfigMapMirrorOptions extends Omit<BoardManifestOptions, 'name'> {
  /**
   * Which object the board of a namespace is in. Default: `noticeboard-checkout-prod` for
   * `checkout/prod`.
   */
  readonly name?: (namespace: Namespace) => string
  /** How long one call of `apply` may take, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number
  /**
   * How often `follow`, and a controller that has the mirror, apply the newest board again, in
   * milliseconds, so that an object that was changed or removed by another hand comes back. Default
   * 300,000.
   */
  readonly repeatMs?: number
  /** Hears what could not be applied. Default: silent. */
  readonly logger?: Logger
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
}

/** What a mirror follows. */
export interface FollowedStore {
  /** Says when to look: `hybrid(store)`, `pull(http(url))`. */
  readonly strategy: Strategy
  readonly namespaces: readonly Namespace[]
}

/** Writes the boards of a store into ConfigMaps or Secrets, one for each namespace. */
export interface ConfigMapMirror extends Mirror {
  readonly maxBoardBytes: number
  readonly unheard: true
  /** Ten minutes: a kubelet takes up to two for each step, and somebody has to see what it does. */
  readonly leastStepMs: number
  readonly repeatMs: number
  /**
   * Follows a store until the signal aborts: whatever publishes or moves a rollout there, each
   * newest release is applied, tried again with backoff while that fails, and given up for a newer
   * one. Keeps the process alive. Throws `invalid-option`.
   */
  follow(store: FollowedStore, signal: AbortSignal): Promise<void>
}

/**
 * Brings a board to mounted volumes: makes a manifest of each newest release and hands it to
 * `apply`, which writes it to the cluster with your client or with `kubectl`. One program of a
 * cluster follows the store; rollouts, rollbacks and kills reach every pod by the kubelet, with no
 * server beside them.
 *
 * It is a mirror as well: `createPublisher({ mirrors: [mirror] })` applies with each publish, and
 * refuses documents that do not fit into 1 MiB, and stages where nothing reports. `apply` gets a
 * signal that aborts when a newer release has come; a call that goes on after it may write the
 * older one last, which `follow` and a controller mend after `repeatMs`. Throws `invalid-option`.
 *
 * ```ts
 * const mirror = configMapMirror((manifest, signal) => kubectlApply(JSON.stringify(manifest), signal))
 * await mirror.follow({ strategy: hybrid(store), namespaces: ['checkout/prod'] }, signal)
 * ```
 */
export function configMapMirror(apply: ApplyManifest, options: ConfigMapMirrorOptions = {}): ConfigMapMirror {
  checkOptions('configMapMirror()', options, {
    kind: true,
    name: true,
    namespace: true,
    labels: true,
    timeoutMs: true,
    repeatMs: true,
    logger: true,
    system: true,
  })
  if (typeof apply !== 'function')
    throw new NoticeboardError(
      'invalid-option',
      'configMapMirror() needs a function that applies a manifest: configMapMirror(async (manifest, signal) => …)',
    )
  const {
    timeoutMs = 30_000,
    repeatMs = 300_000,
    logger = silentLogger,
    name: nameOf,
    system,
    ...common
  } = options
  checkPositive('configMapMirror()', { timeoutMs, repeatMs })
  if (nameOf !== undefined && typeof nameOf !== 'function')
    throw new NoticeboardError(
      'invalid-option',
      "configMapMirror(): name must be a function of the namespace, such as () => 'checkout-board'; each namespace has an object of its own",
    )
  checkManifestOptions('configMapMirror()', common)
  const { clock, random, hasher } = readSystem('configMapMirror()', system)
  const manifest = (namespace: Namespace): BoardManifestOptions => {
    const name = nameOf?.(namespace)
    if (name !== undefined) checkObjectName('configMapMirror()', name)
    return { ...common, ...(name !== undefined && { name }) }
  }
  const applier = createApplier({ apply, manifest, timeoutMs, clock, hasher })

  return {
    name: common.kind === 'Secret' ? 'a Secret' : 'a ConfigMap',
    maxBoardBytes: MAX_CONFIG_MAP_BYTES,
    unheard: true,
    leastStepMs: CLOCK_STEP_MS,
    repeatMs,
    put: applier.put,
    announce: applier.announce,

    async follow({ strategy, namespaces }, signal) {
      if (typeof strategy?.deliver !== 'function')
        throw new NoticeboardError(
          'invalid-option',
          "follow() needs { strategy, namespaces }, such as { strategy: hybrid(store), namespaces: ['checkout/prod'] }",
        )
      const all = namespaces.map(parseNamespace)
      if (new Set(all.map(one => manifest(one).name ?? one)).size < new Set(all).size)
        throw new NoticeboardError(
          'invalid-option',
          'configMapMirror(): two namespaces have the same name for their object; give each its own by { name }',
        )
      const calm = calmLogger(logger, clock)
      const following = { strategy, applier, repeatMs, timeoutMs, clock, random, logger: calm }
      try {
        await keepAlive(
          Promise.all([...new Set(all)].map(namespace => followStore({ ...following, namespace }, signal))),
        )
      } finally {
        calm.end()
      }
    },
  }
}
