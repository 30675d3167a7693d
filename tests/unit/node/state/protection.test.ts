import { describe, expect, test } from 'vitest'
import type { Protection, ProtectQuery, TrialAnswer } from '../../../../src/contracts/state.js'
import type { ProcessTag } from '../../../../src/node/disk/process-tag.js'
import { ownBootId } from '../../../../src/node/disk/boot-id.js'
import { stateFolder } from '../../../../src/node/state/state-folder.js'
import { virtualClock, type VirtualClock } from '../../../../src/sim/virtual-clock.js'
import { memoryDisk } from '../../../proof/fuzz/memory-disk.js'

const NAMESPACE = 'checkout/prod'
const BEAT_MS = 5_000
const DAY_MS = 86_400_000
const POISON = 'b'.repeat(64)
const OTHER = 'c'.repeat(64)

/** A machine whose processes share a folder. */
interface Machine {
  readonly clock: VirtualClock
  readonly disk: Map<string, Uint8Array | string>
  /** An operator readmits a snapshot, on this machine alone. */
  readmit(digest: string): void
  /** Starts a client in a process of its own, or in that of another client. */
  start(query?: Partial<ProtectQuery>, beside?: Process): Promise<Process>
}

/** A client, and its process. */
interface Process extends Protection {
  readonly host: Host
  readonly freed: number
  readonly warnings: readonly string[]
  /** Asks to try a snapshot while something else runs. */
  tries(digest: string, options?: { exclusive?: boolean; hasOther?: boolean }): Promise<TrialAnswer>
  /** Ends without a word, and is known to be gone unless said otherwise. */
  die(isKnown?: boolean): void
  /** Makes it earn what it runs. */
  soak(digest: string): Promise<void>
}

/** What the clients of one process have in common. */
interface Host {
  readonly owner: ProcessTag
  /** A process that died writes nothing any more. */
  readonly dead: { is: boolean }
}

function machine({ knowsBoots = true } = {}): Machine {
  const clock = virtualClock()
  const disk = new Map<string, Uint8Array | string>()
  const gone = new Set<string>()
  const readmittedMs = new Map<string, number>()
  let lives = 0

  return {
    clock,
    disk,
    readmit(digest) {
      const path = `/state/${NAMESPACE}/readmit/${digest}`
      disk.set(path, new Uint8Array())
      readmittedMs.set(path, clock.now())
    },
    async start(query = {}, beside) {
      lives += 1
      // A thread of this process: the others see that it lives.
      const tag = `00000000-${process.pid}-${String(lives).padStart(8, '0')}`
      const instanceId = `life-${lives}`
      const host = beside?.host ?? {
        owner: { tag, isGone: other => gone.has(other), ...(knowsBoots && { bootId: ownBootId() }) },
        dead: { is: false },
      }
      const { owner, dead } = host
      const namespace = query.namespace ?? NAMESPACE
      const bare = memoryDisk(disk)
      const folder = stateFolder('/state', {
        fs: {
          ...bare,
          stat: async path => {
            const changedMs = readmittedMs.get(path)
            return changedMs === undefined ? bare.stat(path) : { bytes: 0, changedMs }
          },
          create: (...args) => (dead.is ? new Promise(() => {}) : bare.create(...args)),
          remove: (...args) => (dead.is ? new Promise(() => {}) : bare.remove(...args)),
        },
        system: { clock },
        owner,
      })
      const warnings: string[] = []
      let freed = 0
      await folder.load({ namespace })
      const protection = await folder.protect!({
        namespace,
        instanceId,
        build: '1',
        onFree: () => (freed += 1),
        warn: text => warnings.push(text),
        ...query,
      })
      return {
        ...protection,
        host,
        get quarantined() {
          return protection.quarantined
        },
        get freed() {
          return freed
        },
        warnings,
        tries: (digest, { exclusive = false, hasOther = true } = {}) =>
          protection.begin({ digest, exclusive, hasOther }),
        die(isKnown = true) {
          dead.is = true
          if (isKnown) gone.add(owner.tag)
        },
        async soak(digest) {
          protection.committed(digest, 120_000)
          await clock.advance(60_000)
          protection.earned()
          const { state } = await folder.load({ namespace })
          const saved = { digest, version: 1, bytes: 1 }
          await folder.save({ namespace, instanceId, state: { ...state, good: [saved, ...state.good] } })
        },
      }
    },
  }
}

