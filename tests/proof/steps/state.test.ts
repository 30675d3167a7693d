import { expect } from 'vitest'
import type { Refusal, SavedState, StateStorage } from '../../../src/contracts/state.js'
import { sameBytes } from '../../../src/core/json/text.js'
import { stateFolder } from '../../../src/node/state/state-folder.js'
import { simDisk, type SimDisk } from '../../../src/sim/disk.js'
import { seededDice } from '../../../src/sim/dice.js'
import { startProcess, type SimProcess } from '../../../src/sim/process.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { atEachStep, driven, meanwhile, type Stage } from '../../support/at-each-step.js'
import { NAMESPACE, snapshotOf } from '../../support/board-kit.js'
import { damaged, failingAs } from '../../support/failures.js'
import type { Steps } from '../../support/steps.js'

const ROOT = '/var/lib/checkout'
const TENANT = 'billing/prod'
const EPOCH = '1-9f3a01bc'
const HOURS_MS = 2 * 3_600_000

const documents = [0, 1, 2, 3, 4].map(size => snapshotOf({ size }))
const refusals: readonly Refusal[] = ['a', 'b'].map((letter, at) => ({
  digest: letter.repeat(64),
  build: '1.0.0',
  code: 'invalid-document',
  at: `2026-01-01T00:00:0${at}.000Z`,
}))

/** The state of a client that ran so many releases. */
function stateAfter(sequence: number): SavedState {
  const saved = (version: number) => {
    const { digest, bytes } = documents[version] as (typeof documents)[number]
    return { digest, version, bytes: bytes.length }
  }
  const at = { epoch: EPOCH, sequence }
  return {
    seen: at,
    applied: at,
    current: saved(sequence),
    good: sequence === 1 ? [saved(1)] : [saved(sequence), saved(1)],
    refused: refusals.slice(0, sequence),
  }
}

async function keep(
  storage: StateStorage,
  sequence: number,
  { namespace = NAMESPACE, instanceId = 'own' } = {},
): Promise<void> {
  await storage.writeSnapshot({ namespace, ...(documents[sequence] as (typeof documents)[number]) })
  await storage.save({ namespace, instanceId, state: stateAfter(sequence) })
}

interface Scene extends Stage<unknown> {
  readonly clock: VirtualClock
  readonly disk: SimDisk
  readonly process: SimProcess
  readonly storage: StateStorage
  readonly beside: StateStorage
}

/** What a client does with its folder, and what it may rely on afterwards. */
interface Doing {
  readonly leastSteps: number
  /** The release that it says it kept, when it ended well; 1 where that was kept before. */
  readonly keeps: number
  readonly run: (storage: StateStorage) => Promise<unknown>
  readonly judge?: (result: unknown) => void
}

const DOINGS: Readonly<Record<string, Doing>> = {
  'clientId()': {
    leastSteps: 2,
    keeps: 1,
    run: storage => storage.clientId('another-name'),
    judge: name => expect(name).toBe('host-a'),
  },
  'load()': {
    leastSteps: 4,
    keeps: 1,
    run: storage => storage.load({ namespace: NAMESPACE }),
    // What cannot be read is a warning, and all else is there.
    judge(loaded) {
      const { state, warnings } = loaded as Awaited<ReturnType<StateStorage['load']>>
      if (warnings.length === 0) expect(state.seen?.sequence).toBeGreaterThanOrEqual(1)
    },
  },
  'readSnapshot()': {
    leastSteps: 2,
    keeps: 1,
    run: storage =>
      storage.readSnapshot({
        namespace: NAMESPACE,
        digest: documents[1]?.digest ?? '',
        maxSnapshotBytes: 1_000,
      }),
    judge: bytes => expect(bytes).toEqual(documents[1]?.bytes),
  },
  'writeSnapshot()': {
    leastSteps: 6,
    keeps: 1,
    run: storage => storage.writeSnapshot({ namespace: NAMESPACE, ...(documents[2] as never as Written) }),
  },
  'save()': { leastSteps: 20, keeps: 2, run: storage => keep(storage, 2) },
  'two saves at once': {
    leastSteps: 30,
    keeps: 3,
    async run(storage) {
      for (const document of documents.slice(2, 4))
        await storage.writeSnapshot({ namespace: NAMESPACE, ...document })
      const saves = [2, 3].map(sequence =>
        storage.save({ namespace: NAMESPACE, instanceId: 'own', state: stateAfter(sequence) }),
      )
      await Promise.allSettled(saves)
      await Promise.all(saves)
    },
  },
  'load() and two saves': {
    leastSteps: 30,
    keeps: 2,
    async run(storage) {
      await storage.load({ namespace: NAMESPACE })
      await keep(storage, 1)
      await keep(storage, 2)
    },
  },
}

type Written = (typeof documents)[number]

