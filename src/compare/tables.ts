import { COLUMNS } from './columns.js'
import { shownRow, type Comparison } from './result.js'
import type { Row } from './row.js'
import { sayChange } from './say-change.js'
import { sayCrossing, sayInput } from './verdict/because.js'
import { boundsBeside, FARTHEST, lookedAt } from './verdict/crossings.js'
import { deadlineOf } from './verdict/misses.js'
import { sayRecovery } from './verdict/recovery.js'
import { count, figure, percent, sayBeyond, sayBytes, sayMs } from './words.js'
import { INPUTS, placeOf, type InputName, type Workload } from './workload.js'

/** A table of a comparison: what stands above each column, and a line for each model. */
export interface ComparisonTable {
  readonly headings: readonly string[]
  readonly lines: readonly {
    readonly cells: readonly string[]
    readonly fits: boolean
    readonly mark: string
  }[]
}

/**
 * The table of a comparison, ready to be aligned.
 *
 * ```ts
 * const { headings, lines } = tableOf(result)
 * ```
 */
export function tableOf({ rows, recommendation, workload }: Comparison): ComparisonTable {
  return {
    headings: ['', ...COLUMNS.map(({ heading }) => heading)],
    lines: rows.map(row => ({
      fits: row.fits,
      mark:
        row.model === recommendation.model
          ? '<- take this'
          : recommendation.ties.includes(row.model)
            ? '<- or this: a tie'
            : '',
      cells: cellsOf(row, workload),
    })),
  }
}

function cellsOf(row: Row, workload: Workload): readonly string[] {
  const { model, keepsUp, stalenessMs, halfOpen, integral, requests, cpu, bytes, memory, peak } = row
  // The queue of a server that does not keep up grows all day.
  const timed = (text: string): string => (keepsUp ? text : '-')
  const deadlineMs = deadlineOf(workload)
  const sayTime = (ms: number): string => (ms > deadlineMs ? sayBeyond(ms, deadlineMs) : sayMs(ms))
  return [
    model,
    `${timed(sayTime(stalenessMs.all))}  ${verdictOf(row)}`,
    timed(
      halfOpen.worstMs > 0
        ? `${sayTime(halfOpen.worstMs)}${halfOpen.worstMs > deadlineMs ? '  late' : ''}`
        : '-',
    ),
    timed(sayMs(stalenessMs.half)),
    timed(integral === Infinity ? '-' : figure(integral)),
    figure(requests.perSecond),
    percent(cpu.share),
    `${sayBytes(bytes.perDay)}${bytes.fromCache > 0 ? `, of it CDN ${sayBytes(bytes.fromCache)}` : ''}`,
    sayBytes(memory),
    `${figure(peak.afterRestart.requestsPerSecond)}/s`,
  ]
}

function verdictOf({ fits, misses }: Row): string {
  if (fits) return 'ok'
  const [first] = misses
  switch (first?.what) {
    case 'kill-switch':
    case 'routine':
      return 'too late'
    case 'half-open':
      return 'dead streams'
    case 'processor':
      return 'too busy'
    case 'connections':
      return 'too many streams'
    case 'missed':
      return 'missed some'
    case undefined:
      return ''
  }
}

/**
 * What a comparison was made of, in one line.
 *
 * ```ts
 * headlineOf(result) // 3,000 clients, 20 KB, 40 changes a day, kill switch within 5 s
 * ```
 */
export function headlineOf({ workload }: Pick<Comparison, 'workload'>): string {
  const { clients, documentBytes, encodedBytes, changesPerDay, killSwitchMs, preset } = workload
  const from = preset === undefined ? '' : `from the preset ${preset.name}: `
  const encoded = encodedBytes < documentBytes ? ` (${sayBytes(encodedBytes)} encoded)` : ''
  return `${from}${clients === 1 ? '1 client' : `${count(clients)} clients`}, ${sayBytes(documentBytes)}${encoded}, ${changesPerDay === 1 ? '1 change' : `${figure(changesPerDay)} changes`} a day, kill switch within ${sayMs(killSwitchMs)}`
}

/**
 * How it was found, in one line.
 *
 * ```ts
 * methodOf(result) // formula, costs of 2 x Intel Xeon, measured on 2026-11-26; weights: …
 * ```
 */
