import type { HistoryEntry, PromoteOptions, Publisher } from '../../publisher/index.js'
import { explanationLines, policyOf, sayFailure } from '../../rollouts/index.js'
import { BOARD_OPTIONS, type Command, type CommandContext } from '../command.js'
import { usageError, type ExitStatus } from '../exit.js'
import { withPublisher } from '../open-publisher.js'
import { AUTHOR_OPTION, readReason, REASON_OPTION } from '../reason.js'
import { parseReference, shortDigest } from '../references.js'
import { plainStory, printStory, showEarlier, storyOf } from '../rollout-story.js'
import { waitForEnd } from '../wait-for-end.js'
import { readWaiting, WAIT_OPTIONS } from '../wait.js'
import { variantLines } from '../variants.js'
import { printRollout } from './publish.js'

/** The steps that somebody may take, and what is said of each once it is taken. */
const STEPS = {
  pause: 'paused',
  resume: 'resumed',
  promote: 'promoted',
  abort: 'aborted',
  retreat: 'retreated',
} as const
type Step = keyof typeof STEPS

export const rolloutCommand: Command = {
  name: 'rollout',
  summary: 'show a rollout and its story, or pause, resume, promote, abort or retreat it',
  usage: 'show|pause|resume|promote|abort|retreat [NAMESPACE]',
  text: `show says where the rollout stands and why, which clients are the evidence, what would change the verdict, and what
became of each stage. pause keeps who is exposed; resume goes on; promote gives it to everybody now, and with --to begins a later
stage, past those before it; abort takes it back and withdraws it; retreat takes it back and may be resumed. Each but show needs a
reason, for the history. Whoever stays with --wait, also to show, moves the rollout on meanwhile, by the gates and policies of the
configuration file here. With --wait the status says how it ended: 6 rolled back, 7 paused, 8 still running or clients are behind, 10
clients refused what went out.`,
  options: {
    ...BOARD_OPTIONS,
    at: {
      value: 'VERSION',
      text: 'show an earlier rollout: the version that it tried, one of its positions, or the first 8 digits of a digest',
    },
    to: {
      value: 'STAGE',
      text: 'promote to a later stage: its number, as show counts them, or what it is called, such as 50% or all',
    },
    reason: REASON_OPTION,
    author: AUTHOR_OPTION,
    ...WAIT_OPTIONS,
  },
  examples: [
    'noticeboard rollout show checkout/prod',
    'noticeboard rollout show checkout/prod --at 7',
    'noticeboard rollout pause checkout/prod --reason "the sale begins"',
    'noticeboard rollout promote checkout/prod --to 3 --reason "checked by hand"',
    'noticeboard rollout show checkout/prod --wait=completed --timeout 3600',
  ],
  positionals: [1, 2],
  async run(context) {
    const { args } = context
    const [verb = '', namespace] = args.positionals
    const waiting = readWaiting(args)
    if (verb !== 'show' && !isStep(verb))
      throw usageError(
        `there is no rollout ${JSON.stringify(verb.slice(0, 60))}; it is show, ${Object.keys(STEPS).join(', ')}`,
      )
    const at = args.text('at')
    if (at !== undefined && (verb !== 'show' || waiting !== undefined))
      throw usageError('--at shows a rollout that was: leave out --wait, and take it with show')
    const ref = at === undefined ? undefined : parseReference(at)
    const to = args.text('to')
    if (to !== undefined && verb !== 'promote')
      throw usageError('--to names the stage to promote a rollout to: take it with promote')
    const step = isStep(verb)
      ? { verb, options: { ...reasonOf(context, verb), ...(to !== undefined && { to }) } }
      : undefined
    return withPublisher(context, { namespace }, async ({ publisher }): Promise<ExitStatus | void> => {
      if (step !== undefined)
        printRollout(context, publisher, await publisher[step.verb](step.options), STEPS[step.verb])
      else if (ref !== undefined) return showEarlier(context, publisher, ref)
      else if (waiting === undefined) return show(context, publisher)
      if (waiting === undefined) return
      const rollout = await publisher.rollout({ drive: true })
      if (rollout === undefined) return
      return waitForEnd(context, { publisher, rollout }, waiting)
    })
  },
}

function isStep(verb: string): verb is Step {
  return Object.hasOwn(STEPS, verb)
}

function reasonOf({ args }: CommandContext, verb: Step): PromoteOptions {
  const missing = `say why: noticeboard rollout ${verb} --reason "…"; it is kept in the history`
  return { reason: readReason(args, missing) }
}

async function show({ print, json }: CommandContext, publisher: Publisher): Promise<void> {
  const { namespace } = publisher
  const rollout = await publisher.rollout()
  if (rollout === undefined) {
    if (json) return print.jsonLine({ namespace, rollout: null })
    return print.data(`${namespace}: the newest release has no stages\n`)
  }
  const explanation = await rollout.explain()
  const story = await storyOf(publisher, rollout.id)
  // What holds it up, or that nothing moves it on, as controllers say it: gates are not asked here.
  const alarms = (await publisher.alarms()).filter(({ name }) => name.startsWith('rollout-'))
  const { id, state, stage, of, rehearsal, awaitsGates, skipped, digest, variants, version } = rollout
  if (json)
    return print.jsonLine({
      namespace,
      rollout: {
        id,
        state,
        stage,
        of,
        ...(rehearsal !== undefined && { rehearsal }),
        ...(awaitsGates !== undefined && { awaitsGates }),
        ...(skipped.length > 0 && { skipped }),
        digest,
        ...(variants !== undefined && { variants }),
        version,
      },
      alarms,
      explanation: explanation ?? null,
      story: plainStory(story),
    })
  print.data(`${namespace}: rollout ${id} of version ${version} ${shortDigest(digest)} is ${state}\n`)
  for (const line of variantLines(variants)) print.data(`${line}\n`)
  for (const { name, says } of alarms) print.data(`alarm ${name}: ${says}\n`)
  if (explanation === undefined) print.data(`${sayUnknownPolicy(story)}\n`)
  else for (const line of explanationLines(explanation)) print.data(`  ${line}\n`)
  // A stage that was taken back is judged by those who are left; the history keeps for whom it was.
  const { exceptions = [] } = (state === 'retreated' ? story.at(-1)?.audit?.evidence : undefined) ?? {}
  for (const exception of exceptions) print.data(`  ${sayFailure(exception)}\n`)
  print.data('\n')
  printStory(print, story)
}

function sayUnknownPolicy(story: readonly HistoryEntry[]): string {
  const plan = story.at(-1)?.release.rollout?.plan
  const name = plan === undefined ? undefined : policyOf(plan)
  return `its policy${name === undefined ? '' : ` ${name}`} is not known here, so the evidence is not judged; to see it judged, put the policy into \`policies\` of the noticeboard.config.mjs of this folder`
}
