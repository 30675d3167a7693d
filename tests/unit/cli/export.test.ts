import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { BoardManifest } from '../../../src/kubernetes/index.js'
import { fileStore, mountedBoard } from '../../../src/node/index.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { timed } from '../../../src/rollouts/index.js'
import { anything } from '../../../src/core/schema/anything.js'
import { mainVariant } from '../../../src/publisher/history.js'
import { decodeRelease } from '../../../src/core/release/release.js'
import { fakeKubelet } from '../../support/kubelet.js'
import { commandLine, temporaryFolder, type Ran } from './command-line.js'

const never = new AbortController().signal

/**
 * A board in a folder, on which a document of so many bytes is published and a second one is under
 * way.
 */
async function place(bytes = 10): Promise<{ folder: string; nb(...args: string[]): Promise<Ran> }> {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'board'))
  const env = { NOTICEBOARD_NAMESPACE: 'checkout/prod' }
  const nb = (...args: string[]): Promise<Ran> =>
    commandLine([...args, '--board', 'board'], { cwd: folder, env })
  const store = fileStore(join(folder, 'board'))
  const publisher = createPublisher({ namespace: 'checkout/prod', schema: anything, store })
  for (const [name, rollout] of [
    ['a', everyone()],
    ['b', timed()],
  ] as const)
    await publisher.publish({ name, text: 'x'.repeat(bytes) }, { rollout, drive: true, reason: 'a test' })
  await publisher.close()
  await store.close()
  return { folder, nb }
}

test.each([[], ['--secret']])(
  'what `export --kubernetes %s` prints is read by mountedBoard',
  async (...kind) => {
    const { folder, nb } = await place()
    const labels = ['--label', 'team=checkout', '--label', 'tier=']
    const { status, stdout, stderr } = await nb(
      'export',
      '--kubernetes',
      ...kind,
      '--kube-namespace',
      'shop',
      ...labels,
    )
    expect(status, stderr).toBe(0)
    const { metadata, data, kind: printed } = parse(stdout) as BoardManifest
    expect(printed).toBe(kind.length > 0 ? 'Secret' : 'ConfigMap')
    expect(metadata).toMatchObject({
      name: 'noticeboard-checkout-prod',
      namespace: 'shop',
      labels: { team: 'checkout', tier: '' },
    })
    const values = Object.entries(data).map(([key, value]) => [
      key,
      Buffer.from(value, kind.length > 0 ? 'base64' : 'utf8'),
    ])
    await mkdir(join(folder, 'mount'))
    await fakeKubelet(join(folder, 'mount')).write(Object.fromEntries(values))
    const board = mountedBoard(join(folder, 'mount'))
    const latest = await board.latest({ namespace: 'checkout/prod' }, never)
    if (latest.type !== 'release') throw new Error('there is a release')
    const { release } = decodeRelease(latest.bytes)
    expect(release.candidate).toBeDefined()
    for (const { digest } of [mainVariant(release), ...(release.candidate?.variants ?? [])]) {
      const snapshot = await board.snapshot(
        { namespace: 'checkout/prod', digest, maxSnapshotBytes: 1_000 },
        never,
      )
      expect(snapshot.length).toBeGreaterThan(10)
    }
    const json = await nb('export', '--kubernetes', ...kind, '--kube-namespace', 'shop', ...labels, '--json')
    expect(JSON.parse(json.stdout)).toEqual(parse(stdout))
  },
)

test('a board that does not fit is refused, and the error names the size', async () => {
  const { nb } = await place(600_000)
  const { status, stdout, error } = await nb('export', '--kubernetes', '--json')
  expect({ status, stdout }).toEqual({ status: 3, stdout: '' })
  expect(error?.code).toBe('too-large')
  expect(error?.message).toMatch(/12\d{5} bytes.*1048576/)
})

test.each<[readonly string[], number]>([
  [[], 2],
  [['--kubernetes', '--name', 'A b'], 2],
  [['--kubernetes', '--label', 'a'], 2],
  [['--kubernetes', '--label', 'a b=c'], 2],
  [['--kubernetes', '--kube-namespace', 'a.b'], 2],
])('export %j ends with %d', async (args, status) => {
  const { nb } = await place()
  expect(await nb('export', ...args)).toMatchObject({ status, stdout: '' })
})
