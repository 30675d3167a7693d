import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createSerial } from '../../async/serial.js'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Json, JsonObject } from '../../contracts/json.js'
import { isDigest, parseDigest, parseNamespace, type Namespace } from '../../contracts/names.js'
import type { Fs, System } from '../../contracts/system.js'
import type {
  LoadedState,
  Pardon,
  Refusal,
  SavedSnapshot,
  SavedState,
  StateStorage,
} from '../../contracts/state.js'
import { canonicalize } from '../../core/json/canonical.js'
import { isInstanceId } from '../../core/report/report-codec.js'
import { sameBytes } from '../../core/json/text.js'
import { checkOptions, checkPositive } from '../../core/options.js'
import { readSystem } from '../../system/system.js'
import { boardFiles, writerOf } from '../board/files.js'
import { nodeFs } from '../disk/node-fs.js'
import { processTag, type ProcessTag } from '../disk/process-tag.js'
import {
  decodeClientFile,
  decodeStateFile,
  encodeClientFile,
  encodeStateFile,
  type StateFile,
} from './state-file.js'
import { readAsked } from './asked.js'
import { readAttempts, readLives, readPardons, readQuarantines } from './attempts.js'
import { createClaims } from './claims.js'
import { readForgotten, withoutForgotten, type Forgotten } from './forgotten.js'
import { onCleanExit } from './clean-exit.js'
import { openProtection, type KeptProtection } from './protection.js'
import { foldStates } from './state-fold.js'
import { doing, inWords, isUnfit, takesNoLinks } from '../disk/system-error.js'
import { ABANDONED_MS, MAX_STATE_BYTES, MAX_STATE_FILES, STATE_BEAT_MS } from '../../core/limits.js'

/** How a state folder is kept. */
export interface StateFolderOptions {
  /** The disk. Default: the machine's. */
  readonly fs?: Fs
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
  /** Who writes, to tell what a dead process left behind. Default: this process. */
  readonly owner?: ProcessTag
  /**
   * How often a snapshot that has to prove itself is noted on disk, in milliseconds. Default 5,000.
   * A process that is silent for three of these, and cannot be looked at, counts as dead.
   * Controllers of rollouts count with 5,000: with a longer one a process may have run a document
   * for longer than they take it to have.
   */
  readonly beatMs?: number
}

/**
 * Keeps a client's state in a folder, as docs/formats.md describes it: last-known-good, what was
 * refused, and where the client stood. Several processes may share the folder. It is made when
 * something is first saved, with mode 0700.
 *
 * ```ts
 * const config = createClient({ namespace, schema, strategy, state: stateFolder('/var/lib/checkout') })
 * ```
 */
