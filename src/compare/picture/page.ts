import type { Comparison } from '../result.js'
import { assumptionsOf } from '../assumptions.js'
import { COLUMNS } from '../columns.js'
import { headlineOf, methodOf, outcomeOf, tableOf } from '../tables.js'
import { sayMs } from '../words.js'
import { routineBeside } from '../workload.js'
import { escapeText } from './chart.js'
import { blastChart, loadChart, propagationChart } from './charts.js'
import { LOOKS } from './looks.js'
import { mapPicture } from './map-picture.js'
import { STYLE } from './style.js'

/**
 * A comparison as one page of HTML that needs nothing else: no script, no font, no request. Right
 * in light and dark, on a phone and on paper.
 *
 * ```ts
 * writeFileSync('comparison.html', comparisonPage(result))
 * ```
 */
export function comparisonPage(result: Comparison): string {
  const { headings, lines } = tableOf(result)
  const head = headings.map(text => `<th scope="col">${escapeText(text)}</th>`).join('')
  const body = lines.map(({ cells, fits, mark }) => {
    const [name = '', ...rest] = cells
    const data = rest.map((text, index) => {
      // On a phone each model is a card, where every figure stands beside what it is.
      const label = `data-label="${escapeText(headings[index + 1] ?? '')}"`
      const look = index === 0 ? ` class="${fits ? 'fits' : 'misses'}"` : ''
      return `<td ${label}${look}>${escapeText(withUnits(text))}</td>`
    })
    return `<tr${mark === '' ? '' : ' class="taken"'}><th scope="row">${escapeText(withUnits(name))}${mark === '' ? '' : ` <small>${escapeText(mark.replace('<- ', ''))}</small>`}</th>${data.join('')}</tr>`
  })
  const parts = outcomeOf(result).map(
    ({ title, points }) =>
      `<section><h2>${escapeText(title)}</h2><ul>${points.map(point => `<li>${escapeText(point.replace(' -> ', ' → '))}</li>`).join('')}</ul></section>`,
  )
  const pictures = [
    ['How a change reaches the fleet', `${propagationChart(result)}${sayLooks(result)}`],
    ['After an outage of all servers for a minute', loadChart(result)],
    ...mapOf(result),
    ['A bad document, over time', blastChart(result)],
  ].map(([title, picture]) => `<section><h2>${title}</h2>${picture}</section>`)
  const columns = COLUMNS.map(
    ({ heading, text }) => `<dt>${escapeText(heading)}</dt><dd>${escapeText(text)}</dd>`,
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>${escapeText(headlineOf(result))}</title><style>${STYLE}</style></head>
<body><main><h1>${escapeText(headlineOf(result))}</h1><p class="method">${escapeText(methodOf(result))}</p><p class="method">${escapeText(assumptionsOf(result))}</p>
<div class="table"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>
<div class="parts">${parts.join('')}</div>
<div class="pictures">${pictures.join('')}</div>
<section><h2>What the columns say</h2><dl>${columns.join('')}</dl></section>
</main></body></html>
`
}

/** A text that may be wrapped, but not between a number and its unit. */
function withUnits(text: string): string {
  return text.replaceAll(/(?<=\d) (?=[^\s])/g, '\u00A0')
}

/** The map, or why there is none, or nothing where none was asked for. */
function mapOf(result: Comparison): readonly (readonly [title: string, picture: string])[] {
  const title = 'Which model, for which fleet'
  const { map, recommendation } = result
  const { leftOut, unsolved, refitted } = recommendation
  if (unsolved !== undefined) return [[title, note(`There is no map: ${unsolved}.`)]]
  if (map === undefined) return []
  const without = leftOut.length > 0 ? note(`By formulas, which do not know ${leftOut.join(' and ')}.`) : ''
  const fitted = refitted
    ? 'Heartbeats and intervals are fitted to each place, as a comparison with it does.'
    : 'Among these models, with these heartbeats and intervals.'
  return [[title, `${mapPicture(map, result)}${note(`${fitted} ${sayRoutine(result)}`)}${without}`]]
}

/** Which deadline the other changes have in each line of the map. */
function sayRoutine({ workload: { routineMs, assumed } }: Comparison): string {
  return assumed.includes('routineMs')
    ? `Other changes have ${sayMs(routineBeside(0))}, and as long as a kill switch where that is longer.`
    : `Other changes have ${sayMs(routineMs)} everywhere, so a kill switch with more time than that changes nothing.`
}

/** Where there are more models than looks. */
function sayLooks({ rows }: Comparison): string {
  return rows.length > LOOKS
    ? note(
        `There are ${LOOKS} looks for ${rows.length} models, so some share one; the table tells all apart.`,
      )
    : ''
}

function note(text: string): string {
  return `<p class="method">${escapeText(text)}</p>`
}
