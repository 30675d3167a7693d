import { mintsMarks } from '../../contracts/capabilities.js'
import { formatPosition } from '../../contracts/position.js'
import { encodeMark } from '../../core/release/mark.js'
import { releaseDigest } from '../../core/release/release.js'
import { systemClock, systemHasher } from '../../system/system.js'
import type { CaseDefinition } from './case.js'
import { isSample } from './current.js'
import { expectBytes, expectRefusal, fail, settled } from './expect.js'
import { SAMPLE_IDENTITY, sampleLog } from './fixture.js'
import type { OpenedTransport } from './opened.js'
import { expectNoListeners } from './tracked-signal.js'
import { isError } from '../../core/built-ins.js'

/** `watch`: loss, snapshots that come along, and marks. */
export const watchExtraCases: readonly CaseDefinition<OpenedTransport>[] = [
  {
    name: 'a watch whose connection is lost throws `unavailable`, and a new one starts with the current release',
    capability: 'watch',
    needs: ['cut'],
    async run({ opened, namespace, signal, step, cut, openWatch }) {
      const { transport, publish } = opened
      const log = sampleLog(namespace)
      const sample = log.next()
      await step('publish', publish(sample))
      const reader = openWatch(transport, { namespaces: [namespace] })
      await reader.until(sample)
      const lost = (async () => {
        for (let left = 20; left > 0; left -= 1) {
          const { done } = await reader.iterator.next()
          if (done === true) return 'ended without a word'
        }
        return 'goes on'
      })()
      // It may be lost before `cut` resolves; what it ended in is looked at then.
      lost.catch(() => {})
      const heal = await cut()
      await step(
        'the end of a lost watch',
        expectRefusal('a watch whose connection is lost', lost, 'unavailable'),
      )
      await expectNoListeners(reader.tracked)

      const refused = openWatch(transport, { namespaces: [namespace] })
      const early = (async () => {
        for (;;) {
          const { done, value } = await refused.iterator.next()
          if (done === true) return 'ended without a word'
          // A transport that does not know yet may say that it is there, and no more.
          if (value.type === 'release') return 'brought a release'
        }
      })()
      await step(
        'a watch without a connection',
        expectRefusal('a watch without a connection', early, 'unavailable'),
      )
      refused.tracked.abort()
      await heal()

      for (let round = 0; ; round += 1) {
        const again = openWatch(transport, { namespaces: [namespace] })
        const outcome = await again.until(sample).then(
          () => undefined,
          (error: unknown) => error,
        )
        if (outcome === undefined) {
          const second = log.next()
          await step('publish', publish(second))
          await again.until(second)
          await again.end()
          break
        }
        again.tracked.abort()
        await settled(Promise.resolve(again.iterator.return?.()))
        if (round === 50)
          fail(
            `no watch works after the connection came back: ${isError(outcome) ? outcome.message : 'it failed'}`,
          )
        await systemClock.sleep(50, signal)
      }
    },
  },
  {
    name: 'a watch whose notifications are lost while its connection lives does not stay behind',
    capability: 'watch',
    needs: ['silence'],
    async run({ opened, namespace, step, hook, openWatch }) {
      const { transport, publish } = opened
      const log = sampleLog(namespace)
      const first = log.next()
      await step('publish', publish(first))
      let reader = openWatch(transport, { namespaces: [namespace] })
      await reader.until(first)
      await step('silence()', hook('silence').call(opened))
      for (let round = 0; round < 3; round += 1) {
        const sample = log.next()
        await step('publish', publish(sample))
        if (await reader.overtakes(sample)) continue
        // It noticed, and threw; the next watch starts with the current release.
        reader = openWatch(transport, { namespaces: [namespace] })
        await reader.until(sample)
      }
      await reader.end()
    },
  },
  {
    name: 'snapshots come along only when they are asked for, are the right ones, and byte for byte',
    capability: 'inline',
    needs: ['watch'],
    async run({ opened: { transport, publish }, namespace, step, openWatch }) {
      const sample = sampleLog(namespace).next()
      await step('publish', publish(sample))
      const { digest, bytes } = sample.snapshot
      const firstOf = async (
        query: object,
      ): Promise<readonly { readonly digest: string; readonly bytes: Uint8Array }[]> => {
        const reader = openWatch(transport, { namespaces: [namespace], identity: SAMPLE_IDENTITY, ...query })
        const { snapshots = [] } = await reader.release()
        await reader.end()
        return snapshots
      }
      if ((await firstOf({ inline: false })).length > 0)
        fail('snapshots came along although `inline` is false')
      const along = await firstOf({ inline: true })
      if (along.length === 0)
        fail("no snapshot came along; where a transport sends none, say so: without: { inline: '…' }")
      for (const snapshot of along) {
        if (snapshot.digest !== digest)
          fail('a snapshot came along that the release does not give to this client')
        expectBytes('the snapshot that came along', snapshot.bytes, bytes)
      }
      const known = await firstOf({ inline: true, have: { [namespace]: digest } })
      if (known.some(snapshot => snapshot.digest === digest))
        fail('the snapshot that the client holds came along again')
    },
  },
  {
    name: 'marks arrive byte for byte, for the namespaces that are watched',
    capability: 'marks',
    needs: ['watch', 'mark'],
    async run({ opened, namespace, step, hook, openWatch }) {
      const { transport, publish } = opened
      const sample = sampleLog(namespace).next()
      await step('publish', publish(sample))
      const bytes = encodeMark({
        v: 1,
        namespace,
        ...sample.at,
        digest: releaseDigest(systemHasher, sample.bytes),
        asOf: '2026-11-21T09:30:00.000Z',
        validUntil: '2026-11-21T09:31:00.000Z',
      })
      const reader = openWatch(transport, { namespaces: [namespace] })
      await reader.until(sample)
      await step('mark()', hook('mark').call(opened, { namespace, bytes }))
      for (let left = 100; ; left -= 1) {
        const delivery = await reader.next()
        if (delivery.type === 'mark') {
          expectBytes('the mark', delivery.bytes, bytes)
          break
        }
        if (delivery.type === 'release' && !isSample(transport, delivery.bytes, sample))
          fail('a release that nobody published came')
        if (left === 0) fail(`no mark of ${namespace} at ${formatPosition(sample.at)} came`)
      }
      await reader.end()
      if (mintsMarks(transport))
        fail('a server over this store would make marks beside those that it brings: set `remote: true`')
    },
  },
]