/**
 * A machine on which a process died of the poison, `ranMs` after it began to run it for its trial.
 */
async function afterOneDeath(ranMs = 0, trialMs = 120_000): Promise<Machine> {
  const made = machine()
  const first = await made.start()
  expect(await first.tries(POISON)).toBe('go')
  first.committed(POISON, trialMs)
  await made.clock.advance(ranMs)
  first.die()
  return made
}

/** A life runs the poison, and dies. */
async function diesOfIt(life: Process): Promise<void> {
  expect(await life.tries(POISON)).toBe('go')
  life.committed(POISON, 120_000)
  life.die()
}

/** A machine on which a process died of the poison, 10 s after the poison was earned. */
async function afterEarnedDeath(): Promise<Machine> {
  const made = machine()
  const first = await made.start()
  await first.tries(POISON)
  await first.soak(POISON)
  await made.clock.advance(10_000)
  first.die()
  return made
}

/** The snapshots that a process finds under quarantine. */
const heldBy = ({ quarantined }: Process): readonly string[] => quarantined.map(({ digest }) => digest)

/** Two clients of one process, each with a namespace of its own. */
async function twoClients(start: Machine['start']): Promise<readonly [Process, Process]> {
  const one = await start()
  return [one, await start({ namespace: 'checkout/side' }, one)]
}

