// Reads the log of a board by itself: nothing here comes from the library, so that what it got
// wrong is not got wrong twice.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drawOf, named } from '../sim/scenes/rollouts/story.js'

/** What one client began to run, and the newest release that it had seen then. */
export interface Run {
  readonly clientId: string
  readonly digest: string
  readonly sequence: number
}

/** What reached one client, and every release that it had heard of by then. */
export interface Read {
  readonly clientId: string
  readonly how: 'was given' | 'parsed'
  readonly digest: string
  readonly heard: readonly number[]
}

/** What a log is held against. */
export interface Expected {
  readonly runs: readonly Run[]
  readonly reads?: readonly Read[]
  /**
   * Candidates that are refused: their rollouts have to end as rolled back, all others completed.
   */
  readonly refused?: ReadonlySet<string>
  readonly stages: number
}

export interface PlainRelease {
  readonly sequence: number
  readonly cause: string
  readonly stable: PlainArm
  readonly candidate?: PlainArm
  readonly withdrawn?: readonly string[]
  readonly audience?: { readonly salt: string; readonly clauses: readonly PlainClause[] }
  readonly rollout?: {
    readonly id: string
    readonly state: string
    readonly stage: number
    readonly controller: string
    readonly stageStart: { readonly position: { readonly sequence: number } }
  }
}

interface PlainArm {
  readonly variants: readonly { readonly digest: string }[]
}

interface PlainClause {
  readonly ids?: readonly string[]
  readonly below?: number
  readonly labels?: unknown
}

/** The releases of a board with one epoch, the first one first. */
export async function readLog(folder: string, namespace: string): Promise<readonly PlainRelease[]> {
  const releases = join(folder, 'public/v1', namespace, 'releases')
  const [epoch = ''] = await readdir(releases)
  const names = (await readdir(join(releases, epoch))).filter(name => /^\d+\.json$/.test(name))
  const read = async (name: string): Promise<PlainRelease> =>
    (JSON.parse(await readFile(join(releases, epoch, name), 'utf8')) as { release: PlainRelease }).release
  return (await Promise.all(names.map(read))).sort((a, b) => a.sequence - b.sequence)
}

/**
 * What is wrong with the story of the rollouts in a log, and with what clients ran, were given and
 * parsed meanwhile; empty where nothing is.
 */
export function wrongIn(
  log: readonly PlainRelease[],
  { runs, reads = [], refused = new Set(), stages }: Expected,
): readonly string[] {
  const wrong: string[] = []
  log.forEach(({ sequence }, index) => {
    if (sequence !== index + 1) wrong.push(`release ${index + 1} is missing`)
  })
  const ids = new Set(log.flatMap(({ rollout }) => rollout?.id ?? []))
  for (const id of ids) {
    const steps = log.filter(({ rollout }) => rollout?.id === id)
    const isRefused = named(steps[0]?.candidate).some(digest => refused.has(digest))
    wrong.push(...wrongInRollout(steps, { id, end: isRefused ? 'rolled-back' : 'completed', stages }))
  }
  for (const { clientId, digest, sequence } of runs) {
    const release = log[sequence - 1]
    if (release === undefined)
      wrong.push(`${clientId} ran something after release ${sequence}, which is not there`)
    else if (!mayRun(release, clientId, digest))
      wrong.push(`${clientId} ran a candidate at ${sequence} from outside`)
  }
  for (const { clientId, how, digest, heard } of reads)
    if (!heard.some(sequence => isGiven(log[sequence - 1], clientId, digest)))
      wrong.push(
        `${clientId} ${how} ${digest.slice(0, 8)}, which none of the releases up to ${heard.at(-1)} gives it`,
      )
  return wrong
}

function isGiven(release: PlainRelease | undefined, clientId: string, digest: string): boolean {
  return release !== undefined && mayRun(release, clientId, digest)
}

interface ExpectedRollout {
  readonly id: string
  readonly end: 'completed' | 'rolled-back'
  readonly stages: number
}

