// A program that follows its configuration and does nothing else. Prints a line for each thing that
// happens to it.
import { createClient, http, hybrid, onDemand, pull, push } from 'noticeboard'
import { z } from 'zod'

const strategies = { push, hybrid, pull, onDemand }
const [url = '', strategy = '', use = ''] = process.argv.slice(2)

const schema = z.object({ n: z.number() })

const options = {
  namespace: 'a',
  schema,
  strategy: strategies[strategy as keyof typeof strategies](http(url)),
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

if (use === 'using') {
  await using config = await createClient(options).ready()
  say(`runs ${config.current.n}`)
} else {
  const config = createClient(options)
  config.on('error', ({ code }) => say(code))
  config.subscribe(({ n }) => say(`runs ${n}`))
  // A listener for a signal keeps no process alive.
  process.once('SIGTERM', () => void config.close())
  await config.ready()
}
