import { NoticeboardError } from '../../contracts/errors.js'
import type { HistoryEntry, Publisher, ReleaseChange } from '../../publisher/index.js'
import type { Arm } from '../../core/release/release.js'
import { sameVariants } from '../../publisher/resolve-ref.js'
import { formatChanges } from '../changes.js'
import { BOARD_OPTIONS, type Command } from '../command.js'
import { FORMAT_OPTION, sourceFor } from '../documents.js'
import { usageError } from '../exit.js'
import { withPublisher } from '../open-publisher.js'
import { parseReference } from '../references.js'
import { sayArm } from '../variants.js'

export const diffCommand: Command = {
  name: 'diff',
  summary: 'show what changed between two versions',
  usage: '[VERSION [VERSION]]',
  text: `Compares two versions, or one with the current, or the current with what ran before it; while a rollout goes on, what is
stable with what it tries; or, with --file, the current with a file, as it would be published: for all clients. What clients with certain labels get is compared as well. Versions are
numbers, positions, the first 8 digits of a digest, or "current".`,
  options: {
    ...BOARD_OPTIONS,
    file: { value: 'FILE', text: 'compare what is current with this file' },
    format: FORMAT_OPTION,
  },
  examples: [
    'noticeboard diff -n checkout/prod',
    'noticeboard diff 5 7 -n checkout/prod',
    'noticeboard diff --file service.yaml -n checkout/prod',
  ],
  positionals: [0, 2],
  async run(context) {
    const { io, args, print, json } = context
    const [before, after = 'current'] = args.positionals
    const file = args.text('file')
    if (file !== undefined && before !== undefined)
      throw usageError('--file compares with the current document; leave the versions out')
    const references =
      before === undefined ? undefined : ([parseReference(before), parseReference(after)] as const)
    const document = file === undefined ? undefined : await sourceFor(context, file).read(io.signal)
    const changes = await withPublisher(
      context,
      {},
      async ({ publisher }): Promise<readonly ReleaseChange[]> => {
        if (document !== undefined) return publisher.diff('current', { document })
        if (references !== undefined) return publisher.diff(...references)
        const underWay = await candidateOf(publisher)
        if (underWay === undefined) return publisher.diff(await beforeCurrent(publisher), 'current')
        print.note(
          `from ${sayArm(underWay.stable)}, which is stable, to ${sayArm(underWay.tried)}, which its rollout tries`,
        )
        return publisher.diff('current', underWay.tried.version)
      },
    )
    if (json) return print.jsonLine(changes)
    if (changes.length === 0) return print.note('no difference')
    print.data(formatChanges(changes, print.style))
  },
}

interface UnderWay {
  readonly stable: Arm
  readonly tried: Arm
}

/** What a rollout tries beside what is stable; undefined while none does. */
async function candidateOf(publisher: Publisher): Promise<UnderWay | undefined> {
  const { candidate: tried, stable } = (await publisher.current())?.release ?? {}
  return tried === undefined || stable === undefined ? undefined : { stable, tried }
}

/** The release that ran something else before the current one. */
async function beforeCurrent(
  publisher: Publisher,
): Promise<{ readonly epoch: string; readonly sequence: number }> {
  let current: HistoryEntry['release']['stable']['variants'] | undefined
  for await (const { release, position } of publisher.history()) {
    const { variants } = release.stable
    if (current !== undefined && !sameVariants(variants, current)) return position
    current ??= variants
  }
  throw new NoticeboardError('not-found', `${publisher.namespace} has no earlier version to compare with`)
}
