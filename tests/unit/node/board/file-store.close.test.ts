import { expect, it } from 'vitest'
import { systemClock } from '../../../../src/system/system.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { fileStore } from '../../../../src/node/board/file-store.js'
import { NAMESPACE, never, publish, temporaryFolder } from '../../../support/board-kit.js'
import { interceptedDisk } from '../../../support/disks.js'
import { reportOf } from '../../../support/report-of.js'
import { scaled } from '../../../support/scale.js'

/** Of the steps every so many is tried, from a drawn one on. */
const STRIDE = scaled({ share: 12, whole: 1 })

it('closing at any step of a publish resolves when nothing touches the folder any more', async () => {
  let tried = 0
  for (let step = 1 + Math.floor(STRIDE * Math.random()), reached = true; reached; step += STRIDE) {
    let count = 0
    let operations = 0
    let closed: Promise<void> | undefined
    const store = fileStore(await temporaryFolder(), {
      fs: interceptedDisk(async () => {
        count += 1
        operations += 1
        if (count === step) closed = store.close()
        await systemClock.turn()
      }),
    })
    const publishing = publish(store, { size: 1 }).catch((error: unknown) => error)
    while (closed === undefined && count < step) {
      if ((await Promise.race([publishing.then(() => true), systemClock.turn()])) === true) break
    }
    reached = closed !== undefined
    if (reached) tried += 1
    await (closed ?? store.close())
    const atClose = operations
    await publishing
    for (let turn = 0; turn < 20; turn += 1) await systemClock.turn()
    expect(operations).toBe(atClose)
  }
  expect(tried).toBeGreaterThan(2)
})

it('a disk that never answers holds a store that closes for ten seconds, with reports to write or without', async () => {
  for (const reports of [[], [reportOf({ namespace: NAMESPACE, instanceId: 'x' })]]) {
    const clock = virtualClock()
    const store = fileStore(await temporaryFolder(), {
      system: { clock },
      fs: interceptedDisk(() => new Promise(() => {})),
    })
    await store.report(reports, never)
    void store.latest({ namespace: NAMESPACE }, never)
    let closed = false
    void store.close().then(() => (closed = true))
    await clock.advance(9_000)
    expect(closed).toBe(false)
    await clock.advance(1_000)
    expect(closed).toBe(true)
    expect(clock.pending).toBe(0)
  }
})
