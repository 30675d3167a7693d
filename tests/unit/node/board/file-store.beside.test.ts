import { expect, it } from 'vitest'
import { fileStore } from '../../../../src/node/board/file-store.js'
import { summarizeFleet } from '../../../../src/fleet/summary.js'
import { isSilent } from '../../../../src/rollouts/members.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { reportOf } from '../../../support/report-of.js'
import { NAMESPACE, never, temporaryFolder } from '../../../support/board-kit.js'

it('a client that reports every 2 s is live to whoever reads the folder beside its server', async () => {
  const folder = await temporaryFolder()
  const clock = virtualClock()
  const server = fileStore(folder, { system: { clock }, owner: { tag: 'server', isGone: () => false } })
  const beside = fileStore(folder, { system: { clock }, owner: { tag: 'beside', isGone: () => false } })
  const states = new Set<string>()
  const role = { type: 'controller', policies: [], gates: [] } as const
  for (let count = 1; count <= 5; count += 1) {
    await server.report(
      [reportOf({ namespace: NAMESPACE, instanceId: 'a', count, nextReportWithinMs: 2_000 })],
      never,
    )
    // A word that comes right before the next waits for its turn, and the file for its own: the
    // word of a controller that goes has it written now.
    await clock.advance(1_999)
    const last = { namespace: NAMESPACE, instanceId: 'c', role, phase: 'stopped', count } as const
    await server.report([reportOf(last)], never)
    await clock.advance(6_000)
    const heard = await beside.reports({ namespace: NAMESPACE }, never)
    const fleet = summarizeFleet(heard, undefined)
    const members = fleet.type === 'known' ? fleet.members : []
    for (const { state, report } of members)
      states.add(isSilent(report, Date.parse(heard.asOf)) ? 'silent' : state)
  }
  expect([...states]).toEqual(['current'])
  await Promise.all([server.close(), beside.close()])
})

it('who drives a rollout is heard at once by whoever reads the folder beside it', async () => {
  const folder = await temporaryFolder()
  const publisher = fileStore(folder, { owner: { tag: 'publisher', isGone: () => false } })
  const beside = fileStore(folder, { owner: { tag: 'beside', isGone: () => false } })
  const role = { type: 'controller', policies: [], gates: [], rollout: 'r1' } as const
  await publisher.report([reportOf({ namespace: NAMESPACE, instanceId: 'p', role, phase: 'waiting' })], never)
  const { reports } = await beside.reports({ namespace: NAMESPACE }, never)
  expect(reports).toMatchObject([{ role }])
  await Promise.all([publisher.close(), beside.close()])
})