export function methodOf({
  rows,
  workload,
  depth,
  costs,
  weights,
}: Pick<Comparison, 'rows' | 'depth' | 'costs' | 'weights' | 'workload'>): string {
  const clients = depth === 'formula' ? '' : ` (${saySamples({ rows, workload })})`
  return `${depth}${clients}, costs of ${costs.measured.machine}, measured on ${costs.measured.on}; weights: processor time ${weights.cpu}, bytes ${weights.bytes}`
}

/** What was simulated or run for the rows, those of one kind together. */
function saySamples({ rows, workload }: Pick<Comparison, 'rows' | 'workload'>): string {
  const said = rows.map(row => saySample(row, workload.clients))
  const kinds = [...new Set(said)]
  if (kinds.length === 1) return kinds.join('')
  const namesOf = (kind: string): string =>
    rows
      .filter((_, index) => said[index] === kind)
      .map(({ model }) => model)
      .join(' and ')
  return kinds.map(kind => `${kind}: ${namesOf(kind)}`).join('; ')
}

function saySample({ sample, offline }: Row, clients: number): string {
  if (sample === undefined) return 'computed'
  if (sample.population === 'light') return `a light population of ${count(sample.clients)} clients`
  const online = clients - offline
  const all = sample.clients < Math.round(online) ? `, for ${count(online)}` : ''
  return `${count(sample.clients)} of the library’s own clients${all}`
}

/** A part of the outcome: what it is about, and its points. */
export interface OutcomePart {
  readonly title: string
  readonly points: readonly string[]
}

/**
 * The outcome in plain words: reasons, what would change it, and what a bad document does.
 *
 * ```ts
 * for (const { title, points } of outcomeOf(result)) console.log(title, points)
 * ```
 */
export function outcomeOf(result: Comparison): readonly OutcomePart[] {
  const { because, model, ties, doubt } = result.recommendation
  const kept = result.rows.filter(({ keepsUp }) => keepsUp)
  const none = doubt === undefined ? 'No model fits' : 'No model is named'
  const verdict = model === undefined ? none : `Take ${[model, ...ties].join(' or ')}, because`
  return [
    { title: verdict, points: because },
    ...sayWhatChanges(result),
    { title: 'A change', points: sayChange(result) },
    ...(kept.length > 0
      ? [{ title: 'After an outage of all servers for a minute', points: sayRecovery(kept) }]
      : []),
    { title: 'A bad document', points: sayBlast(result) },
  ]
}

function sayWhatChanges({ recommendation, inputs, workload }: Comparison): readonly OutcomePart[] {
  const { unless, leftOut, unsolved, refitted } = recommendation
  if (unsolved !== undefined) return [{ title: 'What would change it', points: [unsolved] }]
  const moving = INPUTS.filter(name => unless.some(({ input }) => input === name))
  const unknown = [
    ['by default', workload.assumed],
    ['from the preset', workload.preset?.inputs ?? []],
  ] as const
  const unsaid = unknown.flatMap(([whence, inputs]) => {
    const here = moving.filter(input => inputs.includes(input)).map(placeOf)
    return here.length > 0 ? [`${whence}: ${here.join(', ')}`] : []
  })
  const known =
    leftOut.length > 0
      ? [`this is solved by formulas, which do not know ${leftOut.join(' and ')}: they say nothing of it`]
      : []
  const changes = [
    ...unless.map(crossing => sayCrossing(crossing, workload)),
    ...(unsaid.length > 0 ? [`find out first what stands here ${unsaid.join('; and ')}`] : []),
  ]
  return [
    ...(changes.length > 0
      ? [
          {
            title: refitted ? 'The answer changes with' : 'Among these models the answer changes with',
            points: [
              ...changes,
              ...(refitted
                ? ['heartbeats and intervals are fitted to each value, as a comparison with it does']
                : []),
              ...known,
            ],
          },
        ]
      : []),
    {
      title: refitted ? 'What does not change it' : 'What does not change it, among these models',
      points: [
        ...sayStill(inputs?.doNotMatter ?? [], {
          workload,
          costsMatter: unless.some(({ input }) => input === 'serverCosts'),
        }),
        ...sayBothDeadlines(workload),
        ...(refitted
          ? [
              'that is the kind of model: its heartbeat or its interval may be another one then, which a comparison with that value names',
            ]
          : []),
        ...(changes.length > 0 ? [] : known),
      ],
    },
  ]
}

