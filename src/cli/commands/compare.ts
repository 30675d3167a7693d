import { presets } from '../../compare/presets.js'
import type { Command } from '../command.js'

export const compareCommand: Command = {
  name: 'compare',
  summary: 'find out whether push, pull or hybrid suits your fleet',
  usage: '[WORKLOAD.json]',
  text: `Compares ways to bring a document to a fleet, with your own figures: a workload file, a preset, or options, which come on top of either; --document and --bytes replace all that is said there of the document.
By arithmetic over what a server was measured to cost, by a simulation, or with real processes on this machine. Says which model to take, why, and what would have to change for another answer.
A MODEL is push or hybrid, also with a heartbeat as in push:2s; hybrid:cdn; pull, pull:10s or pull:10s:static; or adaptive. At its end may stand :deltas, :relays=4, :workers=3, of push :gzip, of pull :hops=45s+14min, which are pollers and caches in between, and of adaptive :share=10% of the document's age, within :least=5s and :most=5min.
A simulation runs the library's own clients; of a fleet that is larger than --quick or --most says, a light population that does what these do.
Exits with 11 when no model meets the deadlines.`,
  options: {
    preset: { value: 'NAME', text: `one of ${presets.map(({ name }) => name).join(', ')}` },
    clients: { value: 'N', text: 'how many clients follow the document' },
    document: { value: 'FILE', text: 'the document, JSON or YAML, of which only the size is used' },
    next: { value: 'FILE', text: 'the same after a typical change, for what deltas would save' },
    bytes: { value: 'SIZE', text: 'the size of the document in place of a file: 20480, 600KB' },
    'encoded-bytes': { value: 'SIZE', text: 'its size in brotli or gzip, as it is fetched' },
    'changed-bytes': { value: 'SIZE', text: 'how much of it a change concerns; a tenth unless given' },
    'changes-per-day': { value: 'N', text: 'how often it changes' },
    'kill-switch': {
      value: 'TIME',
      text: 'the deadline in an emergency, of clients that are connected: 500ms, 5s',
    },
    routine: { value: 'TIME', text: 'the deadline of every other change' },
    offline: { value: 'SHARE', text: 'how many clients are away at any time: 2%' },
    'restarts-per-day': { value: 'N', text: 'how often each client is started anew' },
    'no-state': { text: 'a client that is started anew has lost its configuration' },
    state: { text: 'a client that is started anew still has its configuration' },
    rtt: { value: 'TIME', text: 'between a client and the server, there and back' },
    'idle-timeout': { value: 'TIME', text: 'after which what is in between cuts silent connections' },
    'half-open': { value: 'N', text: 'how often a day each connection dies unnoticed: 0.5' },
    'server-mbps': { value: 'N', text: 'megabits a second that each server sends' },
    'client-mbps': { value: 'N', text: 'megabits a second that each client receives' },
    servers: { value: 'N', text: 'how many servers share the clients' },
    human: {
      value: 'TIME',
      text: 'in which somebody who is called rolls back; 15min unless given',
    },
    'bytes-weight': {
      value: 'SHARE',
      text: 'how much bytes count, processor time taking the rest; 50% unless given',
    },
    model: { value: 'MODEL', multiple: true, text: 'compare this one, as said above; may repeat' },
    html: { value: 'FILE', text: 'write a page with pictures there, which needs nothing else' },
    depth: { value: 'DEPTH', text: 'formula, an instant; simulation or run, which take minutes' },
    quick: { text: 'simulate 500 clients at most, not 2,000; run 200, without an outage' },
    most: { value: 'N', text: 'simulate or run so many clients at most, up to 10,000' },
    seed: { value: 'N', text: 'what the simulation draws chance from; 1 unless given' },
    schema: { text: 'print the JSON Schema of a workload file, and nothing else' },
    costs: { value: 'FILE', text: 'what a server costs, as --calibrate wrote it' },
    calibrate: { text: 'first measure what a server costs here; takes some four minutes' },
    'save-costs': { value: 'FILE', text: 'write what --calibrate measured there' },
  },
  examples: [
    'noticeboard compare --clients 3000 --document app.yaml --kill-switch 5s --offline 2%',
    'noticeboard compare workload.json --model hybrid --model pull:10s',
    'noticeboard compare --preset iot --half-open 2 --json',
    'noticeboard compare workload.json --depth run --quick',
    'noticeboard compare --preset large-fleet --calibrate --save-costs costs.json',
  ],
  positionals: [0, 1],
  async run(context) {
    // Only who compares waits for all that this takes.
    const { runCompare } = await import('../run-compare.js')
    return runCompare(context)
  },
}
