import { isNoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import { isDigest } from '../../contracts/names.js'
import type { Pardon, Quarantine, SavedAttempt, SavedLife } from '../../contracts/state.js'
import { shapeOf, type Shape } from '../../core/json/shape.js'
import { isLine } from '../../core/json/text.js'
import { MAX_SLOT } from '../../core/limits.js'
import { isInstant } from '../../core/release/instant.js'
import { isInstanceId } from '../../core/report/report-codec.js'

/** Each attempt that can be read, once: of several words about one the latest beat. */
export function readAttempts(entries: readonly Json[]): readonly SavedAttempt[] {
  const found = new Map<string, SavedAttempt>()
  for (const attempt of readable(entries, attemptIn)) {
    const { digest, build, instanceId } = attempt
    const key = JSON.stringify([digest, build, instanceId])
    const known = found.get(key)
    if (known === undefined || known.beatAt < attempt.beatAt) found.set(key, attempt)
  }
  return [...found.values()]
}

/** Each quarantine that can be read, once: of several of one snapshot the one that ends last. */
export function readQuarantines(entries: readonly Json[]): readonly Quarantine[] {
  const found = new Map<string, Quarantine>()
  for (const quarantine of readable(entries, quarantineIn)) {
    const key = JSON.stringify([quarantine.digest, quarantine.build])
    const known = found.get(key)
    if (known === undefined || known.until < quarantine.until) found.set(key, quarantine)
  }
  return [...found.values()]
}

/** Each life that can be read. */
export function readLives(entries: readonly Json[]): readonly SavedLife[] {
  return readable(entries, lifeIn)
}

/** Each pardon that can be read, once: of several of one snapshot the latest. */
export function readPardons(entries: readonly Json[]): readonly Pardon[] {
  const found = new Map<string, Pardon>()
  for (const pardon of readable(entries, pardonIn)) {
    const known = found.get(pardon.digest)
    if (known === undefined || known.at < pardon.at) found.set(pardon.digest, pardon)
  }
  return [...found.values()]
}

/** One that cannot be read is left out: the rest of the file is worth more. */
function readable<Entry>(entries: readonly Json[], read: (shape: Shape) => Entry): readonly Entry[] {
  return entries.flatMap(entry => {
    try {
      return [read(shapeOf(entry, 'the state file'))]
    } catch (error) {
      if (isNoticeboardError(error)) return []
      throw error
    }
  })
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
    ...(isSet(shape, 'retry') && { retry: true as const }),
    ...(isSet(shape, 'instead') && { instead: true as const }),
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
    ...(isSet(shape, 'ended') && { ended: true as const }),
  }
}

function pardonIn(shape: Shape): Pardon {
  return { digest: shape.string('digest', isDigest), at: shape.string('at', isInstant) }
}

function isSet(shape: Shape, name: string): boolean {
  return shape.has(name) && shape.member(name) === true
}

function quarantineIn(shape: Shape): Quarantine {
  return {
    digest: shape.string('digest', isDigest),
    build: shape.string('build', isBuild),
    until: shape.string('until', isInstant),
  }
}

function isBuild(text: string): boolean {
  return text === '' || isLine(text)
}