export function stateFolder(path: string, options: StateFolderOptions = {}): StateStorage {
  checkOptions('stateFolder()', options, { fs: true, system: true, owner: true, beatMs: true })
  const { owner = processTag(), beatMs = STATE_BEAT_MS } = options
  checkPositive('stateFolder()', { beatMs })
  const { clock, random } = readSystem('stateFolder()', options.system)
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new NoticeboardError(
      'invalid-option',
      'stateFolder() needs the path of a folder, such as "/var/lib/checkout"',
    )
  }
  const root = resolve(path)
  const port = options.fs ?? nodeFs()
  // No namespace is named like this, so it cannot be taken for one.
  const temporary = join(root, '~tmp')
  const makeTemporary = (): Promise<void> => port.makeFolder(temporary)
  const files = boardFiles({ fs: port, random, temporary, makeTemporary, tag: owner.tag })
  const inTurn = createSerial()
  /**
   * What every `load` folded, by namespace: only that may be removed later. Several clients may
   * share this object, and none of them saves what another alone has read.
   */
  const folded = new Map<Namespace, readonly Instance[]>()
  /** Snapshots that this process wrote, and that no saved state names yet. */
  const unnamed = new Set<string>()
  let cleaned = false
  /** What an operator readmitted on this machine, by namespace, as the last `load` found it. */
  const readmitted = new Map<Namespace, readonly Pardon[]>()
  /** What an operator wants to be forgotten on this machine, likewise. */
  const forgotten = new Map<Namespace, readonly Forgotten[]>()
  const claims = createClaims(port, files)
  /**
   * What each instance of this process said last, and what protects it, by the path of its file.
   */
  const said = new Map<string, SavedState>()
  const protections = new Map<string, KeptProtection>()

  const pathOf = (namespace: Namespace): string => join(root, ...parseNamespace(namespace).split('/'))
  const instancesOf = (namespace: Namespace): string => join(pathOf(namespace), 'instances')
  const snapshotsOf = (namespace: Namespace): string => join(pathOf(namespace), 'snapshots')
  const snapshotPath = (namespace: Namespace, digest: unknown): string => {
    return join(snapshotsOf(namespace), `${parseDigest(digest)}.json`)
  }

  /**
   * Of a damaged file only what the disk holds: a digest that was damaged is one that nobody has,
   * and a size is that of the snapshot's file.
   */
  const salvaged = async (namespace: Namespace, file: StateFile): Promise<StateFile> => {
    const good: SavedSnapshot[] = []
    for (const snapshot of file.state.good) {
      const stat = await port.stat(snapshotPath(namespace, snapshot.digest))
      if (stat !== undefined) good.push({ ...snapshot, bytes: stat.bytes })
    }
    return { ...file, state: { ...file.state, good } }
  }

  /** The readable files of instances, those saved last first. */
  const readInstances = async (
    namespace: Namespace,
    warn: (text: string) => void,
  ): Promise<readonly Instance[]> => {
    const found: Instance[] = []
    const names = await port.list(instancesOf(namespace))
    for (const name of names) {
      if (!name.endsWith('.json') || !isInstanceId(name.slice(0, -'.json'.length))) continue
      const path = join(instancesOf(namespace), name)
      try {
        const bytes = await port.read(path, MAX_STATE_BYTES)
        const known = bytes && folded.get(namespace)?.find(instance => instance.path === path)
        // Most of them stay as they are from one save to the next.
        const read = known && sameBytes(known.bytes, bytes) ? known.file : bytes && decodeStateFile(bytes)
        const file = read?.damaged ? await salvaged(namespace, read) : read
        if (file?.damaged) warn(`${path} is damaged: only the snapshots that it names are used`)
        const hasEnded = names.includes(endOf(name))
        if (bytes && file) found.push({ path, bytes, file: hasEnded ? endedInOrder(file, name) : file })
        else if (bytes) warn(`${path} was written by another version and is left alone`)
      } catch (error) {
        warn(`${path} is left out: ${inWords(error, 'read it').message}`)
      }
    }
    return found.sort((a, b) =>
      a.file.savedAt < b.file.savedAt ? 1 : a.file.savedAt > b.file.savedAt ? -1 : a.path < b.path ? -1 : 1,
    )
  }

  const isOld = ({ file }: Instance): boolean => clock.now() - Date.parse(file.savedAt) > ABANDONED_MS

  /**
   * Files that a newly written one replaces, those saved last first: folded into it, and of an hour
   * ago or too many.
   */
  const replaceable = (namespace: Namespace, own: string): readonly Instance[] =>
    (folded.get(namespace) ?? [])
      .filter(({ path }) => path !== own)
      .filter((instance, index) => isOld(instance) || index >= MAX_STATE_FILES - 1)

  const removeReplaced = async (replaced: readonly Instance[]): Promise<void> => {
    for (const { path, bytes } of replaced) {
      const isAsFolded = async (file: string): Promise<boolean> => {
        const now = await port.read(file, MAX_STATE_BYTES)
        return now !== undefined && sameBytes(now, bytes)
      }
      // Else its instance lives, and has saved again since it was folded.
      if (!(await isAsFolded(path))) continue
      // It may save at this very moment: what is moved aside is looked at once more, and put back
      // unless a later save took its place.
      const aside = await files.moveAside(path)
      if (aside === undefined) continue
      const isOver = await isAsFolded(aside)
      if (!isOver) await linkOrRefuse(() => port.link(aside, path))
      await files.discard(aside)
      if (isOver) await port.remove(endOf(path))
    }
  }

  /**
   * Removes snapshots that no file names, but not our own that the next state will name, nor young
   * ones, which another process may be about to name. How young is told by the times of files
   * alone: a clock that is set forward makes nothing old.
   */
  const removeSnapshots = async (namespace: Namespace, nowMs: number): Promise<void> => {
    let readable = true
    const named = new Set<string>()
    for (const { file } of await readInstances(namespace, () => (readable = false))) {
      for (const snapshot of [file.state.current, ...file.state.good])
        if (snapshot) named.add(`${snapshot.digest}.json`)
    }
    for (const name of named) unnamed.delete(join(snapshotsOf(namespace), name))
    // What a file says that we cannot read, is not known.
    if (!readable) return
    for (const name of await port.list(snapshotsOf(namespace))) {
      if (named.has(name) || !isDigest(name.slice(0, -'.json'.length)) || !name.endsWith('.json')) continue
      const path = join(snapshotsOf(namespace), name)
      const stat = await port.stat(path)
      if (stat !== undefined && nowMs - stat.changedMs > ABANDONED_MS && !unnamed.has(path))
        await port.remove(path)
    }
  }

  const prepare = async (): Promise<void> => {
    await makeTemporary()
    if (cleaned) return
    cleaned = true
    for (const name of await port.list(temporary)) {
      const writer = writerOf(name)
      if (writer === undefined || writer === owner.tag) continue
      const stat = await port.stat(join(temporary, name))
      if (stat !== undefined && (owner.isGone(writer) || clock.now() - stat.changedMs > ABANDONED_MS))
        await port.remove(join(temporary, name))
    }
  }

  const instancePath = (namespace: Namespace, instanceId: string): string =>
    join(instancesOf(namespace), `${instanceId}.json`)

  const save = async (namespace: Namespace, instanceId: string, given: SavedState): Promise<void> => {
    await prepare()
    const path = instancePath(namespace, instanceId)
    said.set(path, given)
    const state = { ...given, ...protections.get(path)?.kept }
    const replaced = replaceable(namespace, path)
    const before = (folded.get(namespace) ?? []).filter(instance => instance.path === path)
    // What was said last stands at the end, since the front is what goes when there is too much.
    const union = (member: 'attempts' | 'quarantined' | 'pardoned'): readonly Json[] => {
      const own = state[member] as unknown as readonly Json[] | undefined
      // What this instance says of itself replaces what it said before.
      const inherited = [...replaced.toReversed(), ...(own === undefined ? before : [])]
      return onceEach([...inherited.flatMap(({ file }) => file[member]), ...(own ?? [])])
    }
    const bytes = encodeStateFile({
      savedAt: new Date(clock.now()).toISOString(),
      state,
      attempts: union('attempts'),
      quarantined: union('quarantined'),
      pardoned: union('pardoned'),
      life: (state.life as unknown as Json | undefined) ?? before.at(0)?.file.life,
    })
    await port.makeFolder(instancesOf(namespace))
    await files.replace(path, bytes)
    const file = decodeStateFile(bytes)
    const kept = (folded.get(namespace) ?? []).filter(
      instance => !replaced.includes(instance) && instance.path !== path,
    )
    folded.set(namespace, file === undefined ? kept : [{ path, bytes, file }, ...kept])
    await removeReplaced(replaced)
    const saved = await port.stat(path)
    if (saved !== undefined) await removeSnapshots(namespace, saved.changedMs)
  }

  /** The name of this process, where a later version keeps one that this version cannot read. */
  let standIn: string | undefined

  /**
   * The name that is kept; the stand-in where it is not known here, and undefined where none is
   * kept.
   */
  const keptName = async (proposed: string): Promise<string | undefined> => {
    try {
      const bytes = await port.read(join(root, 'client.json'), MAX_STATE_BYTES)
      return bytes && (decodeClientFile(bytes).clientId ?? (standIn ??= proposed))
    } catch (error) {
      // It names nobody any more, and is replaced.
      if (isUnfit(error)) return undefined
      throw error
    }
  }

  /**
   * A file that is named for a snapshot: what was held against that one before the file's time is
   * forgotten.
   */
  const readReadmitted = async (namespace: Namespace): Promise<readonly Pardon[]> => {
    const asked = await readAsked(port, join(pathOf(namespace), 'readmit'), name =>
      isDigest(name) ? name : undefined,
    )
    return asked.map(({ what, atMs }) => ({ digest: what, at: new Date(atMs).toISOString() }))
  }

  /** What the files of these instances, and an operator on this machine, tell together. */
  const tell = (
    namespace: Namespace,
    instances: readonly Instance[],
    warnings: readonly string[],
  ): LoadedState => {
    const gone = forgotten.get(namespace) ?? []
    const files = instances.map(({ file }) => withoutForgotten(file, gone))
    const { state, warnings: contradictions } = foldStates(files)
    const local = readmitted.get(namespace) ?? []
    const isForgotten = ({ digest, at }: Refusal): boolean =>
      local.some(pardon => pardon.digest === digest && at <= pardon.at)
    return {
      state: { ...state, refused: state.refused.filter(refusal => !isForgotten(refusal)) },
      attempts: readAttempts(files.flatMap(({ attempts }) => attempts)),
      quarantined: readQuarantines(files.flatMap(({ quarantined }) => quarantined)),
      pardoned: readPardons([
        ...files.flatMap(({ pardoned }) => pardoned),
        ...(local as unknown as readonly Json[]),
      ]),
      lives: readLives(files.flatMap(({ life }) => (life === undefined ? [] : [life]))),
      warnings: [...warnings, ...contradictions],
    }
  }

  /** What all instances know now; nothing of it is folded into what this process saves. */
  const look = async (namespace: Namespace): Promise<LoadedState> =>
    tell(namespace, await readInstances(namespace, () => {}), [])

  return {
    clientId: proposed =>
      doing(`keep the client's name in ${root}`, async () => {
        const kept = await keptName(proposed)
        // The file of a later version stays as it is, for that version to go on with.
        if (kept !== undefined) return kept
        await port.makeFolder(root)
        await prepare()
        const path = join(root, 'client.json')
        if ((await linkOrRefuse(() => files.claim(path, encodeClientFile(proposed)))) === 'linked')
          return proposed
        const first = await keptName(proposed)
        if (first !== undefined) return first
        await files.replace(path, encodeClientFile(proposed))
        return proposed
      }),

    load: async ({ namespace }) =>
      doing(`read the state in ${pathOf(namespace)}`, async () => {
        const warnings: string[] = []
        const instances = await readInstances(namespace, text => warnings.push(text))
        folded.set(namespace, commonTo(folded.get(namespace), instances))
        readmitted.set(namespace, await readReadmitted(namespace))
        forgotten.set(namespace, await readForgotten(port, join(pathOf(namespace), 'forget')))
        return tell(namespace, instances, warnings)
      }),

    async save({ namespace, instanceId, state }) {
      parseNamespace(namespace)
      if (!isInstanceId(instanceId))
        throw new NoticeboardError(
          'invalid-option',
          'an instanceId must have 1 to 64 letters, digits, "_" and "-"',
        )
      await inTurn(namespace, () =>
        doing(`save the state in ${pathOf(namespace)}`, () => save(namespace, instanceId, state)),
      )
    },

    async readSnapshot({ namespace, digest, maxSnapshotBytes }) {
      const path = snapshotPath(namespace, digest)
      try {
        return await port.read(path, maxSnapshotBytes)
      } catch (error) {
        // One that is too large or no file is not the one that was kept.
        if (isUnfit(error)) return undefined
        throw inWords(error, `read a snapshot in ${pathOf(namespace)}`)
      }
    },

    async writeSnapshot({ namespace, digest, bytes }) {
      const path = snapshotPath(namespace, digest)
      await doing(`keep a snapshot in ${pathOf(namespace)}`, async () => {
        await prepare()
        await port.makeFolder(snapshotsOf(namespace))
        unnamed.add(path)
        // Also over one that is there: it may be damaged, and its time has to show that it is
        // wanted.
        await files.replace(path, bytes)
      })
    },

    async protect(query) {
      const { namespace, instanceId } = query
      const path = instancePath(parseNamespace(namespace), instanceId)
      const trying = (what: string): string => `${what} in ${pathOf(namespace)}`
      const claimPath = (name: string): string => join(pathOf(namespace), `${name}.json`)
      const protection = await openProtection(query, {
        owner,
        clock,
        beatMs,
        load: () => doing(trying('read the state'), () => look(namespace)),
        save: () =>
          inTurn(namespace, () =>
            doing(trying('save the state'), async () => {
              await save(namespace, instanceId, said.get(path) ?? (await look(namespace)).state)
            }),
          ),
        take: (name, mine, isOver) =>
          doing(trying('tell processes apart'), async () => {
            await prepare()
            return claims.take(claimPath(name), mine, isOver)
          }),
        holder: name => doing(trying('tell processes apart'), () => claims.holder(claimPath(name))),
        release: (name, holder) =>
          doing(trying('tell processes apart'), () => claims.release(claimPath(name), holder)),
        closed() {
          protections.delete(path)
          said.delete(path)
        },
        onCleanExit: () =>
          // A disk that is not the machine's cannot be written when there is no time left to wait.
          options.fs === undefined ? onCleanExit(() => writeFileSync(endOf(path), '')) : () => {},
      })
      protections.set(path, protection)
      return protection
    },
  }
}