async function open(steps: Steps, { run, keeps, judge }: Doing): Promise<Scene> {
  const clock = virtualClock()
  const disk = simDisk(clock, seededDice(1, 'disk'))
  const live = (name: string): SimProcess => startProcess(name, { clock, seed: 1 })
  const folderOf = (process: SimProcess, fs = disk.mount(process)): StateStorage =>
    stateFolder(ROOT, {
      fs,
      system: { clock: process.clock, random: process.system.random },
      owner: process.owner,
    })

  // Two hours ago: an instance of an earlier life, the life before of this process, and what that
  // left unfinished.
  const earlier = folderOf(live('app.1'))
  await driven(clock, earlier.clientId('host-a'))
  await driven(clock, keep(folderOf(live('old.1')), 1, { instanceId: 'old' }))
  await driven(
    clock,
    disk.mount(live('app.1')).create(`${ROOT}/~tmp/app-1.001122334455.file`, new Uint8Array(3)),
  )
  await clock.advance(HOURS_MS)
  await driven(clock, keep(earlier, 1))
  await driven(clock, keep(earlier, 3, { namespace: TENANT, instanceId: 'tenant' }))

  const process = live('app.2')
  const dead = new Promise<never>((_resolve, reject) => {
    process.onDeath(() => reject(new Error('the process died')))
  })
  dead.catch(() => {})
  const storage = folderOf(process, steps.around('disk', disk.mount(process)))
  await driven(clock, storage.load({ namespace: NAMESPACE }))

  return {
    clock,
    disk,
    process,
    storage,
    beside: folderOf(live('beside.1')),
    run: () => Promise.race([run(storage), dead]),
    async judge(end, happened) {
      if (!end.ok && process.alive)
        expect(['unavailable', 'unauthorized']).toContain((end.error as { code?: string }).code)
      if (end.ok && happened !== 'a damaged answer') judge?.(end.result)
      const next = folderOf(live('app.3'))
      // What happened meanwhile was kept as well.
      const meant = happened.startsWith('a save by another process')
      const least = meant ? 3 : end.ok ? keeps : 1
      await expectKept(next, { least, happened })
      // What failed can be done again; for a process that died the next one does it.
      await run(process.alive ? storage : next)
      await expectKept(folderOf(live('app.4')), { least: meant ? 3 : keeps, happened })
      // The next life tidies up after the one before.
      await keep(next, 4, { instanceId: 'next' })
      await expectKept(folderOf(live('app.4')), { least: 4, happened })
      expect([...disk.files.keys()].filter(path => path.includes('~tmp/app-2.'))).toEqual([])
      expect([...disk.files.keys()].filter(path => path.includes('~tmp/app-1.'))).toEqual([])
    },
    end() {
      process.kill()
    },
  }
}

/**
 * What an earlier life kept is there, and so is what was said to be kept; and everything that is
 * named can be read.
 */
async function expectKept(
  storage: StateStorage,
  { least, happened }: { readonly least: number; readonly happened: string },
): Promise<void> {
  const { state, warnings } = await storage.load({ namespace: NAMESPACE })
  expect(warnings).toEqual([])
  expect(state.seen?.sequence).toBeGreaterThanOrEqual(least)
  expect(state.applied).toEqual(state.seen)
  expect(state.current?.version).toBe(state.seen?.sequence)
  expect(state.refused.slice(0, Math.min(least, 2))).toEqual(refusals.slice(0, Math.min(least, 2)))
  const named = [state.current, ...state.good].flatMap(saved => (saved === undefined ? [] : [saved]))
  for (const { digest, version } of named) {
    const bytes = await storage.readSnapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes: 1_000 })
    expect(bytes !== undefined && sameBytes(bytes, documents[version]?.bytes ?? bytes)).toBe(true)
  }
  if (happened.startsWith("another tenant's")) return
  const tenant = await storage.load({ namespace: TENANT })
  expect(tenant.state.current?.version).toBe(3)
}

for (const [name, doing] of Object.entries(DOINGS))
  atEachStep<unknown, Scene>({
    name: `state folder: ${name}`,
    leastSteps: doing.leastSteps,
    open: steps => open(steps, doing),
    happenings: {
      'a failure': failingAs('EIO'),
      'a full disk': failingAs('ENOSPC'),
      'a late answer': ({ clock }, _place, over) => clock.sleep(5_000, over),
      ...(name === 'clientId()' ? {} : { 'a damaged answer': damaged }),
      'a kill': ({ process }) => process.kill(),
      'a loss of power': ({ disk, process }) => {
        process.kill()
        disk.losePower()
      },
      'a save by another process': ({ beside }) => keep(beside, 3, { instanceId: 'old' }),
      'a save by another client of the process': meanwhile(({ storage }) =>
        keep(storage, 3, { instanceId: 'neighbour' }),
      ),
      "another tenant's save": meanwhile(({ storage }) =>
        keep(storage, 4, { namespace: TENANT, instanceId: 'tenant' }),
      ),
    },
  })
