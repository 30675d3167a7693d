import { createClient, createPublisher, everyone, memory, push } from 'noticeboard'
import { fromConvict } from './convict-schema.mjs'

const schema = fromConvict({
  pool: {
    size: { doc: 'connections', format: 'nat', default: 10, env: 'POOL_SIZE' },
    owner: { format: String, default: 'nobody' },
  },
})
process.env['POOL_SIZE'] = '99'
const [namespace, store] = ['checkout/prod', memory()]
const publisher = createPublisher({ namespace, schema, store })
const publish = document => publisher.publish(document, { rollout: everyone(), reason: 'a recipe' })

await publish({ pool: { size: 20 } })
const config = await createClient({ namespace, schema, strategy: push(store) }).ready()
console.log(JSON.stringify(config.current))
for (const document of [
  { pool: { size: -20 } },
  { pool: { sise: 20 } },
  { pool: { owner: 20, size: 'x\nhush' } },
  null,
]) {
  const { code, issues } = await publish(document).catch(error => error)
  console.log(code, issues.map(({ path, message }) => `${path}: ${message}`).join('; '))
}
await Promise.all([config.close(), publisher.close()])
