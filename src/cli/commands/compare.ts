import { presets } from '../../compare/presets.js'
import type { Command } from '../command.js'

export const compareCommand: Command = {
  name: 'compare',
  summary: 'find out whether push, pull or hybrid suits your fleet',
  usage: '[WORKLOAD.json]',
  text: `Compares ways to bring a document to a fleet, with your own figures: a workload file, a preset, or options, which come on top of either.
By arithmetic over what a server was measured to cost, by a simulation, or with real processes on this machine. Says which model to take, why, and what would have to change for another answer.
Exits with 1 when no model meets the deadlines.`,
  options: {
    preset: { value: 'NAME', text: `begin with ${presets.map(({ name }) => name).join(', ')}` },
    clients: { value: 'N', text: 'how many clients follow the document' },
    document: { value: 'FILE', text: 'the document, JSON or YAML, of which only the size is used' },
    bytes: { value: 'SIZE', text: 'or its size: 20480, 600KB' },
    next: {
      value: 'FILE',
      text: 'the document after a typical change; the reasons say what deltas would save',
    },
    'changes-per-day': { value: 'N', text: 'how often it changes' },
    'kill-switch': {
      value: 'TIME',
      text: 'by when a change has to be everywhere in an emergency: 5s, 500ms, 2min',
    },
    routine: { value: 'TIME', text: 'by when every other change has to be everywhere' },
    offline: { value: 'SHARE', text: 'how many clients are away at any time: 2%' },
    'restarts-per-day': { value: 'N', text: 'how often each client is started anew' },
    servers: { value: 'N', text: 'how many servers share the clients' },
    model: {
      value: 'MODEL',
      multiple: true,
      text: 'push, push:2s, hybrid:cdn, pull:10s:static, adaptive, push:deltas, push:workers=3, push:gzip; may repeat',
    },
    html: { value: 'FILE', text: 'write a page with pictures there, which needs nothing else' },
    depth: {
      value: 'DEPTH',
      text: 'formula, which takes an instant; simulation, in virtual time; or run, with real processes: both take minutes',
    },
    quick: { text: 'simulate 500 clients instead of 2,000; or run 200 instead of 500, without an outage' },
    most: { value: 'N', text: 'simulate or run so many clients at most, up to 10,000' },
    seed: { value: 'N', text: 'what the simulation draws chance from; 1 unless given' },
    schema: { text: 'print the JSON Schema of a workload file, for your editor, and nothing else' },
    costs: { value: 'FILE', text: 'what a server costs, as --calibrate wrote it' },
    calibrate: { text: 'measure what a server costs on this machine first; takes some four minutes' },
    'save-costs': { value: 'FILE', text: 'write what --calibrate measured there' },
  },
  examples: [
    'noticeboard compare --clients 3000 --document app.yaml --changes-per-day 40 --kill-switch 5s --offline 2%',
    'noticeboard compare workload.json --model hybrid --model pull:10s',
    'noticeboard compare --preset iot --json',
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