describe('a snapshot of which a process died', () => {
  test('is tried again, alone, once what runs instead has outlived it', async () => {
    const { start, clock } = await afterOneDeath(20_000)
    const second = await start()
    expect(await second.tries(POISON)).toBe('suspect')
    await clock.advance(24_900)
    expect(second.freed).toBe(0)
    expect(await second.tries(POISON)).toBe('suspect')
    await clock.advance(200)
    expect(second.freed).toBe(1)
    expect(await second.tries(POISON)).toBe('go')
    // Told once, whoever asks however often.
    expect(second.warnings).toEqual([
      'a process died while it ran the snapshot bbbbbbbbbbbb, at least 20 s after it began to. Another one runs here instead for now, and it is tried once more after 25 s',
    ])
  })

  test('is under quarantine when a process died of it again, for a day', async () => {
    const { start, clock } = await afterOneDeath()
    const second = await start()
    await second.tries(POISON)
    await clock.advance(BEAT_MS + 100)
    expect(await second.tries(POISON)).toBe('go')
    second.die()
    const third = await start()
    expect(third.warnings).toEqual([expect.stringMatching(/bbbbbbbbbbbb is quarantined/)])
    expect(heldBy(third)).toEqual([POISON])
    expect(await third.tries(POISON, { hasOther: false })).toBe('quarantined')
    await third.close()
    await clock.advance(DAY_MS - 60_000)
    expect(await (await start()).tries(POISON)).toBe('quarantined')
    await clock.advance(120_000)
    const late = await start()
    expect(late.quarantined).toEqual([])
    expect(await late.tries(POISON)).toBe('go')
  })

  test('is tried at once where there is nothing else to run', async () => {
    const { start } = await afterOneDeath()
    const second = await start()
    expect(await second.tries(POISON, { hasOther: false })).toBe('go')
    expect(second.warnings).toEqual([
      expect.stringMatching(/died while .* bbbbbbbbbbbb.*tried once more, since nothing else is kept here/),
    ])
    second.die()
    expect(await (await start()).tries(POISON, { hasOther: false })).toBe('quarantined')
  })

  test('is acquitted when the process dies of what runs instead, too', async () => {
    const { start, clock } = await afterOneDeath(8_000)
    const second = await start()
    expect(await second.tries(POISON)).toBe('suspect')
    await clock.advance(BEAT_MS + 100)
    second.die()
    const third = await start()
    expect(await third.tries(POISON)).toBe('go')
  })

  test('is found although another suspect waits in the process that tries it', async () => {
    const { start, clock } = machine()
    const first = await start()
    await first.tries(OTHER)
    first.committed(OTHER, 120_000)
    await clock.advance(20_000)
    await first.tries(POISON)
    first.die()
    const second = await start()
    expect(await second.tries(POISON)).toBe('suspect')
    expect(await second.tries(OTHER)).toBe('suspect')
    await clock.advance(BEAT_MS + 100)
    expect(await second.tries(POISON)).toBe('go')
    second.die()
    const third = await start()
    expect(heldBy(third)).toEqual([POISON])
  })

  test('waits until what runs instead was earned, and is found then', async () => {
    const { start, clock } = await afterOneDeath()
    const second = await start()
    expect(await second.tries(POISON)).toBe('suspect')
    await second.tries(OTHER)
    second.committed(OTHER, 120_000)
    await clock.advance(BEAT_MS + 100)
    expect(second.freed).toBe(1)
    expect(await second.tries(POISON)).toBe('suspect')
    second.earned()
    await clock.advance(BEAT_MS + 100)
    expect(second.freed).toBe(2)
    expect(await second.tries(POISON)).toBe('go')
    second.die()
    const third = await start()
    expect(heldBy(third)).toEqual([POISON])
  })

  test('waits no longer than the trial of what runs instead, whether that is earned or not', async () => {
    const { start, clock } = await afterOneDeath()
    const second = await start()
    expect(await second.tries(POISON)).toBe('suspect')
    await second.tries(OTHER)
    second.committed(OTHER, 3 * BEAT_MS)
    await clock.advance(2 * BEAT_MS)
    expect(await second.tries(POISON)).toBe('suspect')
    await clock.advance(2 * BEAT_MS)
    expect(await second.tries(POISON)).toBe('go')
  })

  test('is found although another client of the process began with something that was not earned', async () => {
    const { start, clock } = machine()
    const [first, beside] = await twoClients(start)
    await beside.tries(OTHER, { hasOther: false })
    beside.committed(OTHER, 4 * BEAT_MS)
    await clock.advance(BEAT_MS)
    await first.tries(POISON)
    first.die()

    const [second, besideSecond] = await twoClients(start)
    expect(await besideSecond.tries(OTHER, { hasOther: false })).toBe('go')
    besideSecond.committed(OTHER, 4 * BEAT_MS)
    expect(await second.tries(POISON)).toBe('suspect')
    await clock.advance(3 * BEAT_MS)
    expect(second.freed).toBeGreaterThan(0)
    expect(await second.tries(POISON)).toBe('suspect')
    await clock.advance(3 * BEAT_MS)
    expect(await second.tries(POISON)).toBe('go')
    second.die()

    const [third, besideThird] = await twoClients(start)
    expect(heldBy(third)).toEqual([POISON])
    expect(heldBy(besideThird)).toEqual([])
  })

  test('is tried alone after many deaths also where neither of two clients of the process has anything else to run', async () => {
    const { start } = machine()
    for (let death = 0; death < 5; death += 1) {
      const both = await twoClients(start)
      for (const [index, digest] of [POISON, OTHER].entries())
        expect(await both[index]?.tries(digest, { hasOther: false })).toBe('go')
      both[0].die()
    }
    const [one, other] = await twoClients(start)
    expect(await other.tries(OTHER, { hasOther: false })).toBe('go')
    expect(await one.tries(POISON, { hasOther: false })).toBe('suspect')
  })

  test('is tried alone also where another suspect of the process may be tried from the same moment on', async () => {
    const { start, clock } = machine()
    const [first, beside] = await twoClients(start)
    await Promise.all([first.tries(POISON), beside.tries(OTHER)])
    first.die()
    const second = await twoClients(start)
    const both = (): Promise<readonly TrialAnswer[]> =>
      Promise.all([second[0].tries(POISON), second[1].tries(OTHER)])
    expect(await both()).toEqual(['suspect', 'suspect'])
    await clock.advance(BEAT_MS + 100)
    expect((await both()).toSorted()).toEqual(['go', 'suspect'])
    second[0].die()
    expect((await twoClients(start)).flatMap(heldBy)).toHaveLength(1)
  })

  test('costs two deaths also where two clients of the process ran it', async () => {
    const { start, clock } = machine()
    const first = await twoClients(start)
    for (const client of first) expect(await client.tries(POISON)).toBe('go')
    first[0].die()
    const second = await twoClients(start)
    for (const client of second) expect(await client.tries(POISON)).toBe('suspect')
    await clock.advance(BEAT_MS + 100)
    for (const client of second) expect(await client.tries(POISON)).toBe('go')
    second[0].die()
    expect((await twoClients(start)).map(heldBy)).toEqual([[POISON], [POISON]])
  })

  test('is what another build may run', async () => {
    const { start } = await afterOneDeath()
    expect(await (await start({ build: '2' })).tries(POISON)).toBe('go')
  })

  test('is tried again at once when a release readmits it', async () => {
    const { start } = await afterOneDeath()
    const second = await start()
    await second.tries(POISON, { hasOther: false })
    second.die()
    const third = await start()
    expect(third.quarantined).toHaveLength(1)
    third.readmit([POISON])
    expect(third.quarantined).toEqual([])
    expect(await third.tries(POISON)).toBe('go')
    await third.close()
    const fourth = await start()
    expect(fourth.quarantined).toEqual([])
    expect(await fourth.tries(POISON)).toBe('go')
  })

  test('is tried again after a restart when an operator readmits it on this machine, and no other is', async () => {
    const { start, readmit, clock } = machine()
    for (const digest of [POISON, OTHER])
      for (let life = 0; life < 2; life += 1) {
        const doomed = await start()
        expect(await doomed.tries(digest, { hasOther: false })).toBe('go')
        doomed.die()
      }
    const third = await start()
    expect(third.quarantined).toHaveLength(2)
    await third.close()
    await clock.advance(1_000)
    readmit(POISON)
    await clock.advance(1_000)
    const fourth = await start()
    expect(heldBy(fourth)).toEqual([OTHER])
    expect(await fourth.tries(OTHER)).toBe('quarantined')
    expect(await fourth.tries(POISON)).toBe('go')
    // It is no licence for what comes later.
    fourth.die()
    expect(await (await start()).tries(POISON)).toBe('suspect')
  })

  test('is held for nothing once it has outlived its trial', async () => {
    const { start, clock } = await afterOneDeath()
    const second = await start()
    await second.tries(POISON, { hasOther: false })
    await second.soak(POISON)
    await clock.advance(65_000)
    second.die()
    const third = await start()
    expect(await third.tries(POISON)).toBe('go')
    third.die()
    // That it was earned makes no difference to what it does later.
    expect(await (await start()).tries(POISON)).toBe('go')
  })

  test('is one until the very end of its trial', async () => {
    const { start } = await afterOneDeath(2.4 * BEAT_MS - 10, 2.4 * BEAT_MS)
    expect(await (await start()).tries(POISON)).toBe('suspect')
  })

  test('is found although it was earned before it killed', async () => {
    const { start } = await afterEarnedDeath()
    expect(await (await start()).tries(POISON)).toBe('suspect')
  })

  describe('and that was earned, but has yet to outlive its trial', () => {
    test('is tried again by the next life after its client was closed', async () => {
      const { start } = machine()
      const first = await start()
      await first.tries(POISON)
      await first.soak(POISON)
      await first.close()
      await diesOfIt(await start())
      const third = await start()
      expect(await third.tries(POISON)).toBe('suspect')
      expect(await third.tries(POISON, { hasOther: false })).toBe('go')
      third.die()
      expect(heldBy(await start())).toEqual([POISON])
    })

    test('is tried again, and waits for no turn, by each process of a fleet that is started anew', async () => {
      const { start } = machine()
      const first = await start()
      await first.tries(POISON, { exclusive: true })
      await first.soak(POISON)
      await first.close()
      const [second, third] = [await start(), await start()]
      expect(await second.tries(POISON, { exclusive: true })).toBe('go')
      expect(await third.tries(POISON, { exclusive: true })).toBe('go')
      third.die()
      expect(await (await start()).tries(POISON)).toBe('suspect')
    })

    test('is tried again where something else ran in between', async () => {
      const { start } = machine()
      const first = await start()
      await first.tries(POISON)
      await first.soak(POISON)
      await first.tries(OTHER)
      first.committed(OTHER, 120_000)
      await first.tries(POISON)
      first.committed(POISON, 120_000)
      first.die()
      expect(await (await start()).tries(POISON)).toBe('suspect')
    })

    test('is looked after again where what was tried meanwhile was given up', async () => {
      const { start, clock } = machine()
      const first = await start()
      await first.tries(POISON)
      await first.soak(POISON)
      await first.tries(OTHER)
      first.drop(OTHER)
      await clock.advance(BEAT_MS + 100)
      first.die()
      const second = await start()
      expect(await second.tries(POISON)).toBe('suspect')
      expect(await second.tries(OTHER)).toBe('go')
    })

    test('is held for nothing any more once another life outlived the trial', async () => {
      const { start, clock } = machine()
      const first = await start()
      await first.tries(POISON)
      await first.soak(POISON)
      await first.close()
      const second = await start()
      await second.tries(POISON)
      second.committed(POISON, 120_000)
      await clock.advance(120_100)
      second.die()
      await diesOfIt(await start())
      expect(await (await start()).tries(POISON)).toBe('go')
    })
  })

  test('is on trial anew after it was acquitted, also where it was earned before', async () => {
    const { start, clock } = await afterEarnedDeath()
    const second = await start()
    expect(await second.tries(POISON)).toBe('suspect')
    await clock.advance(BEAT_MS + 100)
    second.die()
    const third = await start()
    expect(await third.tries(POISON)).toBe('go')
    await clock.advance(BEAT_MS + 100)
    third.die()
    const fourth = await start()
    expect(await fourth.tries(POISON)).toBe('suspect')
    await clock.advance(3 * BEAT_MS)
    expect(await fourth.tries(POISON)).toBe('go')
    fourth.die()
    expect(heldBy(await start())).toEqual([POISON])
  })
})

