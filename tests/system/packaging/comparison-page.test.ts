import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { readModel } from '../../../src/cli/read-model.js'
import { compare, comparisonPage, pushModel, type CompareOptions } from '../../../src/compare/index.js'
import { HOW_TO_HAVE_CHROMIUM, hasChromium, openChromium } from '../../support/chromium.js'

/** What a page looks like, as far as that can be told without looking. */
interface Looks {
  readonly overflow: number
  /** How much of the table of models is out of sight. */
  readonly cutOff: number
  readonly paper: string
  readonly ink: string
  readonly pictures: readonly (readonly [width: number, height: number])[]
}

/** A phone, a tablet, the least that has a table, and screens. */
const WIDTHS = [360, 768, 941, 1024, 1280, 1440]

const LOOKS = `(() => {
  const { backgroundColor, color } = getComputedStyle(document.body)
  const table = document.querySelector('.table')
  return {
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    cutOff: table.scrollWidth - table.clientWidth,
    paper: backgroundColor,
    ink: color,
    pictures: [...document.querySelectorAll('figure > svg')].map(svg => {
      const { width, height } = svg.getBoundingClientRect()
      return [width, height]
    }),
  }
})()`

test(
  'the page of a comparison fits every width in both themes and on paper, and asks for nothing',
  { timeout: 120_000 },
  async context => {
    if (!hasChromium()) {
      if (process.env['NOTICEBOARD_NO_SKIP'] === '1') throw new Error(HOW_TO_HAVE_CHROMIUM)
      context.skip(HOW_TO_HAVE_CHROMIUM)
    }
    const folder = mkdtempSync(join(tmpdir(), 'noticeboard-page-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'comparison.html')
    const workload = { clients: 3_000, documentBytes: 20_480, changesPerDay: 40 }
    const longNames = ['hybrid:cdn', 'push:workers=3:deltas', 'pull:10s:hops=45s+14min'].map(readModel)
    const fileWith = async (options: CompareOptions): Promise<void> =>
      writeFileSync(file, comparisonPage(await compare(workload, { ...options, map: true })))
    await fileWith({})
    const page = await openChromium()
    onTestFinished(() => page.close())
    for (const domain of ['Page', 'Network', 'Runtime']) await page.send(`${domain}.enable`)
    const open = async (): Promise<void> => {
      const loaded = page.next('Page.loadEventFired')
      await page.send('Page.navigate', { url: pathToFileURL(file).href })
      await loaded
    }
    await open()
    const looksOf = async (media: string, theme: string, width: number): Promise<Looks> => {
      const features = [{ name: 'prefers-color-scheme', value: theme }]
      await page.send('Emulation.setEmulatedMedia', { media, features })
      await page.send('Emulation.setDeviceMetricsOverride', {
        width,
        height: 900,
        deviceScaleFactor: 1,
        mobile: width < 600,
      })
      const looks = await page.evaluate<Looks>(LOOKS)
      const { overflow, cutOff } = looks
      expect({ media, theme, width, overflow, cutOff }).toEqual({
        media,
        theme,
        width,
        overflow: 0,
        cutOff: 0,
      })
      expect(looks.pictures).toHaveLength(4)
      for (const [wide, high] of looks.pictures) {
        expect(Math.min(wide, high)).toBeGreaterThan(100)
        expect(wide).toBeLessThanOrEqual(width)
      }
      return looks
    }
    for (const width of WIDTHS) {
      const [light, dark] = [await looksOf('screen', 'light', width), await looksOf('screen', 'dark', width)]
      expect(light.paper).not.toBe(dark.paper)
      expect(light.ink).not.toBe(dark.ink)
      expect(light.paper).not.toBe(light.ink)
      expect(dark.paper).not.toBe(dark.ink)
    }
    // A4 at 96 dots an inch. Ink is black on paper.
    await looksOf('print', 'light', 718)
    expect(await looksOf('print', 'light', 794)).toMatchObject({
      ink: 'rgb(0, 0, 0)',
      paper: 'rgb(255, 255, 255)',
    })
    const { data } = (await page.send('Page.printToPDF')) as { readonly data: string }
    expect(Buffer.from(data, 'base64').subarray(0, 5).toString()).toBe('%PDF-')
    const requests = page.eventsOf<{ readonly request: { readonly url: string } }>(
      'Network.requestWillBeSent',
    )
    expect(requests.map(({ request }) => request.url)).toEqual([pathToFileURL(file).href])
    await fileWith({ models: [...longNames, { ...pushModel(), name: 'x'.repeat(80) }] })
    await open()
    for (const width of WIDTHS) await looksOf('screen', 'light', width)
    await looksOf('print', 'light', 718)
  },
)