/** The file that says that an instance ended in order, beside the file of the instance. */
function endOf(path: string): string {
  return path.replace(/json$/, 'ended')
}

/**
 * What an instance left behind that ended in order: it died of nothing, and what it tried has yet to
 * outlive its trial.
 */
function endedInOrder(file: StateFile, name: string): StateFile {
  const instanceId = name.slice(0, -'.json'.length)
  const { life } = file
  return {
    ...file,
    attempts: file.attempts.flatMap(attempt => (isOf(attempt, instanceId) ? endedTrial(attempt) : [attempt])),
    ...(typeof life === 'object' && life !== null && { life: { ...life, ended: true } as Json }),
  }
}

/** An attempt of an instance that ended in order; none where something else ran in its stead. */
function endedTrial(attempt: Json): readonly Json[] {
  const { instead, retry: _, ...ended } = attempt as JsonObject
  return instead === undefined ? [{ ...ended, stopped: true }] : []
}

function isOf(entry: Json, instanceId: string): boolean {
  return typeof entry === 'object' && entry !== null && (entry as JsonObject)['instanceId'] === instanceId
}

interface Instance {
  readonly path: string
  readonly bytes: Uint8Array
  readonly file: StateFile
}

/**
 * Of the instances found now those that an earlier look found as they are; all where there was
 * none.
 */
function commonTo(before: readonly Instance[] | undefined, now: readonly Instance[]): readonly Instance[] {
  if (before === undefined) return now
  const known = new Map(before.map(({ path, bytes }) => [path, bytes]))
  return now.filter(({ path, bytes }) => {
    const earlier = known.get(path)
    return earlier !== undefined && sameBytes(earlier, bytes)
  })
}

/** Each entry once, at the place where it stands last. */
function onceEach(entries: readonly Json[]): readonly Json[] {
  const lastFirst = entries.toReversed().map(entry => [canonicalize(entry), entry] as const)
  const found = new Map<string, Json>()
  for (const [text, entry] of lastFirst) if (!found.has(text)) found.set(text, entry)
  return [...found.values()].toReversed()
}

/**
 * A file system without hard links lets the last of several processes name the client, and not the
 * first.
 */
async function linkOrRefuse(claim: () => Promise<'linked' | 'taken'>): Promise<'linked' | 'taken'> {
  try {
    return await claim()
  } catch (error) {
    if (takesNoLinks(error)) return 'taken'
    throw error
  }
}