function wrongInRollout(
  steps: readonly PlainRelease[],
  { id, end, stages }: ExpectedRollout,
): readonly string[] {
  const wrong: string[] = []
  const begun = new Set<number>()
  const [first] = steps
  let before: PlainRelease | undefined
  for (const step of steps) {
    const { state = '', stage = 0, stageStart } = step.rollout ?? {}
    const was = before?.rollout
    if (was === undefined && (state !== 'running' || stage !== 0))
      wrong.push(`${id} begins as ${state} in stage ${stage}`)
    if (was !== undefined && was.state === 'running' && state === 'running' && stage !== was.stage + 1)
      wrong.push(`${id} goes from stage ${was.stage} to ${stage}`)
    if (state === 'running' && begun.has(stage)) wrong.push(`${id} begins stage ${stage} twice`)
    if (state === 'running') begun.add(stage)
    if (state === 'running' && stageStart?.position.sequence !== step.sequence)
      wrong.push(`${id} says of stage ${stage} that another release began it`)
    if (was?.state === 'rolled-back') wrong.push(`${id} goes on as ${state} after it was taken back`)
    if (state === 'watching' && (was?.state !== 'running' || was.stage !== stages - 1))
      wrong.push(`${id} is promoted from ${was?.state} in stage ${was?.stage}`)
    if (state === 'watching' && end === 'rolled-back') wrong.push(`${id} is promoted, and was refused`)
    if (state === 'completed' && was?.state !== 'watching')
      wrong.push(`${id} is completed from ${was?.state}`)
    if (state === 'rolled-back') wrong.push(...wrongInWayBack(step, first, id))
    if (
      before?.audience !== undefined &&
      step.audience !== undefined &&
      !widens(before.audience, step.audience)
    )
      wrong.push(`${id} takes somebody back in stage ${stage}`)
    before = step
  }
  if (before?.rollout?.state !== end) wrong.push(`${id} ends as ${before?.rollout?.state}, not ${end}`)
  return wrong
}

/** What is taken back leaves nothing of the candidate, and everybody with what ran before. */
function wrongInWayBack(step: PlainRelease, first: PlainRelease | undefined, id: string): readonly string[] {
  const wrong: string[] = []
  const candidate = named(first?.candidate)
  if (step.candidate !== undefined || step.audience !== undefined)
    wrong.push(`${id} is taken back, and its candidate stays`)
  if (named(step.stable).join() !== named(first?.stable).join())
    wrong.push(`${id} is taken back to something else than what ran before`)
  if (!candidate.every(digest => step.withdrawn?.includes(digest)))
    wrong.push(`${id} is taken back, and its candidate is not withdrawn`)
  return wrong
}

function widens(
  before: NonNullable<PlainRelease['audience']>,
  after: NonNullable<PlainRelease['audience']>,
): boolean {
  return (
    before.salt === after.salt &&
    before.clauses.every(clause =>
      after.clauses.some(
        wider =>
          (clause.ids ?? []).every(name => wider.ids?.includes(name)) &&
          (clause.ids !== undefined || wider.ids === undefined) &&
          (clause.below ?? 0) <= (wider.below ?? (clause.below === undefined ? 0 : -1)) &&
          (clause.below !== undefined || wider.below === undefined),
      ),
    )
  )
}

function mayRun({ stable, candidate, audience }: PlainRelease, clientId: string, digest: string): boolean {
  if (named(stable).includes(digest)) return true
  if (!named(candidate).includes(digest) || audience === undefined) return false
  const { bucket, id } = drawOf(audience.salt, clientId)
  return audience.clauses.some(({ ids, below, labels, ...more }) => {
    if (labels !== undefined || Object.keys(more).length > 0) return false
    if (ids === undefined && below === undefined) return false
    return (ids === undefined || ids.includes(id)) && (below === undefined || bucket < below)
  })
}
