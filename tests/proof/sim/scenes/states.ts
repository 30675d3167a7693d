import { createClient, type Client } from '../../../../src/client/client.js'
import { comparePositions, formatPosition, type Position } from '../../../../src/contracts/position.js'
import { digestOf } from '../../../../src/core/release/digest.js'
import { decodeStateFile } from '../../../../src/node/state/state-file.js'
import { stateFolder } from '../../../../src/node/state/state-folder.js'
import { createPublisher, everyone } from '../../../../src/publisher/index.js'
import { simDisk } from '../../../../src/sim/disk.js'
import { startProcess, type SimProcess } from '../../../../src/sim/process.js'
import { pull } from '../../../../src/strategies/pull.js'
import { push } from '../../../../src/strategies/push.js'
import { systemHasher } from '../../../../src/system/system.js'
import { memory } from '../../../../src/transports/memory.js'
import { schema, type Document } from '../builds.js'
import { runningOf } from '../running-of.js'
import { triedOn } from '../tried-on.js'
import { layLine, READERS, type Line } from './line.js'
import type { Scene, SceneStage } from './scene.js'

/**
 * Processes that share one state folder, an old one beside a new one, of two builds: they die at
 * any instant of a change, with and without the power. Whatever is found there names what is there,
 * and a restart begins from what ran.
 */
export const states: Scene = play

/** Short delays after failures, so that nothing is waited for. */
const backoff = { capMs: 2_000 }

/** How long after a change its state is on the disk, in milliseconds. */
const WRITTEN_MS = 500

const SOAK_MS = 3_000

/** A folder's own default, in milliseconds: what runs is noted with each beat. */
const BEAT_MS = 5_000

/**
 * How long after a publish a death is held against nothing any more, in milliseconds: looks and
 * changes come before it.
 */
const OUTLIVED_MS = 2 * SOAK_MS + 1_500 + WRITTEN_MS

/**
 * How long it takes at most until processes of both builds run again what one died of, in
 * milliseconds: each runs something else that long first, and a beat longer, and then one tries it
 * after the other.
 */
const AGAIN_MS = 2 * (OUTLIVED_MS + 2 * BEAT_MS) + 3 * BEAT_MS

interface Life {
  readonly own: SimProcess
  readonly client: Client<Document>
  readonly line: Line
}