describe('nothing is held against a snapshot', () => {
  test('that has run for its whole trial, from that moment on and not from the next beat', async () => {
    // No whole number of beats.
    const { start } = await afterOneDeath(2.4 * BEAT_MS + 10, 2.4 * BEAT_MS)
    expect(await (await start()).tries(POISON)).toBe('go')
  })

  test('whose client was closed', async () => {
    const { start } = machine()
    const first = await start()
    await first.tries(POISON)
    await first.close()
    const second = await start()
    expect(second.previous).toEqual({ instanceId: 'life-1', end: 'clean', ranMs: 0 })
    expect(await second.tries(POISON)).toBe('go')
  })

  test('that was given up before it came into force', async () => {
    const { start, clock } = machine()
    const first = await start()
    await first.tries(POISON)
    first.drop(POISON)
    await clock.advance(100)
    first.die()
    expect(await (await start()).tries(POISON)).toBe('go')
  })

  test('that another one replaced', async () => {
    const { start, clock, disk } = machine()
    const first = await start()
    await first.tries(POISON)
    first.committed(POISON, 120_000)
    await first.tries(OTHER)
    first.committed(OTHER, 120_000)
    await clock.advance(BEAT_MS + 100)
    first.die()
    // Nor is anything pardoned, where nothing was held against it.
    const written = new TextDecoder().decode(
      disk.get(`/state/${NAMESPACE}/instances/life-1.json`) as Uint8Array,
    )
    expect(JSON.parse(written)).not.toHaveProperty('pardoned')
    const second = await start()
    expect(await second.tries(POISON)).toBe('go')
    expect(await second.tries(OTHER)).toBe('suspect')
  })

  test('that was not tried alone, but what was tried with it is tried alone then', async () => {
    const { start } = machine()
    for (let life = 0; life < 2; life += 1) {
      const both = await start()
      await both.tries(POISON, { hasOther: false })
      await both.tries(OTHER, { hasOther: false })
      both.die()
    }
    const next = await start()
    expect(next.quarantined).toEqual([])
    expect(await next.tries(POISON)).toBe('suspect')
  })
})

