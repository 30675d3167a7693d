import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'
import { digestsOf } from '../../core/release/release.js'
import { boardManifest, manifestYaml, type BoardManifestOptions } from '../../kubernetes/index.js'
import { readSystem } from '../../system/system.js'
import { withBoard } from '../boards.js'
import { BOARD_OPTIONS, type Command, type CommandContext } from '../command.js'
import { usageError } from '../exit.js'
import { newestFor } from '../newest.js'
import { readSettings } from '../settings.js'

export const exportCommand: Command = {
  name: 'export',
  summary: 'print a board as a ConfigMap or a Secret',
  usage: '[NAMESPACE]',
  text: `Prints the newest release and the documents of both its arms as the manifest of one ConfigMap, which mountedBoard() reads where it is
mounted as a volume. At most 1 MiB. Pipe it to kubectl apply --server-side: without that, kubectl keeps a copy in an annotation, which takes 256 KiB.`,
  options: {
    ...BOARD_OPTIONS,
    kubernetes: { text: 'as a manifest of Kubernetes; the one form there is, and to be named' },
    secret: { text: 'a Secret instead of a ConfigMap' },
    name: { value: 'NAME', text: 'the name of the object; noticeboard-checkout-prod for checkout/prod' },
    'kube-namespace': { value: 'NAME', text: 'its namespace in Kubernetes; none unless given' },
    label: { value: 'NAME=VALUE', multiple: true, text: 'a label of the object; several are allowed' },
  },
  examples: [
    'noticeboard export checkout/prod --kubernetes | kubectl apply --server-side -f -',
    'noticeboard export checkout/prod --kubernetes --secret --kube-namespace shop > board.yaml',
  ],
  positionals: [0, 1],
  async run(context) {
    const { io, args, print, json } = context
    if (!args.flag('kubernetes')) throw usageError('the form is missing: pass --kubernetes')
    const options = readOptions(context)
    const settings = await readSettings(context, { namespace: args.positionals[0] })
    const namespace = settings.namespace()
    const { hasher } = readSystem('export', io.system)
    const manifest = await withBoard({ io, address: settings.address() }, async ({ store }) => {
      const newest = await newestFor('export', { io, store, namespace })
      const snapshots = await Promise.all(
        digestsOf(newest.release).map(async digest => ({
          digest,
          bytes: await store.snapshot(
            { namespace, digest, maxSnapshotBytes: Math.max(store.maxSnapshotBytes, MAX_SNAPSHOT_BYTES) },
            io.signal,
          ),
        })),
      )
      return boardManifest({ release: newest.bytes, snapshots }, { ...options, hasher })
    })
    if (json) print.jsonLine(manifest)
    else print.data(manifestYaml(manifest))
  },
}

function readOptions({ args }: CommandContext): BoardManifestOptions {
  const name = args.text('name')
  const namespace = args.text('kube-namespace')
  const labels = args.texts('label').map(label => {
    const at = label.indexOf('=')
    if (at < 1) throw usageError('--label must be NAME=VALUE, such as team=checkout')
    return [label.slice(0, at), label.slice(at + 1)] as const
  })
  return {
    kind: args.flag('secret') ? 'Secret' : 'ConfigMap',
    ...(name !== undefined && { name }),
    ...(namespace !== undefined && { namespace }),
    labels: Object.fromEntries(labels),
  }
}
