import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Transport } from '../../../../src/contracts/transport.js'
import { configMapMirror, mountedBoard } from '../../../../src/node/index.js'
import { mirrorCases, type OpenedMirror } from '../../../../src/testing/conformance/index.js'
import { fakeKubelet, mountPoint } from '../../../support/kubelet.js'
import { PATIENT, runCases } from '../../../support/run-cases.js'

/**
 * A cluster: what is applied comes into one volume, into which the objects of all namespaces are
 * projected.
 */
async function open(kind: 'ConfigMap' | 'Secret'): Promise<OpenedMirror> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-kit-'))
  const mount = await mountPoint(folder)
  const kubelet = fakeKubelet(mount)
  const objects = new Map<string, Readonly<Record<string, string>>>()
  await kubelet.write({})
  const mirror = configMapMirror(
    async manifest => {
      objects.set(manifest.metadata.name, manifest.data)
      const encoding = kind === 'Secret' ? 'base64' : 'utf8'
      await kubelet.write(
        Object.fromEntries(
          [...objects.values()].flatMap(data =>
            Object.entries(data).map(([key, value]) => [key, Buffer.from(value, encoding)]),
          ),
        ),
      )
    },
    { kind },
  )
  const transport: Transport = mountedBoard(mount, { pollIntervalMs: 50 })
  return { mirror, transport, close: () => rm(folder, { recursive: true, force: true }) }
}

for (const kind of ['ConfigMap', 'Secret'] as const)
  runCases(
    `configMapMirror() and mountedBoard() over a ${kind}`,
    mirrorCases(() => open(kind), {
      ...PATIENT,
      without: {
        cut: 'a volume has no connection to lose',
        freeze: 'a disk that does not answer cannot be aborted',
        silence: 'a volume is looked at, whatever the system tells',
        put: 'an object holds the snapshots of its newest release alone',
        damage: 'nobody changes a generation of a volume',
        stranger: 'who may write is decided by the cluster',
        next: 'a volume holds the newest release alone',
        report: 'a volume carries nothing back',
        heard: 'a volume carries nothing back',
        marks: 'it sends none; strategies ask by themselves',
        inline: 'it sends no snapshots along; they are in the same volume',
      },
    }),
  )
