import { expect, test } from 'vitest'
import { compare, comparisonPage, hybridModel, presets, pullModel } from '../../../src/compare/index.js'

const FLEET = { clients: 3_000, documentBytes: 20_480, deadlines: { killSwitchMs: 5_000 } }

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
  const models = [hybridModel(), pullModel()]
  const { map } = await compare(FLEET, { models, map: true })
  for (const [line, column] of [
    [2, 5],
    [12, 30],
    [20, 20],
    [23, 46],
  ] as const) {
    const clients = map?.clients[column] ?? 0
    const killSwitchMs = map?.killSwitchMs[line] ?? 0
    const deadlines = { killSwitchMs, routineMs: Math.max(300_000, killSwitchMs) }
    const { recommendation } = await compare({ ...FLEET, clients, deadlines }, { models })
    expect(map?.taken[line]?.[column]).toBe(recommendation.model ?? null)
  }
})
