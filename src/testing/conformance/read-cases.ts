import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'
import { formatPosition } from '../../contracts/position.js'
import type { Namespace } from '../../contracts/names.js'
import type { CaseDefinition, Trial } from './case.js'
import { expectNewest, expectStands, expectSample, releaseOf } from './current.js'
import { eventually, expectBytes, expectRefusal, fail } from './expect.js'
import { sampleLog, sampleOfSize, sampleSnapshot, type SampleRelease } from './fixture.js'
import type { OpenedTransport } from './opened.js'
import { publishSeen } from './publish-seen.js'

/** `latest` and `snapshot`: what every transport has. */
export const readCases: readonly CaseDefinition<OpenedTransport>[] = [
  {
    name: 'it has a name for people that holds no credentials',
    capability: 'read',
    run: async ({ opened: { transport } }) => expectName(transport),
  },
  {
    name: '`unmanaged` and `remote` are true or not there, and never both',
    capability: 'read',
    async run({ opened: { transport } }) {
      for (const flag of ['unmanaged', 'remote'] as const)
        if (transport[flag] !== undefined && transport[flag] !== true)
          fail(`\`${flag}\` is neither true nor left out`)
      if (transport.unmanaged && transport.remote)
        fail('a bare document has no server behind it that makes marks: leave `remote` out')
    },
  },
  {
    name: 'latest is `none` where nothing was published',
    capability: 'read',
    async run({ opened: { transport }, namespace, signal, step }) {
      const answer = await step('latest', transport.latest({ namespace }, signal))
      if (answer.type !== 'none') fail(`the answer is \`${answer.type}\``)
      const tagged = await step(
        'latest with a tag',
        transport.latest({ namespace, tag: 'a-tag-of-nobody' }, signal),
      )
      if (tagged.type !== 'none') fail(`with a tag that nobody gave the answer is \`${tagged.type}\``)
    },
  },
  {
    name: 'latest gives the exact bytes of the newest release',
    capability: 'read',
    async run(trial) {
      const { namespace } = trial
      const log = sampleLog(namespace)
      for (let round = 1; round <= 3; round += 1) await publishSeen(trial, log.next())
    },
  },
  {
    name: 'latest with the tag of the newest release is `unchanged` or that release',
    capability: 'read',
    async run(trial) {
      const {
        opened: { transport },
        namespace,
        signal,
        step,
      } = trial
      const sample = sampleLog(namespace).next()
      const tag = await publishSeen(trial, sample)
      if (tag === undefined) return
      await step('latest with its tag', expectStands(transport, sample, { tag, signal }))
      await step(
        'latest without a tag',
        expectNewest(transport, sample, { what: 'latest without a tag', signal }),
      )
    },
  },
  {
    name: 'unchanged means unchanged: a release that follows at once is never hidden behind the tag of the one before',
    capability: 'read',
    async run(trial) {
      const log = sampleLog(trial.namespace)
      let tag = await publishSeen(trial, log.next())
      for (let round = 2; round <= 7; round += 1)
        tag = await publishPast(tag, log.next(), trial, {
          before: 'the release before',
          what: `release ${round}`,
        })
    },
  },
  {
    name: 'the first release of a new epoch is never hidden behind a tag of the epoch before',
    capability: 'read',
    async run(trial) {
      const log = sampleLog(trial.namespace)
      let tag = await publishSeen(trial, log.next())
      for (const epoch of ['2-0badcafe', '12-00000000'])
        tag = await publishPast(tag, log.next({ epoch }), trial, {
          before: 'the epoch before',
          what: `the first release of epoch ${epoch}`,
          hint: 'make tags of the epoch too, or of the bytes',
        })
    },
  },
  {
    name: 'a tag that the transport never gave is answered with the release',
    capability: 'read',
    async run(trial) {
      const {
        opened: { transport },
        namespace,
        signal,
        step,
      } = trial
      const sample = sampleLog(namespace).next()
      await publishSeen(trial, sample)
      for (const tag of ['a-tag-of-nobody', '"quoted"', '0', '7']) {
        const answer = await step('latest', transport.latest({ namespace, tag }, signal))
        expectSample('latest', transport, releaseOf(`latest with the tag ${tag}`, answer).bytes, sample)
      }
    },
  },
  {
    name: 'a snapshot comes back byte for byte, with whatever the client holds',
    capability: 'read',
    async run(trial) {
      const {
        opened: { transport },
        namespace,
        signal,
        step,
      } = trial
      const log = sampleLog(namespace)
      const have = sampleSnapshot('have').digest
      for (const document of [
        undefined,
        0,
        { '': [null, true, -1.5e-7, '\\u0000'] },
        sampleOfSize(200_000).document,
      ]) {
        const sample = log.next(document === undefined ? {} : { document })
        await publishSeen(trial, sample)
        const { digest } = sample.snapshot
        const plain = await step(
          'snapshot',
          transport.snapshot({ namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }, signal),
        )
        expectBytes('the snapshot', plain, sample.snapshot.bytes)
        const other = await step(
          'snapshot',
          transport.snapshot({ namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES, have }, signal),
        )
        expectBytes('the snapshot, for a client that holds another', other, sample.snapshot.bytes)
      }
    },
  },
  {
    name: 'a snapshot that is not here is `not-found`',
    capability: 'read',
    async run(trial) {
      const {
        opened: { transport },
        namespace,
        signal,
        step,
      } = trial
      const { digest } = sampleSnapshot('nobody put this')
      const ask = (where: Namespace): Promise<unknown> =>
        transport.snapshot({ namespace: where, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }, signal)
      await step('snapshot', expectRefusal('a snapshot of an empty namespace', ask(namespace), 'not-found'))
      await publishSeen(trial, sampleLog(namespace).next())
      await step('snapshot', expectRefusal('a missing snapshot', ask(namespace), 'not-found'))
    },
  },
  {
    name: 'a snapshot past `maxSnapshotBytes` is `too-large`, and one of just that size is not',
    capability: 'read',
    async run(trial) {
      const {
        opened: { transport },
        namespace,
        signal,
        step,
      } = trial
      const sample = sampleLog(namespace).next({ document: sampleOfSize(50_000).document })
      await publishSeen(trial, sample)
      const { digest, bytes } = sample.snapshot
      const ask = (maxSnapshotBytes: number): Promise<Uint8Array> =>
        transport.snapshot({ namespace, digest, maxSnapshotBytes }, signal)
      await step(
        'snapshot',
        expectRefusal('a snapshot of maxSnapshotBytes + 1', ask(bytes.length - 1), 'too-large'),
      )
      expectBytes('a snapshot of maxSnapshotBytes', await step('snapshot', ask(bytes.length)), bytes)
    },
  },
  {
    name: 'namespaces are kept apart, also where one is the beginning of another',
    capability: 'read',
    async run(trial) {
      const {
        opened: { transport },
        namespace,
        signal,
        step,
      } = trial
      const [inner, beside] = [`${namespace}/inner`, `${namespace}x`]
      const outer = sampleLog(namespace).next()
      await publishSeen(trial, outer)
      if (transport.unmanaged === true) return
      for (const other of [inner, beside]) {
        const answer = await step('latest', transport.latest({ namespace: other }, signal))
        if (answer.type !== 'none') fail(`a release of ${namespace} is seen in ${other}`)
        const { digest } = outer.snapshot
        const leaked = transport.snapshot(
          { namespace: other, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES },
          signal,
        )
        await step(
          'snapshot',
          expectRefusal(`a snapshot of ${namespace}, asked for in ${other}`, leaked, 'not-found'),
        )
      }
      const samples = [inner, beside].map(other => sampleLog(other).next())
      for (const sample of samples) await publishSeen(trial, sample)
      for (const sample of [outer, ...samples])
        await step('latest', expectNewest(transport, sample, { what: sample.namespace, signal }))
    },
  },
  {
    name: 'a name that is no namespace leads nowhere',
    capability: 'read',
    async run(trial) {
      const {
        opened: { transport },
        namespace,
        signal,
        step,
      } = trial
      const sample = sampleLog(namespace).next()
      await publishSeen(trial, sample)
      const tail = namespace.split('/')[1] ?? namespace
      for (const name of [
        `conformance/../conformance/${tail}`,
        `${namespace}/`,
        `/${namespace}`,
        `./${namespace}`,
        `${namespace}/.`,
        `${namespace}*`,
        '',
      ]) {
        const answer = await step(
          'latest',
          transport.latest({ namespace: name }, signal).catch(() => undefined),
        )
        // A transport of one bare document has the same answer for everybody.
        if (answer?.type === 'release' && transport.unmanaged !== true)
          fail(`latest of ${JSON.stringify(name)} gives a release`)
      }
    },
  },
]

