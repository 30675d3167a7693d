import { mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isNoticeboardError } from '../../../../src/contracts/errors.js'
import type { Quarantine, SavedAttempt, SavedState } from '../../../../src/contracts/state.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { readAttempts, readQuarantines } from '../../../../src/node/state/attempts.js'
import { stateFolder } from '../../../../src/node/state/state-folder.js'
import { foldStates } from '../../../../src/node/state/state-fold.js'
import type { StateFile } from '../../../../src/node/state/state-file.js'
import { systemClock } from '../../../../src/system/system.js'
import { EPOCH, NAMESPACE, releaseOf, snapshotOf, temporaryFolder } from '../../../support/board-kit.js'
import { failing, interceptedDisk, unavailable } from '../../../support/disks.js'

const empty: SavedState = { good: [], refused: [] }
const saved = (document: unknown, version: number) => {
  const { digest, bytes } = snapshotOf(document)
  return { digest, version, bytes: bytes.length }
}
const at = (sequence: number, epoch = EPOCH) => ({ epoch, sequence })
const refusal = (document: unknown, build: string, minute: number) => ({
  digest: snapshotOf(document).digest,
  build,
  code: 'invalid-document',
  at: `2026-11-21T09:${String(minute).padStart(2, '0')}:00.000Z`,
})

/** Where a client stood that ran a document and has seen a newer release. */
const stood: Omit<SavedState, 'refused'> = {
  release: releaseOf(snapshotOf({ size: 1 }), { at: at(7) }),
  seen: at(7),
  applied: at(6),
  current: saved({ size: 1 }, 6),
  good: [saved({ size: 1 }, 6), saved({ size: 0 }, 2)],
}

const clockAt = (text: string) => {
  let nowMs = Date.parse(text)
  return { ...systemClock, now: () => nowMs, advance: (ms: number) => (nowMs += ms) }
}

/**
 * What a folder holds of the namespace; without the attempts and quarantines, where there are none.
 */
const load = async (folder: string, options = {}) => {
  const { attempts, quarantined, lives, pardoned, ...loaded } = await stateFolder(folder, options).load({
    namespace: NAMESPACE,
  })
  expect([attempts, quarantined, lives, pardoned]).toEqual([[], [], [], []])
  return loaded
}

