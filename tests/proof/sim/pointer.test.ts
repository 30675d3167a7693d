import { expect, test } from 'vitest'
import { encodeRelease } from '../../../src/core/release/release.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { watchPointer } from './pointer.js'

const PATH = '/board/public/v1/shop/prod/release.json'

/** A board's disk with two servers, whose pointer is written by hand. */
function scene() {
  const clock = virtualClock({ turns: 1 })
  const found: string[] = []
  const disk = { files: new Map<string, Uint8Array>(), injuries: 0 }
  const servers = [{ process: { alive: true } }, { process: { alive: true } }]
  const truth = { violate: (oracle: string): void => void found.push(oracle) }
  const onReplaced = watchPointer(PATH, { world: { clock, truth }, disk, servers } as never)
  let changedMs = 0
  const write = (sequence: number): void => {
    const before = disk.files.get(PATH)
    const bytes = releaseAt(sequence)
    disk.files.set(PATH, bytes)
    onReplaced(PATH, { bytes, changedMs: changedMs + 1_000 }, before && { bytes: before, changedMs })
    changedMs += 1_000
  }
  return { clock, found, disk, servers, write }
}

function releaseAt(sequence: number): Uint8Array {
  return encodeRelease({
    v: 1,
    namespace: 'shop/prod',
    epoch: '1-00000000',
    sequence,
    issuedAt: '2026-01-01T00:00:00.000Z',
    cause: 'publish',
    stable: { version: sequence, variants: [{ digest: '0'.repeat(64), bytes: 2 }] },
    prev: sequence === 1 ? null : '0'.repeat(64),
  })
}

test('a pointer that stood for a while may not be put back at all', async () => {
  const { clock, found, write } = scene()
  write(1)
  write(2)
  await clock.advance(1_500)
  write(1)
  expect(found).toEqual(['pointer-only-grows'])
})

test('a writer that lost a race brings the pointer back to where it stood', async () => {
  const { clock, found, write } = scene()
  write(1)
  write(3)
  await clock.advance(50)
  write(2)
  await clock.advance(50)
  write(3)
  await clock.advance(5_000)
  expect(found).toEqual([])
})

test('a writer that lost a race and does not look again is found', async () => {
  const { clock, found, write } = scene()
  write(1)
  write(3)
  await clock.advance(50)
  write(2)
  await clock.advance(5_000)
  expect(found).toEqual(['pointer-only-grows'])
})

test('a writer that dies right after it put the pointer back, or meets a broken disk, cannot bring it back', async () => {
  for (const hurt of [
    ({ servers: [first] }: ReturnType<typeof scene>): void => void (first && (first.process.alive = false)),
    ({ disk }: ReturnType<typeof scene>): void => void (disk.injuries += 1),
  ]) {
    const { clock, found, write, ...others } = scene()
    write(1)
    write(3)
    await clock.advance(50)
    write(2)
    hurt({ clock, found, write, ...others })
    await clock.advance(5_000)
    expect(found).toEqual([])
  }
})

test('a lost power or a restored backup may leave the pointer behind, and writing goes on from there', async () => {
  const { clock, found, disk, write } = scene()
  write(1)
  write(2)
  write(3)
  await clock.advance(5_000)
  disk.files.set(PATH, releaseAt(1))
  write(2)
  await clock.advance(5_000)
  expect(found).toEqual([])
})