/** One deadline alone gives no more time than the other one, where both were given. */
function sayBothDeadlines({ killSwitchMs, routineMs, assumed }: Workload): readonly string[] {
  return assumed.includes('routineMs')
    ? []
    : [
        `both deadlines hold, and each is changed alone here: more time than ${sayMs(Math.max(killSwitchMs, routineMs))} needs both`,
      ]
}

/** What does not move the answer, and how far that was looked for. */
function sayStill(
  still: readonly InputName[],
  { workload, costsMatter }: { readonly workload: Workload; readonly costsMatter: boolean },
): readonly string[] {
  const ranges = still.map(input => {
    const given = workload[input]
    const [from, to] = lookedAt(input, workload).map(value => sayInput(input, value))
    const [least, most] = boundsBeside(input, workload)
    return {
      input,
      isWide: given > 0 && least <= given / FARTHEST && most >= given * FARTHEST,
      said: `${placeOf(input)} from ${from} to ${to}`,
    }
  })
  const wide = [
    ...ranges.filter(({ isWide }) => isWide).map(({ input }) => placeOf(input)),
    ...(costsMatter ? [] : ['the processor time that servers take']),
  ]
  const narrow = ranges.filter(({ isWide }) => !isWide).map(({ said }) => said)
  return [
    ...(wide.length > 0
      ? [
          `each of these may be ${FARTHEST} times as much or as little, alone (documentBytes and encodedBytes also together): ${wide.join(', ')}`,
        ]
      : []),
    ...(narrow.length > 0
      ? [`each of these may be anything that was looked at, alone: ${narrow.join(', ')}`]
      : []),
  ]
}

function sayBlast(result: Comparison): readonly string[] {
  const { blastRadius, rows } = result
  const { staged, crash, everyone, showsAfterMs, humanMs } = blastRadius
  const { clients, changesPerDay } = result.workload
  const ofAll = `of ${count(clients)} ${clients === 1 ? 'client' : 'clients'}`
  const late = `${sayMs(showsAfterMs)} after it arrives`
  const day = staged.completesMs * changesPerDay
  const shown = shownRow(result)
  if (shown.stalenessMs.all === Infinity)
    return [`${shown.model} brings no document to anybody, a bad one as little as a good one`]
  const others = rows.filter(row => row.fits && row !== shown)
  const ofOthers = others.map(({ model, blastRadius: { staged } }) =>
    staged.by === blastRadius.staged.by && staged.reached === blastRadius.staged.reached
      ? `${model} after ${sayMs(staged.goneMs)}`
      : `${model} after ${sayMs(staged.goneMs)}, and reaches ${count(staged.reached)}${staged.by === 'clock' ? ', since its stages go by the clock' : ''}`,
  )
  return [
    ...(staged.by === 'clock'
      ? [
          `${shown.model}: nobody reports, so nothing is noticed by itself and staged() is refused; with timed() the stages go by the clock, and one that does harm ${late} reaches ${count(staged.reached)} ${ofAll} until somebody who was called has stopped it, and is gone after ${sayMs(staged.goneMs)}`,
        ]
      : [
          `one that does harm ${late}, which a gate or a guardrail sees, reaches ${count(staged.reached)} ${ofAll} in the default stages, and is gone after ${sayMs(staged.goneMs)}`,
        ]),
    ...(ofOthers.length > 0 ? [`with the others that fit it is gone: ${ofOthers.join('; ')}`] : []),
    `published to everyone at once it reaches all of them, and is gone after ${sayMs(everyone.goneMs)}, where somebody who is called takes ${sayMs(humanMs)} to roll it back`,
    ...(crash === undefined
      ? []
      : [
          `one that ends the process ${late}, and again before it is quarantined, reaches up to ${count(crash.reached)} ${ofAll} in the default stages, and is gone after ${sayMs(crash.goneMs)}`,
        ]),
    `a good one takes ${sayMs(staged.completesMs)} through all stages, which the deadlines do not count${day > 86_400_000 ? `, so ${figure(changesPerDay)} a day do not fit one after another` : ''}`,
  ]
}