describe('disk', () => {
  it('reads a file of 524,288 bytes, and leaves out one of a byte more', async () => {
    const folder = await temporaryFolder()
    const instances = join(folder, NAMESPACE, 'instances')
    await mkdir(instances, { recursive: true })
    const fileOf = (bytes: number): Uint8Array => {
      const file = (padding: string) =>
        encodeText(
          canonicalize({
            good: [],
            padding,
            refused: [],
            savedAt: '2026-11-21T09:00:00.000Z',
            seen: at(7),
            v: 1,
          }),
        )
      return file('x'.repeat(bytes - file('').length))
    }
    expect(fileOf(524_288)).toHaveLength(524_288)
    await writeFile(join(instances, 'one.json'), fileOf(524_288))
    expect(await load(folder)).toEqual({ state: { ...empty, seen: at(7) }, warnings: [] })
    await writeFile(join(instances, 'one.json'), fileOf(524_289))
    expect(await load(folder)).toEqual({
      state: empty,
      warnings: [expect.stringMatching(/one\.json is left out/)],
    })
  })

  it('forgets what was refused before a file in readmit, at whatever age, as long as that is there', async () => {
    const folder = await temporaryFolder()
    const system = { clock: clockAt('2026-12-21T09:00:00.000Z') }
    const [before, after] = [refusal({ size: 1 }, '7', 10), refusal({ size: 2 }, '7', 30)]
    const saved = { ...empty, refused: [before, after] }
    await stateFolder(folder, { system }).save({ namespace: NAMESPACE, instanceId: 'one', state: saved })
    const readmit = join(folder, NAMESPACE, 'readmit')
    await mkdir(readmit)
    const aMonthAgo = new Date('2026-11-21T09:20:00.000Z')
    for (const { digest } of [before, after]) {
      await writeFile(join(readmit, digest), '')
      await utimes(join(readmit, digest), aMonthAgo, aMonthAgo)
    }
    const refused = async () =>
      (await stateFolder(folder, { system }).load({ namespace: NAMESPACE })).state.refused
    expect(await refused()).toEqual([after])
    await rm(join(readmit, before.digest))
    expect(await refused()).toEqual([before, after])
    // What was refused in the very millisecond is forgotten, too.
    const then = new Date(before.at)
    await writeFile(join(readmit, before.digest), '')
    await utimes(join(readmit, before.digest), then, then)
    expect(await refused()).toEqual([after])
  })

  it('takes what an instance tried for no death where a file says that it ended in order', async () => {
    const folder = await temporaryFolder()
    const tried = { digest: 'b'.repeat(64), build: '1', slot: 0, ranMs: 7, bootId: 'boot' }
    const times = { startedAt: '2026-11-21T09:00:00.000Z', beatAt: '2026-11-21T09:00:00.000Z' }
    const attempts = ['one', 'two'].map(instanceId => ({
      ...tried,
      ...times,
      instanceId,
      owner: `owner-${instanceId}`,
    }))
    const instances = join(folder, NAMESPACE, 'instances')
    await mkdir(instances, { recursive: true })
    for (const attempt of attempts) {
      const { instanceId, owner, bootId, slot, startedAt, digest } = attempt
      const file = {
        v: 1,
        savedAt: startedAt,
        good: [],
        refused: [],
        attempts: [attempt],
        life: { instanceId, owner, bootId, slot, startedAt, digest, ranMs: 7 },
      }
      await writeFile(join(instances, `${instanceId}.json`), encodeText(canonicalize(file)))
    }
    await writeFile(join(instances, 'one.ended'), '')
    const { attempts: found, lives } = await stateFolder(folder).load({ namespace: NAMESPACE })
    const [one, two] = attempts
    expect(found).toEqual([{ ...one, stopped: true }, two])
    expect(lives?.map(({ instanceId, ended }) => [instanceId, ended])).toEqual([
      ['one', true],
      ['two', undefined],
    ])
  })

  it('finds again what was saved', async () => {
    const folder = await temporaryFolder()
    expect(await load(folder)).toEqual({ state: empty, warnings: [] })
    const state: SavedState = {
      ...stood,
      current: { ...saved({ size: 1 }, 6), candidate: true },
      refused: [{ ...refusal({ size: 2 }, '', 1), path: 'pool.size', validator: 'schema' }],
      readmitted: [{ digest: snapshotOf({ size: 3 }).digest, position: at(5) }],
    }
    await stateFolder(folder).save({ namespace: NAMESPACE, instanceId: 'one', state })
    expect(await load(folder)).toEqual({ state, warnings: [] })
    expect(await stateFolder(folder).load({ namespace: 'other' })).toMatchObject({
      state: empty,
      warnings: [],
    })
  })

  it('lays the folder out as the formats say, for nobody else to read', async () => {
    const parent = await temporaryFolder()
    const folder = join(parent, 'state')
    const state = stateFolder(folder)
    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' })
    await state.clientId('me')
    const { digest, bytes } = snapshotOf({ size: 1 })
    await state.writeSnapshot({ namespace: NAMESPACE, digest, bytes })
    await state.save({ namespace: NAMESPACE, instanceId: 'Ab_1-2', state: empty })
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const paths = entries.map(entry => join(entry.parentPath, entry.name))
    expect(paths.map(path => path.slice(folder.length + 1)).sort()).toEqual(
      ['checkout', 'checkout/prod', 'checkout/prod/instances', 'checkout/prod/instances/Ab_1-2.json', 'checkout/prod/snapshots',
        `checkout/prod/snapshots/${digest}.json`, 'client.json', '~tmp'].sort(),
    ) // prettier-ignore
    for (const path of [folder, ...paths]) {
      const facts = await stat(path)
      expect((facts.mode & 0o777).toString(8)).toBe(facts.isFile() ? '600' : '700')
    }
    expect(await readFile(join(folder, 'client.json'), 'utf8')).toBe('{"clientId":"me","v":1}')
  })

  it('keeps the first name of a client, also when several processes start at once', async () => {
    const folder = await temporaryFolder()
    const names = await Promise.all(
      Array.from({ length: 8 }, (_, index) => stateFolder(folder).clientId(`client-${index}`)),
    )
    expect(new Set(names).size).toBe(1)
    expect(await stateFolder(folder).clientId('late')).toBe(names[0])
  })

  it('replaces a client file that cannot be read', async () => {
    for (const text of ['', '{"clientId":', '{"clientId":"a\\nb","v":1}', '{"v":1}', '[]']) {
      const folder = await temporaryFolder()
      await writeFile(join(folder, 'client.json'), text)
      expect(await stateFolder(folder).clientId('me')).toBe('me')
      expect(await stateFolder(folder).clientId('other')).toBe('me')
    }
  })

  it('keeps the client file of a later version, and goes by the name in it', async () => {
    for (const [text, name] of [
      ['{"clientId":"x","v":2}', 'x'],
      ['{"names":{"x":1},"v":3}', 'me'],
      ['{"clientId":{"x":1},"v":9007199254740991}', 'me'],
    ] as const) {
      const folder = await temporaryFolder()
      await writeFile(join(folder, 'client.json'), text)
      expect(await stateFolder(folder).clientId('me')).toBe(name)
      expect(await readFile(join(folder, 'client.json'), 'utf8')).toBe(text)
    }
  })

  it('names a client where the file system has no hard links', async () => {
    const folder = await temporaryFolder()
    const port = interceptedDisk(operation => void (operation === 'link' && failing('EPERM')))
    expect(await stateFolder(folder, { fs: port }).clientId('me')).toBe('me')
    expect(await stateFolder(folder, { fs: port }).clientId('other')).toBe('me')
  })

  it('does not name a client anew because its name cannot be read just now', async () => {
    const folder = await temporaryFolder()
    await stateFolder(folder).clientId('me')
    for (const fail of [() => failing('EIO'), unavailable]) {
      const port = interceptedDisk(operation => void (operation === 'read' && fail()))
      await expect(stateFolder(folder, { fs: port }).clientId('other')).rejects.toMatchObject({
        code: 'unavailable',
      })
    }
    expect(await stateFolder(folder).clientId('other')).toBe('me')
  })

  it('folds what several instances knew', async () => {
    const folder = await temporaryFolder()
    const older = releaseOf(snapshotOf({ size: 1 }), { at: at(7) })
    const newer = releaseOf(snapshotOf({ size: 2 }), { at: at(9) })
    const clock = clockAt('2026-11-21T09:30:00.000Z')
    await stateFolder(folder, { system: { clock } }).save({
      namespace: NAMESPACE,
      instanceId: 'one',
      state: {
        release: newer,
        seen: at(9),
        applied: at(3),
        current: saved({ size: 3 }, 3),
        good: [saved({ size: 3 }, 3)],
        refused: [refusal({ size: 9 }, 'b1', 1)],
      },
    })
    clock.advance(1_000)
    await stateFolder(folder, { system: { clock } }).save({
      namespace: NAMESPACE,
      instanceId: 'two',
      state: {
        release: older,
        seen: at(7),
        applied: at(5),
        current: saved({ size: 5 }, 5),
        good: [saved({ size: 5 }, 5)],
        refused: [refusal({ size: 9 }, 'b2', 2), refusal({ size: 9 }, 'b1', 3)],
      },
    })
    const { state, warnings } = await load(folder)
    expect(warnings).toEqual([])
    expect(state).toEqual({
      release: newer,
      seen: at(9),
      applied: at(5),
      current: saved({ size: 5 }, 5),
      good: [saved({ size: 5 }, 5), saved({ size: 3 }, 3)],
      refused: [refusal({ size: 9 }, 'b2', 2), refusal({ size: 9 }, 'b1', 3)],
    })
  })

  it('lets the file saved last win over a fork, and says so', async () => {
    const folder = await temporaryFolder()
    const clock = clockAt('2026-11-21T09:30:00.000Z')
    for (const [instanceId, epoch, sequence] of [
      ['one', '2-aaaaaaaa', 50],
      ['two', '2-bbbbbbbb', 3],
      ['three', '1-cccccccc', 99],
    ] as const) {
      clock.advance(1_000)
      await stateFolder(folder, { system: { clock } }).save({
        namespace: NAMESPACE,
        instanceId,
        state: { ...empty, seen: at(sequence, epoch) },
      })
    }
    const { state, warnings } = await load(folder)
    expect(state.seen).toEqual(at(3, '2-bbbbbbbb'))
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/2-aaaaaaaa and 2-bbbbbbbb/)
  })

  it('leaves out files that it cannot read, with a warning', async () => {
    const folder = await temporaryFolder()
    await stateFolder(folder).save({
      namespace: NAMESPACE,
      instanceId: 'one',
      state: { ...empty, seen: at(1) },
    })
    const instances = join(folder, NAMESPACE, 'instances')
    await writeFile(join(instances, 'cut.json'), '{"v":1,')
    await writeFile(join(instances, 'later.json'), '{"v":2}')
    await writeFile(join(instances, 'huge.json'), 'x'.repeat(300_000))
    await writeFile(
      join(instances, 'positions.json'),
      '{"attempts":[],"quarantined":[],"good":[],"refused":[],"savedAt":"2026-11-21T09:30:00.000Z","seen":{"epoch":"x","sequence":1},"v":1}',
    )
    await mkdir(join(instances, 'folder.json'))
    await symlink(join(instances, 'one.json'), join(instances, 'link.json'))
    await writeFile(join(instances, 'no name.json'), 'passed over')
    await writeFile(join(instances, 'notes.txt'), 'passed over')
    const { state, warnings } = await load(folder)
    expect(state.seen).toEqual(at(1))
    expect(warnings.map(text => /instances\/(\w+)\.json/.exec(text)?.[1]).sort()).toEqual([
      'cut',
      'folder',
      'huge',
      'later',
      'link',
      'positions',
    ])
    expect(warnings.find(text => text.includes('later'))).toMatch(/another version/)
    expect(warnings.find(text => text.includes('link'))).toMatch(/symbolic link/)
  })

  it('keeps the state when one refusal cannot be read', async () => {
    const folder = await temporaryFolder()
    const long = { ...refusal({ size: 2 }, 'b', 1), path: 'x'.repeat(2_000) }
    await stateFolder(folder).save({
      namespace: NAMESPACE,
      instanceId: 'one',
      state: { ...empty, seen: at(4), refused: [long, refusal({ size: 3 }, 'b', 2)] },
    })
    const { state, warnings } = await load(folder)
    expect(state.seen).toEqual(at(4))
    expect(state.refused.map(({ at: when }) => when)).toContain(refusal({ size: 3 }, 'b', 2).at)
    expect(warnings).toEqual([])
  })

  it('removes what it folded when that is an hour old, and keeps what lives', async () => {
    const folder = await temporaryFolder()
    const clock = clockAt('2026-11-21T09:30:00.000Z')
    const instances = join(folder, NAMESPACE, 'instances')
    const old = stateFolder(folder, { system: { clock } })
    await old.save({ namespace: NAMESPACE, instanceId: 'old', state: { ...empty, seen: at(3) } })
    const living = stateFolder(folder, { system: { clock } })
    await living.save({ namespace: NAMESPACE, instanceId: 'living', state: { ...empty, seen: at(2) } })
    clock.advance(3_601_000)
    const next = stateFolder(folder, { system: { clock } })
    const { state } = await next.load({ namespace: NAMESPACE })
    await living.save({ namespace: NAMESPACE, instanceId: 'living', state: { ...empty, seen: at(5) } })
    await next.save({ namespace: NAMESPACE, instanceId: 'next', state })
    expect((await readdir(instances)).sort()).toEqual(['living.json', 'next.json'])
    expect((await load(folder)).state.seen).toEqual(at(5))
  })

  it('does not remove what it never folded', async () => {
    const folder = await temporaryFolder()
    const clock = clockAt('2026-11-21T09:30:00.000Z')
    await stateFolder(folder, { system: { clock } }).save({
      namespace: NAMESPACE,
      instanceId: 'old',
      state: { ...empty, seen: at(3) },
    })
    clock.advance(3_601_000)
    await stateFolder(folder, { system: { clock } }).save({
      namespace: NAMESPACE,
      instanceId: 'next',
      state: empty,
    })
    expect((await load(folder)).state.seen).toEqual(at(3))
  })

  it('keeps the newest 64 files', async () => {
    const folder = await temporaryFolder()
    const clock = clockAt('2026-11-21T09:30:00.000Z')
    const one = stateFolder(folder, { system: { clock } })
    for (let index = 1; index <= 80; index += 1) {
      clock.advance(10)
      await one.save({ namespace: NAMESPACE, instanceId: `i${index}`, state: { ...empty, seen: at(index) } })
    }
    const next = stateFolder(folder, { system: { clock } })
    const { state } = await next.load({ namespace: NAMESPACE })
    clock.advance(10)
    await next.save({ namespace: NAMESPACE, instanceId: 'next', state })
    const names = await readdir(join(folder, NAMESPACE, 'instances'))
    expect(names).toHaveLength(64)
    expect(names).toContain('next.json')
    expect(names).toContain('i80.json')
    expect(names).not.toContain('i1.json')
  })

  it('gives the attempts and quarantines of all instances, each once, and keeps those that it is told to', async () => {
    const folder = await temporaryFolder()
    const one = stateFolder(folder)
    const attempt: SavedAttempt = {
      digest: 'a'.repeat(64),
      build: '',
      slot: 0,
      instanceId: 'one',
      owner: '7-9',
      bootId: 'b1',
      startedAt: '2026-11-21T09:00:00.000Z',
      beatAt: '2026-11-21T09:00:05.000Z',
      ranMs: 5_000,
    }
    const quarantine: Quarantine = {
      digest: 'b'.repeat(64),
      build: '1.2',
      until: '2026-11-22T09:00:00.000Z',
    }
    const save = (instanceId: string, more: Partial<SavedState>): Promise<void> =>
      one.save({ namespace: NAMESPACE, instanceId, state: { ...empty, ...more } })
    await save('one', { attempts: [attempt], quarantined: [quarantine] })
    const later = { ...attempt, beatAt: '2026-11-21T09:00:10.000Z', ranMs: 10_000 }
    await save('two', { attempts: [later, { ...later, instanceId: 'two' }], quarantined: [quarantine] })
    const both = await stateFolder(folder).load({ namespace: NAMESPACE })
    expect(both.quarantined).toEqual([quarantine])
    expect(both.attempts?.toSorted((a, b) => (a.instanceId < b.instanceId ? -1 : 1))).toEqual([
      later,
      { ...later, instanceId: 'two' },
    ])
    // What an instance leaves out stays as it was; an empty list takes it away.
    await save('two', {})
    expect((await stateFolder(folder).load({ namespace: NAMESPACE })).attempts).toHaveLength(2)
    for (const instanceId of ['one', 'two']) await save(instanceId, { attempts: [], quarantined: [] })
    expect(await load(folder)).toMatchObject({ warnings: [] })
  })

  it('leaves out attempts and quarantines that it cannot read', () => {
    const digest = 'a'.repeat(64)
    expect(readAttempts([null, 7, { digest }, { digest, build: '' }])).toEqual([])
    expect(readQuarantines([[], { digest, build: '', until: 'tomorrow' }])).toEqual([])
  })

  it('hands on attempts and quarantines of a version that writes them', async () => {
    const folder = await temporaryFolder()
    const clock = clockAt('2026-11-21T09:30:00.000Z')
    const instances = join(folder, NAMESPACE, 'instances')
    await mkdir(instances, { recursive: true })
    const attempt = { digest: 'a'.repeat(64), startedAt: '2026-11-21T09:00:00.000Z' }
    const quarantine = { build: 'b', digest: 'b'.repeat(64), until: '2026-11-22T09:00:00.000Z' }
    await writeFile(
      join(instances, 'old.json'),
      canonicalize({
        attempts: [attempt],
        quarantined: [quarantine],
        good: [],
        refused: [],
        savedAt: '2026-11-21T08:00:00.000Z',
        unknown: 1,
        v: 1,
      }),
    )
    const next = stateFolder(folder, { system: { clock } })
    const { state, warnings } = await next.load({ namespace: NAMESPACE })
    expect(warnings).toEqual([])
    for (let round = 0; round < 3; round += 1)
      await next.save({ namespace: NAMESPACE, instanceId: 'next', state })
    expect(await readdir(instances)).toEqual(['next.json'])
    expect(JSON.parse(await readFile(join(instances, 'next.json'), 'utf8'))).toMatchObject({
      attempts: [attempt],
      quarantined: [quarantine],
    })
  })

  it('keeps snapshots, and removes those that no file names after an hour', async () => {
    const folder = await temporaryFolder()
    const state = stateFolder(folder)
    const [kept, dropped] = [snapshotOf({ size: 1 }), snapshotOf({ size: 2 })]
    for (const snapshot of [kept, dropped]) await state.writeSnapshot({ namespace: NAMESPACE, ...snapshot })
    const read = (digest: string, maxSnapshotBytes = 100) =>
      state.readSnapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes })
    expect(await read(kept.digest)).toEqual(kept.bytes)
    expect(await read('f'.repeat(64))).toBeUndefined()
    expect(await read(kept.digest, 3)).toBeUndefined()
    const current = saved({ size: 1 }, 1)
    await state.save({
      namespace: NAMESPACE,
      instanceId: 'one',
      state: { ...empty, current, applied: at(1) },
    })
    expect(await read(dropped.digest)).toEqual(dropped.bytes)
    const past = Date.now() / 1000 - 3_700
    for (const { digest } of [kept, dropped])
      await utimes(join(folder, NAMESPACE, 'snapshots', `${digest}.json`), past, past)
    await stateFolder(folder).save({
      namespace: NAMESPACE,
      instanceId: 'two',
      state: { ...empty, current, applied: at(1) },
    })
    expect(await read(dropped.digest)).toBeUndefined()
    expect(await read(kept.digest)).toEqual(kept.bytes)
  })

  it('keeps a snapshot that the next state will name, however far the clock is set forward in between', async () => {
    const folder = await temporaryFolder()
    const set = { year: 0 }
    const clock = { ...systemClock, now: () => Date.now() + set.year * 31_536_000_000 }
    const [state, other] = [
      stateFolder(folder, { system: { clock } }),
      stateFolder(folder, { system: { clock } }),
    ]
    const wanted = snapshotOf({ size: 1 })
    await state.writeSnapshot({ namespace: NAMESPACE, ...wanted })
    set.year = 1
    // Neither a state of this process that does not name it yet, nor one of another process.
    for (const writer of [state, other])
      await writer.save({ namespace: NAMESPACE, instanceId: 'one', state: empty })
    const path = join(folder, NAMESPACE, 'snapshots', `${wanted.digest}.json`)
    expect(await readFile(path)).toHaveLength(wanted.bytes.length)
    // A clock of the files themselves that was set forward, as on a machine that starts in 1970:
    // ours stays all the same.
    await utimes(path, 0, 0)
    await state.save({ namespace: NAMESPACE, instanceId: 'one', state: empty })
    expect(await readFile(path)).toHaveLength(wanted.bytes.length)
  })

  it('removes no snapshot while there is a file that it cannot read', async () => {
    const folder = await temporaryFolder()
    const state = stateFolder(folder)
    const snapshot = snapshotOf({ size: 1 })
    await state.writeSnapshot({ namespace: NAMESPACE, ...snapshot })
    const past = Date.now() / 1000 - 3_700
    await utimes(join(folder, NAMESPACE, 'snapshots', `${snapshot.digest}.json`), past, past)
    await mkdir(join(folder, NAMESPACE, 'instances'), { recursive: true })
    await writeFile(join(folder, NAMESPACE, 'instances', 'later.json'), '{"v":2}')
    await state.save({ namespace: NAMESPACE, instanceId: 'one', state: empty })
    expect(
      await state.readSnapshot({ namespace: NAMESPACE, digest: snapshot.digest, maxSnapshotBytes: 100 }),
    ).toEqual(snapshot.bytes)
  })

  it('refuses names that lead elsewhere', async () => {
    const folder = await temporaryFolder()
    const state = stateFolder(folder)
    await expect(state.load({ namespace: '../x' })).rejects.toMatchObject({ code: 'invalid-option' })
    await expect(state.save({ namespace: 'a\0', instanceId: 'one', state: empty })).rejects.toMatchObject({
      code: 'invalid-option',
    })
    for (const instanceId of ['../x', '', '.', 'a/b', 'a'.repeat(65), '-a']) {
      await expect(state.save({ namespace: NAMESPACE, instanceId, state: empty })).rejects.toMatchObject({
        code: 'invalid-option',
      })
    }
    await expect(
      state.readSnapshot({ namespace: NAMESPACE, digest: '../../x', maxSnapshotBytes: 1 }),
    ).rejects.toMatchObject({ code: 'invalid-option' })
    await expect(
      state.writeSnapshot({ namespace: NAMESPACE, digest: 'x', bytes: encodeText('x') }),
    ).rejects.toMatchObject({ code: 'invalid-option' })
    expect(await readdir(folder)).toEqual([])
    expect(() => stateFolder('')).toThrow(/path of a folder/)
  })

  it('says in words what it cannot write, and leaves what was there', async () => {
    for (const [system, code] of [
      ['ENOSPC', 'unavailable'],
      ['EACCES', 'unavailable'],
      ['EROFS', 'unavailable'],
    ] as const) {
      const folder = await temporaryFolder()
      let broken = false
      const state = stateFolder(folder, {
        fs: interceptedDisk(operation => void (broken && operation === 'create' && failing(system))),
      })
      await state.save({ namespace: NAMESPACE, instanceId: 'one', state: { ...empty, seen: at(1) } })
      broken = true
      const error = await state
        .save({ namespace: NAMESPACE, instanceId: 'one', state: { ...empty, seen: at(2) } })
        .catch((thrown: unknown) => thrown)
      expect(isNoticeboardError(error, code)).toBe(true)
      expect((error as Error).message).toContain(folder)
      expect((await load(folder)).state.seen).toEqual(at(1))
    }
  })

  it('cut off before any operation of a save holds the state before or the one after', async () => {
    for (let step = 1, done = false; !done; step += 1) {
      const folder = await temporaryFolder()
      let count = Number.NEGATIVE_INFINITY
      const port = interceptedDisk(() => {
        count += 1
        if (count >= step) failing('EIO')
      })
      const state = stateFolder(folder, { fs: port })
      await state.save({ namespace: NAMESPACE, instanceId: 'one', state: { ...empty, seen: at(1) } })
      count = 0
      const outcome = await state
        .save({ namespace: NAMESPACE, instanceId: 'one', state: { ...empty, seen: at(2) } })
        .then(
          () => 'saved',
          () => 'failed',
        )
      done = count < step
      const { state: found, warnings } = await load(folder)
      expect(warnings).toEqual([])
      if (outcome === 'saved') expect(found.seen).toEqual(at(2))
      else expect([1, 2]).toContain(found.seen?.sequence)
    }
  })
})