async function play(stage: SceneStage): Promise<void> {
  const { clock, dice, seed, violate, met, note } = stage
  const disk = simDisk(clock, dice, (path, { bytes }) => {
    if (path.includes('/instances/')) checkState('when a state was written', bytes, disk.files)
  })
  const store = memory({ system: { clock } })
  const publisher = createPublisher({
    namespace: READERS,
    schema,
    store,
    system: startProcess('owner.1', { clock, seed }).system,
  })
  let lives = 0
  let newest: { readonly position: Position; readonly digest: string; readonly atMs: number } | undefined
  const publish = async (): Promise<void> => {
    const { position, digest } = await publisher.publish(
      { n: dice.between(1, 900_000), name: 'x'.repeat(dice.between(0, 40)) },
      { rollout: everyone(), reason: 'simulation' },
    )
    newest = { position, digest, atMs: clock.monotonic() }
  }
  const start = (machine: string, asCut: boolean): Life => {
    lives += 1
    const own = startProcess(`${machine}.${lives}`, { clock, seed })
    const line = layLine(store, stage)
    if (asCut) line.cut()
    const { transport } = line
    const client = createClient({
      namespace: READERS,
      schema,
      strategy:
        machine === 'old' ? pull(transport, { pollIntervalMs: 700, backoff }) : push(transport, { backoff }),
      state: stateFolder('/state', { fs: disk.mount(own), owner: own.owner, system: own.system }),
      clientId: 'one',
      build: machine === 'old' ? 'b1' : 'b2',
      soakMs: SOAK_MS,
      system: own.system,
    })
    client.ready({ timeoutMs: 1_000 }).catch(() => {})
    note(`${machine} starts`)
    return { own, client, line }
  }

  /** Each state names snapshots that are there, as they were written. */
  const checkFolder = (when: string): void => {
    const { files } = disk
    for (const [path, bytes] of files) {
      if (!path.startsWith('/state/') || !path.includes('/instances/')) continue
      checkState(when, bytes, files)
    }
  }
  const checkState = (when: string, bytes: Uint8Array, files: ReadonlyMap<string, Uint8Array>): void => {
    const file = decodeStateFile(bytes)
    if (file === undefined || file.damaged === true)
      return violate('a-state-names-what-is-there', `${when}: a state cannot be read`)
    for (const saved of [file.state.current, ...file.state.good]) {
      if (saved === undefined) continue
      const snapshot = files.get(`/state/${READERS}/snapshots/${saved.digest}.json`)
      if (snapshot === undefined || digestOf(systemHasher, snapshot) !== saved.digest)
        violate(
          'a-state-names-what-is-there',
          `${when}: a state names a snapshot that is ${snapshot === undefined ? 'not there' : 'another one'}`,
        )
    }
  }

  await publish()
  let [old, young] = [start('old', false), start('young', false)]
  await clock.advance(5_000)
  for (let round = 2; round > 0; round -= 1) {
    for (let left = dice.between(2, 4); left > 0; left -= 1) {
      await publish()
      await clock.advance(dice.chance(0.5) ? dice.number() * 30 : dice.between(100, 2_000))
    }
    const settled = dice.chance(0.5)
    if (settled) await clock.advance(OUTLIVED_MS + 1_000)
    else await clock.advance(dice.number() * 40)
    const ranLong = clock.monotonic() - (newest?.atMs ?? 0) > OUTLIVED_MS
    const power = dice.chance(0.4)
    const both = power || dice.chance(0.3)
    const dying = both ? [old, young] : [dice.pick([old, young])]
    const isTried = dying.some(({ own: { owner } }) =>
      triedOn(disk.files, { folder: `/state/${READERS}`, owner: owner.tag }).some(
        digest => digest === newest?.digest,
      ),
    )
    for (const { own, line } of dying) {
      own.kill()
      line.cut()
    }
    if (power) disk.losePower()
    note(`${dying.length} ${power ? 'lose their power' : 'are killed'}`)
    checkFolder(power ? 'after the power went' : 'after a death')
    await clock.advance(dice.between(0, 2_000))
    const before = newest
    const again = start(dying.includes(young) ? 'young' : 'old', true)
    await clock.advance(1_500)
    const runs = runningOf(again.client)
    if (runs?.position === undefined)
      violate('a-restart-begins-from-what-ran', 'it has nothing after a restart')
    else if (ranLong && before !== undefined && runs.digest !== before.digest)
      violate(
        'a-restart-begins-from-what-ran',
        `it runs ${formatPosition(runs.position)} after a restart, and ${formatPosition(before.position)} ran for a while`,
      )
    again.line.mend()
    if (dying.includes(young)) young = again
    else old = again
    if (both) old = start('old', false)
    await clock.advance(5_000)
    if (isTried) {
      await clock.advance(AGAIN_MS)
      met('a process died of what it tried')
    }
    for (const { client } of [old, young]) {
      const now = runningOf(client)?.position
      if (newest !== undefined && (now === undefined || comparePositions(now, newest.position) !== 'same'))
        violate(
          'everybody-gets-there',
          `a client runs ${now === undefined ? 'nothing' : formatPosition(now)} and ${formatPosition(newest.position)} is the newest`,
        )
    }
    checkFolder('while all is well')
    met('two processes shared a state folder')
  }
  await Promise.all([old.client.close(), young.client.close(), clock.advance(5_000)])
  await publisher.close()
  old.own.kill()
  young.own.kill()
}
