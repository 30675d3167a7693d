// For a team that begins with the file it already has: a mounted ConfigMap, or any YAML file on
// disk. `node app.mjs settings.yaml`, then change the file. No server, no publisher; a board can
// come later, in one line.
import { createClient, hybrid } from 'noticeboard'
import { yamlFile } from 'noticeboard/node'
import { fromSource } from 'noticeboard/transports/source'
import { serviceSchema } from '../configs/schemas.mjs'

const config = await createClient({
  namespace: 'checkout/prod',
  schema: serviceSchema,
  strategy: hybrid(fromSource(yamlFile(process.argv[2] ?? '../configs/service.yaml'))),
}).ready()

config.select(({ pool }) => pool.size).subscribe(size => console.log(`the pool has ${size} connections`))
config.on('rejected', ({ issues: [issue] }) =>
  console.log(`the file is refused: ${issue?.path}: ${issue?.message}`),
)

// Following the file keeps the process alive until the client is closed.
process.once('SIGTERM', () => void config.close())