describe('foldStates', () => {
  const position = fc.record({
    epoch: fc.constantFrom('1-aaaaaaaa', '1-bbbbbbbb', '2-aaaaaaaa', '2-bbbbbbbb'),
    sequence: fc.integer({ min: 1, max: 9 }),
  })
  const file = fc
    .record({
      minute: fc.integer({ min: 0, max: 59 }),
      seen: fc.option(position, { nil: undefined }),
      applied: fc.option(position, { nil: undefined }),
      size: fc.integer({ min: 0, max: 3 }),
      readmits: fc.boolean(),
    })
    .map(({ minute, seen, applied, size, readmits }): StateFile => ({
      savedAt: `2026-11-21T09:${String(minute).padStart(2, '0')}:00.000Z`,
      state: {
        ...(seen && { seen }),
        ...(applied && { applied, current: saved({ size }, 1) }),
        good: [saved({ size }, 1)],
        refused: [refusal({ size }, 'b', minute)],
        ...(readmits &&
          seen && {
            readmitted: [
              {
                digest: snapshotOf({ size: 3 - size }).digest,
                position: { ...seen, sequence: Math.max(1, seen.sequence - size) },
              },
            ],
          }),
      },
      attempts: [],
      quarantined: [],
      pardoned: [],
    }))
  const files = fc.uniqueArray(file, { selector: ({ savedAt }) => savedAt, maxLength: 8 })

  it('does not depend on the order of the files', () => {
    fc.assert(
      fc.property(
        files.chain(list =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
        ),
        ([list, shuffled]) => {
          expect(foldStates(shuffled)).toEqual(foldStates(list))
        },
      ),
    )
  })

  it('never loses ground: the folded positions are the highest of the newest epoch', () => {
    fc.assert(
      fc.property(files, list => {
        const { seen } = foldStates(list).state
        const all = list.flatMap(({ state }) => (state.seen ? [state.seen] : []))
        if (seen === undefined) {
          expect(all).toEqual([])
          return
        }
        const number = Number.parseInt(seen.epoch, 10)
        expect(all.every(({ epoch }) => Number.parseInt(epoch, 10) <= number)).toBe(true)
        expect(all.every(({ epoch, sequence }) => epoch !== seen.epoch || sequence <= seen.sequence)).toBe(
          true,
        )
      }),
    )
  })

  const knowing = (state: Partial<SavedState>, minute: number): StateFile => ({
    savedAt: `2026-11-21T09:${String(minute).padStart(2, '0')}:00.000Z`,
    state: { ...empty, ...state },
    attempts: [],
    quarantined: [],
    pardoned: [],
  })
  const { digest } = snapshotOf({ size: 2 })
  const readmitted = [{ digest, position: at(5) }]

  it('forgets what was refused before a release that readmitted it, whatever the clocks said', () => {
    const [early, late, other] = [
      refusal({ size: 2 }, 'b', 1),
      refusal({ size: 2 }, 'c', 59),
      refusal({ size: 3 }, 'b', 2),
    ]
    const files = [
      knowing({ seen: at(4), refused: [early, other] }, 1),
      knowing({ refused: [late] }, 58),
      knowing({ seen: at(5), readmitted }, 20),
    ]
    expect(foldStates(files).state).toMatchObject({ refused: [other], readmitted })
  })

  it('keeps what was refused after that release', () => {
    const again = refusal({ size: 2 }, 'b', 1)
    const files = [
      knowing({ seen: at(6), refused: [again] }, 1),
      knowing({ seen: at(5), readmitted }, 20),
      // An earlier readmission makes no difference.
      knowing({ seen: at(9), readmitted: [{ digest, position: at(3) }] }, 30),
    ]
    expect(foldStates(files).state).toMatchObject({ refused: [again], readmitted })
  })

  it('folding what was folded changes nothing', () => {
    fc.assert(
      fc.property(files, list => {
        const { state } = foldStates(list)
        const again: StateFile = {
          savedAt: '2026-11-21T10:00:00.000Z',
          state,
          attempts: [],
          quarantined: [],
          pardoned: [],
        }
        expect(foldStates([again]).state).toEqual(state)
        expect(foldStates([...list, again]).state.seen).toEqual(state.seen)
      }),
    )
  })
})