/** What a release follows, and is. */
interface Follows {
  readonly before: string
  readonly what: string
  /** What to do where the tag of what was before hides it. */
  readonly hint?: string
}

/**
 * Publishes a release, and waits until it is seen past the tag of what was before; gives its own
 * tag.
 */
async function publishPast(
  tag: string | undefined,
  sample: SampleRelease,
  { opened: { transport, publish }, namespace, signal, step, timeoutMs }: Trial<OpenedTransport>,
  { before, what, hint = 'a tag belongs to the bytes of one release' }: Follows,
): Promise<string | undefined> {
  await step('publish', publish(sample))
  const asked = `latest with the tag of ${before}`
  const ask = async (): Promise<string | undefined> => {
    const answer = await transport.latest({ namespace, ...(tag !== undefined && { tag }) }, signal)
    if (answer.type === 'unchanged') fail(`the tag of ${before} hides ${formatPosition(sample.at)}: ${hint}`)
    const { bytes, tag: own } = releaseOf(asked, answer)
    expectSample(what, transport, bytes, sample)
    return own
  }
  return eventually(asked, ask, timeoutMs)
}

/** Fails unless it has a name that people can read, and that holds no credentials. */
export function expectName({ name }: { readonly name: string }): void {
  if (typeof name !== 'string' || name === '') fail('`name` is empty')
  if (/\/\/[^/]*@/.test(name)) fail('`name` looks like an address with credentials')
}
