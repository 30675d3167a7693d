import { expect, test } from 'vitest'
import {
  compare,
  comparisonPage,
  hybridModel,
  presets,
  pullModel,
  pushModel,
} from '../../../src/compare/index.js'
import { FLEET } from './fleets.js'

test('the page holds everything that it shows: no script, no request, no font', async () => {
  const page = comparisonPage(await compare(FLEET, { map: true }))
  expect(page).not.toMatch(/<script|<link|<img|@import|url\(|https?:/)
  expect(page).toMatch(/^<!doctype html>\n<html lang="en">/)
  expect(page.match(/<svg viewBox="0 0 640 /g)).toHaveLength(4)
  expect(page).toMatch(/prefers-color-scheme:dark/)
  expect(page).toMatch(/@media print/)
})

test('every number of every picture is a number, for every preset', async () => {
  for (const { workload } of presets) {
    const page = comparisonPage(await compare(workload, { map: true }))
    expect(page).not.toMatch(/NaN|Infinity|undefined/)
  }
})

test('names of models are text, whatever is in them', async () => {
  const models = [pullModel({ name: '<b>"mine" & yours</b>' }), hybridModel()]
  const page = comparisonPage(await compare(FLEET, { models }))
  expect(page).toContain('&lt;b&gt;&quot;mine&quot; &amp; yours&lt;/b&gt;')
  expect(page).not.toContain('<b>')
})

test('without a map there are three pictures, and without an answer the page says so', async () => {
  const page = comparisonPage(await compare({ ...FLEET, deadlines: { killSwitchMs: 1 } }))
  expect(page.match(/<svg viewBox="0 0 640 /g)).toHaveLength(3)
  expect(page).toContain('No model fits')
})

test('the map says what a comparison of each of its places says', async () => {
  const models = [hybridModel(), pullModel(), pullModel({ pollIntervalMs: 120_000 })]
  const { map } = await compare(FLEET, { models, map: true })
  for (const [line, column] of [
    [2, 5],
    [12, 30],
    [20, 20],
    [23, 46],
  ] as const) {
    const clients = map?.clients[column] ?? 0
    const killSwitchMs = map?.killSwitchMs[line] ?? 0
    const deadlines = { ...FLEET.deadlines, killSwitchMs }
    const { recommendation } = await compare({ ...FLEET, clients, deadlines }, { models })
    expect(map?.taken[line]?.[column]).toBe(recommendation.model ?? null)
    expect(map?.tied[line]?.[column] ?? undefined).toBe(recommendation.ties[0])
  }
})

test('the map says which deadline other changes have in it', async () => {
  const models = [hybridModel(), pullModel()]
  const pageOf = async (deadlines: { killSwitchMs: number; routineMs?: number }): Promise<string> =>
    comparisonPage(await compare({ ...FLEET, deadlines }, { models, map: true }))
  expect(await pageOf({ killSwitchMs: 5_000, routineMs: 60_000 })).toContain(
    'Other changes have 60 s everywhere, so a kill switch with more time than that changes nothing.',
  )
  expect(await pageOf({ killSwitchMs: 5_000 })).toContain(
    'Other changes have 5 min, and as long as a kill switch where that is longer.',
  )
})

test('a model has one look in all pictures, on every page, and what is no model has none of theirs', async () => {
  const looksIn = (page: string, name: string): readonly string[] => [
    ...new Set(
      [...page.matchAll(/class="(?:line line|area area)-(\w+)"[^>]*\/?>(?:<\/path>)?<\/svg>([^<]*)</g)]
        .filter(([, , text]) => text === name)
        .map(([, look = '']) => look),
    ),
  ]
  const pages = await Promise.all(
    [
      [hybridModel(), pushModel(), pullModel()],
      [pullModel(), pullModel({ pollIntervalMs: 4_000 }), pushModel()],
    ].map(async models => comparisonPage(await compare(FLEET, { models, map: true }))),
  )
  for (const page of pages) {
    expect(looksIn(page, 'push')).toEqual(['1'])
    expect(looksIn(page, 'pull 30 s')).toEqual(['2'])
    expect(looksIn(page, 'to everyone at once')).toEqual(['ink'])
    expect(looksIn(page, 'in stages, where a gate or a guardrail sees it')).toEqual(['soft'])
  }
  expect(looksIn(pages[1] ?? '', 'pull 4 s')).toEqual(['3'])
})

test('fourteen models look different, and where there are more the page says so', async () => {
  const models = Array.from({ length: 15 }, (_, index) => pullModel({ pollIntervalMs: 1_000 * (index + 1) }))
  const linesOf = (page: string) =>
    [...page.matchAll(/<li><svg[^>]*><path class="line (line-\d+)"[^>]*\/><\/svg>pull /g)].map(
      ([, look]) => look,
    )
  const page = comparisonPage(await compare(FLEET, { models: models.slice(0, 14) }))
  const looks = linesOf(page)
  expect([looks.length, new Set(looks).size]).toEqual([28, 14])
  const styles = [...new Set(looks)].map(look => new RegExp(`\\.${look}\\{([^}]*)`).exec(page)?.[1])
  expect(new Set(styles).size).toBe(14)
  const areas = styles.map((_, look) => new RegExp(`\\.area-${look}\\{fill`).test(page))
  expect(areas).toEqual(styles.map(() => true))
  expect(page).not.toContain('some share one')
  expect(comparisonPage(await compare(FLEET, { models }))).toContain(
    '14 looks for 15 models, so some share one',
  )
})

test('the map marks what ties, with a stripe and in its legend', async () => {
  const models = [hybridModel(), pushModel(), pullModel()]
  const tie = await compare(FLEET, { models, map: true })
  const tied = new Set(tie.map?.tied.flat().filter(model => model !== null))
  expect(tied.size).toBeGreaterThan(0)
  const page = comparisonPage(tie)
  expect(page).toContain('a stripe in a square: this ties with it')
  const [, legend = ''] = /<ul class="legend">((?:(?!<\/ul>).)*a stripe in a square)/.exec(page) ?? []
  for (const model of tied) expect(legend).toContain(`</svg>${model}<`)
  const alone = await compare(FLEET, { models: [pullModel()], map: true })
  expect(comparisonPage(alone)).not.toContain('a stripe in a square')
})

test('where nothing is solved the page says why there is no map', async () => {
  const result = await compare(FLEET, { models: [hybridModel(), pullModel()], map: true })
  const { map: _, inputs: _inputs, ...rest } = result
  const recommendation = { ...rest.recommendation, unless: [], unsolved: 'formulas would take <none>' }
  const page = comparisonPage({ ...rest, recommendation })
  expect(page).toContain('There is no map: formulas would take &lt;none&gt;.')
  expect(page).toContain('What would change it')
  expect(page).not.toContain('What does not change it')
  const partly = comparisonPage({
    ...result,
    recommendation: { ...result.recommendation, leftOut: ['mine'] },
  })
  expect(partly).toContain('By formulas, which do not know mine.')
})

test('the legend of the map is in the order of the table, and none comes last', async () => {
  const models = [hybridModel(), pushModel(), pullModel()]
  const page = comparisonPage(await compare(FLEET, { models, map: true }))
  const legends = [...page.matchAll(/<ul class="legend">.*?<\/ul>/g)].map(([text]) => text)
  const map = legends.find(text => text.includes('your workload')) ?? ''
  const names = [...map.matchAll(/<\/svg>([^<]*)</g)].map(([, name]) => name)
  expect(names.slice(-2)).toEqual(['none of them', 'your workload'])
  expect(['hybrid', 'push', 'pull 30 s'].filter(name => names.includes(name))).toEqual(names.slice(0, -2))
})

test('one client that runs a bad document is seen as a step above none', async () => {
  const result = await compare(FLEET, { models: [pushModel()] })
  expect(result.blastRadius.staged.reached).toBe(1)
  const [picture = ''] =
    /<svg[^>]*aria-label="How many clients run a bad document.*?<\/svg>/.exec(comparisonPage(result)) ?? []
  const heightOf = (label: string): number =>
    Number(new RegExp(`y="([\\d.]+)" text-anchor="end">${label}<`).exec(picture)?.[1]) - 4
  const [, path = ''] = /line-soft" d="([^"]*)"/.exec(picture) ?? []
  const points = [...path.matchAll(/[ML]([\d.]+),([\d.]+)/g)].map(
    ([, x, y]) => [Number(x), Number(y)] as const,
  )
  const none = heightOf('0')
  const one = heightOf('1')
  expect(none - one).toBeGreaterThan(20)
  const wide = points.flatMap(([x, y], index) =>
    Math.abs(y - one) < 0.1 ? [x - (points[index - 1]?.[0] ?? x)] : [],
  )
  // 97 s of the 17 minutes.
  expect(Math.max(...wide)).toBeGreaterThan(40)
  expect([points[0]?.[1], points.at(-1)?.[1]]).toEqual([none, none])
})

test('crossings stand with an arrow', async () => {
  const page = comparisonPage(await compare({ ...FLEET, deadlines: { killSwitchMs: 5_000 } }))
  expect(page).toMatch(/ → pull/)
  expect(page).not.toContain('-&gt;')
})