describe.skipIf(process.platform !== 'linux')('of the processes of one folder', () => {
  test('each has a slot of its own, which the next one takes over', async () => {
    const { start } = machine()
    const [first, second, third] = [await start(), await start(), await start()]
    expect([first, second, third].map(({ slot }) => slot)).toEqual([0, 1, 2])
    second.die()
    expect((await start()).slot).toBe(1)
    await first.close()
    expect((await start()).slot).toBe(0)
  })

  test('one tries a candidate first, and the others when it was earned', async () => {
    const { start, clock } = machine()
    const [first, second] = [await start(), await start()]
    expect(await first.tries(POISON, { exclusive: true })).toBe('go')
    expect(await second.tries(POISON, { exclusive: true })).toBe('turn')
    await clock.advance(4 * BEAT_MS)
    expect(second.freed).toBe(0)
    await first.soak(POISON)
    await clock.advance(BEAT_MS + 100)
    expect(second.freed).toBe(1)
    expect(await second.tries(POISON, { exclusive: true })).toBe('go')
  })

  test('eight cost two deaths between them', async () => {
    const { start, clock } = machine()
    const workers = await Promise.all(Array.from({ length: 8 }, () => start()))
    let deaths = 0
    for (let round = 0; round < 20; round += 1) {
      for (const [index, worker] of workers.entries()) {
        if ((await worker.tries(POISON, { exclusive: true })) !== 'go') continue
        deaths += 1
        worker.die()
        workers[index] = await start()
      }
      await clock.advance(2 * BEAT_MS)
    }
    expect(deaths).toBe(2)
  })

  test('the next one tries when who had the turn is closed', async () => {
    const { start, clock } = machine()
    const [first, second] = [await start(), await start()]
    await first.tries(POISON, { exclusive: true })
    expect(await second.tries(POISON, { exclusive: true })).toBe('turn')
    await first.close()
    await clock.advance(BEAT_MS + 100)
    expect(second.freed).toBe(1)
    expect(await second.tries(POISON, { exclusive: true })).toBe('go')
  })

  test('one waits for another of which nobody knows whether it lives, until three beats are missing', async () => {
    const { start, clock } = machine({ knowsBoots: false })
    const first = await start()
    await first.tries(POISON)
    first.die(false)
    const second = await start()
    expect(await second.tries(POISON)).toBe('turn')
    await clock.advance(2 * BEAT_MS)
    expect(second.freed).toBe(0)
    await clock.advance(2 * BEAT_MS + 100)
    expect(second.freed).toBe(1)
    expect(await second.tries(POISON)).toBe('suspect')
  })
})

test('the next life hears how the one before it ended, and what it ran', async () => {
  const { start } = await afterOneDeath(12_000)
  expect((await start()).previous).toEqual({
    instanceId: 'life-1',
    digest: POISON,
    end: 'abrupt',
    ranMs: 10_000,
  })
})

test('the next life hears how long what had outlived its trial ran, too', async () => {
  const { start, clock } = machine()
  const first = await start()
  await first.tries(POISON)
  await first.soak(POISON)
  await clock.advance(120_000)
  await first.close()
  const second = await start()
  expect(await second.tries(POISON)).toBe('go')
  second.committed(POISON, 120_000)
  await clock.advance(12_000)
  second.die()
  expect((await start()).previous).toMatchObject({ digest: POISON, ranMs: 10_000 })
})

test('a folder without a life before tells of none', async () => {
  expect((await machine().start()).previous).toBeUndefined()
})
