// Writes flags.json, the same bytes each time: `node examples/configs/make-flags.mjs`.
import { writeFileSync } from 'node:fs'

const areas = ['checkout', 'search', 'basket', 'account', 'catalogue', 'shipping', 'returns', 'loyalty', 'reviews', 'mobile']
const verbs = ['show', 'enable', 'use', 'prefer', 'prefetch', 'hide', 'limit', 'shorten', 'group', 'sort']
const things = ['banner', 'suggestions', 'wallet', 'new-layout', 'cache', 'recommendations', 'filters', 'gallery', 'countdown', 'badges']
const teams = ['payments', 'discovery', 'growth', 'platform', 'mobile', 'fulfilment']
const countries = ['AT', 'BE', 'CH', 'DE', 'DK', 'ES', 'FI', 'FR', 'GB', 'IE', 'IT', 'NL', 'NO', 'PL', 'PT', 'SE']
const count = 715

// A small linear congruential generator: real-looking variety without chance.
let state = 20261121
const below = limit => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * limit)
}
const one = list => list[below(list.length)]
const some = (list, most) => [...new Set(Array.from({ length: 1 + below(most) }, () => one(list)))].sort()

const flags = {}
for (let index = 0; index < count; index += 1) {
  const key = `${areas[index % 10]}.${verbs[Math.floor(index / 10) % 10]}-${things[Math.floor(index / 100) % 10]}`
  const enabled = below(10) < 6
  flags[key] = {
    description: `Whether the ${areas[index % 10]} pages ${verbs[Math.floor(index / 10) % 10]} ${one(things)} for ${one(['everybody', 'new visitors', 'returning customers', 'members', 'employees'])}`,
    owner: one(teams),
    enabled,
    rollout: { percent: enabled ? one([5, 10, 25, 50, 100]) : 0, salt: state.toString(16).padStart(8, '0') },
    rules: Array.from({ length: below(3) }, () => ({ when: { country: some(countries, 5), platform: one(['web', 'ios', 'android']) }, serve: below(2) === 1 })),
    expires: `2027-${String(1 + below(12)).padStart(2, '0')}-${String(1 + below(28)).padStart(2, '0')}`,
  }
}
// A line a flag, so that a change of one flag is a difference of one line.
const lines = Object.entries(flags).map(([key, flag]) => `    ${JSON.stringify(key)}: ${JSON.stringify(flag)}`)
const text = `{\n  "updated": "2026-11-21",\n  "flags": {\n${lines.join(',\n')}\n  }\n}\n`
writeFileSync(new URL('flags.json', import.meta.url), text)
