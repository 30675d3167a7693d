// One process of the fleet: some applications with one strategy.
import { join } from 'node:path'
import { createApplication } from './application.js'
import { endWithParent } from './child.js'

const { members, state, ...settings } = JSON.parse(process.argv[2] ?? '{}')
/** @type {ReturnType<typeof createApplication>[]} */
const applications = members.map((/** @type {{ name: string, index: number }} */ member) =>
  createApplication({ ...member, ...settings, state: join(state, member.name) }),
)

process.on(
  'message',
  (/** @type {{ type: string, namespace: string, on: boolean }} */ { type, namespace, on }) => {
    if (type === 'count') for (const application of applications) application.count()
    if (type === 'cool') for (const application of applications) application.cool()
    if (type === 'lag') for (const application of applications) application.lag(namespace, on)
    process.send?.({ type: `${type} done` })
  },
)
endWithParent()

await Promise.all(applications.map(application => application.start()))
process.send?.({ type: 'ready' })
