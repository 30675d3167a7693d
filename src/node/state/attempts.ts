import type { Json } from '../../contracts/json.js'
import { isDigest } from '../../contracts/names.js'
import type { Pardon, Quarantine, SavedAttempt, SavedLife } from '../../contracts/state.js'
import { shapeOf, type Shape } from '../../core/json/shape.js'
import { isLine } from '../../core/json/text.js'
import { MAX_SLOT } from '../../core/limits.js'
import { isInstant } from '../../core/release/instant.js'
import { isInstanceId } from '../../core/report/report-codec.js'
import { ifReadable, isBuild, newestOfEach } from './entries.js'

/** Each attempt that can be read, once: of several words about one the latest beat. */
export function readAttempts(entries: readonly Json[]): readonly SavedAttempt[] {
  return newestOfEach(readable(entries, attemptIn), {
    keyOf: ({ digest, build, instanceId }) => JSON.stringify([digest, build, instanceId]),
    isNewer: (attempt, than) => attempt.beatAt > than.beatAt,
  })
}

/** Each quarantine that can be read, once: of several of one snapshot the one that ends last. */
export function readQuarantines(entries: readonly Json[]): readonly Quarantine[] {
  return newestOfEach(readable(entries, quarantineIn), {
    keyOf: ({ digest, build }) => JSON.stringify([digest, build]),
    isNewer: (quarantine, than) => quarantine.until > than.until,
  })
}

/** Each life that can be read. */
export function readLives(entries: readonly Json[]): readonly SavedLife[] {
  return readable(entries, lifeIn)
}

/** Each pardon that can be read, once: of several of one snapshot the latest. */
export function readPardons(entries: readonly Json[]): readonly Pardon[] {
  return latestPardons(readable(entries, pardonIn))
}

/** Of several pardons of one snapshot the latest. */
export function latestPardons(pardons: readonly Pardon[]): readonly Pardon[] {
  return newestOfEach(pardons, {
    keyOf: ({ digest }) => digest,
    isNewer: (pardon, than) => pardon.at > than.at,
  })
}

function readable<Entry>(entries: readonly Json[], read: (shape: Shape) => Entry): readonly Entry[] {
  return entries.flatMap(entry => ifReadable(() => read(shapeOf(entry, 'the state file'))))
}

function attemptIn(shape: Shape): SavedAttempt {
  return {
    digest: shape.string('digest', isDigest),
    build: shape.string('build', isBuild),
    slot: shape.integer('slot', 0, MAX_SLOT),
    instanceId: shape.string('instanceId', isInstanceId),
    owner: shape.string('owner', isLine),
    bootId: shape.string('bootId', isLine),
    startedAt: shape.string('startedAt', isInstant),
    beatAt: shape.string('beatAt', isInstant),
    ranMs: shape.integer('ranMs', 0, Number.MAX_SAFE_INTEGER),
    ...shape.flag('retry'),
    ...shape.flag('instead'),
    ...shape.flag('stopped'),
  }
}

function lifeIn(shape: Shape): SavedLife {
  return {
    instanceId: shape.string('instanceId', isInstanceId),
    slot: shape.integer('slot', 0, MAX_SLOT),
    owner: shape.string('owner', isLine),
    bootId: shape.string('bootId', isLine),
    startedAt: shape.string('startedAt', isInstant),
    ...shape.optional('digest', name => shape.string(name, isDigest)),
    ranMs: shape.integer('ranMs', 0, Number.MAX_SAFE_INTEGER),
    ...shape.flag('ended'),
  }
}

function pardonIn(shape: Shape): Pardon {
  return { digest: shape.string('digest', isDigest), at: shape.string('at', isInstant) }
}

function quarantineIn(shape: Shape): Quarantine {
  return {
    digest: shape.string('digest', isDigest),
    build: shape.string('build', isBuild),
    until: shape.string('until', isInstant),
  }
}