describe('the check of a state file', () => {
  const SAVED_AT = '2026-11-21T09:30:00.000Z'
  const state: SavedState = {
    ...stood,
    refused: [refusal({ size: 2 }, 'b1', 1)],
  }

  async function savedFile() {
    const folder = await temporaryFolder()
    const storage = stateFolder(folder, { system: { clock: clockAt(SAVED_AT) } })
    for (const snapshot of [snapshotOf({ size: 0 }), snapshotOf({ size: 1 })])
      await storage.writeSnapshot({ namespace: NAMESPACE, ...snapshot })
    await storage.save({ namespace: NAMESPACE, instanceId: 'one', state })
    const path = join(folder, NAMESPACE, 'instances', 'one.json')
    return { folder, path, bytes: await readFile(path) }
  }

  /** The bytes with one text in the place of another that is as long and differs in one bit. */
  function flippedIn(bytes: Buffer, text: string, other: string): Buffer {
    const offset = bytes.indexOf(text)
    expect(offset).toBeGreaterThan(0)
    const copy = Buffer.from(bytes)
    copy.write(other, offset)
    const bits = [...copy].flatMap(
      (byte, index) => (byte ^ (bytes[index] ?? 0)).toString(2).match(/1/g) ?? [],
    )
    expect(bits).toHaveLength(1)
    return copy
  }

  const { digest } = saved({ size: 0 }, 2)
  /** Another hexadecimal digit, a bit away. */
  const beside = (digit: string): string =>
    String.fromCharCode(digit.charCodeAt(0) ^ (/[af]/.test(digit) ? (digit === 'a' ? 2 : 4) : 1))
  const otherDigest = digest.slice(0, 63) + beside(digest.slice(63))
  const otherEpoch = EPOCH.slice(0, -1) + beside(EPOCH.slice(-1))
  it.each([
    ['the epoch of what was seen', `"seen":{"epoch":"${EPOCH}`, `"seen":{"epoch":"${otherEpoch}`],
    ['the sequence of what was seen', '"sequence":7},"v"', '"sequence":5},"v"'],
    ['the sequence of what was applied', '"sequence":6},', '"sequence":4},'],
    ['the time of saving', SAVED_AT, SAVED_AT.replace('09:30', '09:31')],
    ['the release', '\\"issuedAt\\":\\"2', '\\"issuedAt\\":\\"3'],
    ['a refusal', '"build":"b1"', '"build":"b3"'],
    ['the check', '"check":"', undefined],
  ])('leaves only the snapshots of a file with one flipped bit in %s', async (_what, text, other) => {
    const { folder, path, bytes } = await savedFile()
    const digit = bytes.toString('latin1', bytes.indexOf(text) + text.length).slice(0, 1)
    const [was, is] = other === undefined ? [text + digit, text + beside(digit)] : [text, other]
    await writeFile(path, flippedIn(bytes, was, is))
    const { state: loaded, warnings } = await load(folder)
    expect(warnings).toEqual([expect.stringContaining(`${path} is damaged`)])
    expect(loaded.good).toContainEqual(saved({ size: 1 }, 6))
    expect(loaded.good).toContainEqual(saved({ size: 0 }, 2))
    expect({ ...loaded, good: [] }).toEqual(empty)
  })

  it('keeps the other snapshots of a file with a flipped bit in one digest, and not that one, which nobody has', async () => {
    const { folder, path, bytes } = await savedFile()
    await writeFile(path, flippedIn(bytes, digest, otherDigest))
    const { state: loaded, warnings } = await load(folder)
    expect(warnings).toEqual([expect.stringContaining('is damaged')])
    expect(loaded.good).toEqual([saved({ size: 1 }, 6)])
    expect({ ...loaded, good: [] }).toEqual(empty)
  })

  it('takes the size of a snapshot from its file where a bit was flipped in that', async () => {
    const { folder, path, bytes } = await savedFile()
    const { bytes: size } = saved({ size: 0 }, 2)
    await writeFile(path, flippedIn(bytes, `{"bytes":${size},`, `{"bytes":${size ^ 1},`))
    const { state: loaded } = await load(folder)
    expect(loaded.good).toContainEqual(saved({ size: 0 }, 2))
    expect(loaded.good).toContainEqual(saved({ size: 1 }, 6))
  })

  it('believes a file without one, as earlier versions wrote it', async () => {
    const { folder, path, bytes } = await savedFile()
    const { check, ...unchecked } = JSON.parse(bytes.toString()) as StateFile & { check?: string }
    expect(check).toMatch(/^[0-9a-f]{64}$/)
    await writeFile(path, canonicalize(unchecked as never))
    expect(await load(folder)).toEqual({ state, warnings: [] })
  })

  it('never gives a position that was not saved, whichever bits of one byte are wrong', async () => {
    const { folder, path, bytes } = await savedFile()
    const believed: number[] = []
    const look = async (offset: number, mask: number): Promise<void> => {
      const copy = Buffer.from(bytes)
      copy[offset] = (copy[offset] ?? 0) ^ mask
      await writeFile(path, copy)
      const { state: loaded } = await load(folder)
      if (loaded.release !== undefined) expect(releaseText(loaded)).toBe(releaseText(state))
      for (const [given, kept] of [
        [loaded.seen, state.seen],
        [loaded.applied, state.applied],
      ])
        if (given !== undefined) expect(given).toEqual(kept)
      if (loaded.seen !== undefined) believed.push(offset)
    }
    // Every byte in turn with its lowest bit, which turns a digit into its neighbour; then any byte
    // and any bits of it.
    for (let offset = 0; offset < bytes.length; offset += 1) await look(offset, 1)
    await fc.assert(fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), look), {
      numRuns: 300,
    })
    // Only the name of the check itself may be wrong without anybody knowing.
    const name = bytes.indexOf('"check"')
    expect(believed.filter(offset => offset < name || offset > name + 6)).toEqual([])
  })
})

function releaseText({ release }: SavedState): string | undefined {
  return release && Buffer.from(release).toString()
}

describe('a position that an operator wants to be forgotten', () => {
  const DAY_MS = 86_400_000
  const forged = at(9_007_199_254_740_991, '900000-ffffffff')
  const forget = async (folder: string, name: string): Promise<void> => {
    await mkdir(join(folder, NAMESPACE, 'forget'), { recursive: true })
    await writeFile(join(folder, NAMESPACE, 'forget', name), '')
  }

  it('is not seen any more, by whichever process, and what another one saw before it holds', async () => {
    const folder = await temporaryFolder()
    const fooled = { ...stood, release: releaseOf(snapshotOf({ size: 6 }), { at: forged }), seen: forged }
    await stateFolder(folder).save({
      namespace: NAMESPACE,
      instanceId: 'honest',
      state: { ...stood, refused: [] },
    })
    await stateFolder(folder).save({
      namespace: NAMESPACE,
      instanceId: 'fooled',
      state: { ...fooled, refused: [] },
    })
    expect((await load(folder)).state.seen).toEqual(forged)
    await forget(folder, `${forged.epoch}.${forged.sequence}`)
    expect((await load(folder)).state).toEqual({ ...stood, refused: [] })
  })

  it('leaves what ran as last-known-good', async () => {
    const folder = await temporaryFolder()
    const state = { ...stood, seen: forged, applied: forged, refused: [] }
    await stateFolder(folder).save({ namespace: NAMESPACE, instanceId: 'one', state })
    await forget(folder, `${forged.epoch}.1`)
    const loaded = (await load(folder)).state
    expect(loaded).toEqual({ good: stood.good, refused: [] })
  })

  it('is forgotten of processes that save within the day, and counts when it comes again later', async () => {
    const folder = await temporaryFolder()
    await forget(folder, `${forged.epoch}.${forged.sequence}`)
    const saved = async (afterMs: number): Promise<unknown> => {
      const clock = { ...systemClock, now: () => Date.now() + afterMs }
      await stateFolder(folder, { system: { clock } }).save({
        namespace: NAMESPACE,
        instanceId: 'one',
        state: { good: [], refused: [], seen: forged },
      })
      return (await load(folder)).state.seen
    }
    expect(await saved(DAY_MS / 2)).toBeUndefined()
    expect(await saved(DAY_MS + 60_000)).toEqual(forged)
  })

  it('is named by epoch and sequence; another name says nothing', async () => {
    const folder = await temporaryFolder()
    const state = { ...stood, refused: [] }
    await stateFolder(folder).save({ namespace: NAMESPACE, instanceId: 'one', state })
    for (const name of [EPOCH, `${EPOCH}.`, `${EPOCH}.0`, `${EPOCH}.8`, `${EPOCH}.1e0`, '1.1', 'readme.txt'])
      await forget(folder, name)
    expect((await load(folder)).state.seen).toEqual(stood.seen)
  })
})
