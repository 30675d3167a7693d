// Bounds that can be taken out, to see that the siege sees it.
import { build } from 'esbuild'
import { readFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { entryPoints, root } from '../../scripts/entry-points.js'
import { patternOf } from '../../tests/proof/sim/bundle.js'

/** Every attack of strangers, by its name. */
export const attacks = [
  'reports',
  'reports elsewhere',
  'many values',
  'bad reports',
  'names',
  'unfinished bodies',
  'streams',
  'pairs',
  'encodings',
]

/**
 * A bound, and how it is taken out: by settings of the server, or by pieces of the sources.
 * @typedef {object} Without
 * @property {string} what
 * @property {readonly string[]} attacks those that it is there for
 * @property {number} [lineBytesASecond] where the whole line would leave the server no time to say
 * how it is
 * @property {number} [seconds] where it is seen at the end alone
 * @property {number} [clients] the fleet
 * @property {number} [bodiesAfter] so many bodies of reports come after the rollback before it is
 * looked at
 * @property {boolean} [leadsAway] whether a client is led to a hostile server
 * @property {readonly string[]} seenBy the bounds of which one has to be passed
 * @property {object} [settings]
 * @property {Readonly<Record<string, readonly [string, string]>>} [pieces] what is replaced by
 * what, by file; white space makes no difference
 */

/** @type {Readonly<Record<string, Without>>} */
export const withouts = {
  room: {
    what: 'a bound on the instances that are kept',
    attacks: ['reports'],
    seenBy: ['instances'],
    settings: { maxInstances: 1e9, maxReportBytes: 1e12 },
  },
  fairness: {
    what: 'fair shares of the room for reports',
    attacks: ['reports'],
    seenBy: ['forgotten'],
    // On a slow machine the board holds what memory has forgotten meanwhile.
    settings: { maxInstances: 500, keepsReports: false },
    // Together they take less room than what strangers of one address have of it.
    clients: 10,
    seconds: 20,
    bodiesAfter: 60,
    pieces: {
      'src/fleet/voice.ts': [
        "voice.type === 'stranger' ? voice.address : ''",
        "voice.type === 'stranger' ? 'all' : ''",
      ],
    },
  },
  file: {
    what: 'a bound on the reports on disk',
    attacks: ['reports'],
    seenBy: ['disk'],
    settings: { maxInstances: 100_000, maxReportBytes: 536_870_912 },
    pieces: {
      'src/core/limits.ts': ['MAX_KEPT_REPORTS_BYTES = 33_554_432', 'MAX_KEPT_REPORTS_BYTES = 1e12'],
    },
  },
  published: {
    what: 'the rule that names without a release have no reports',
    attacks: ['reports elsewhere'],
    seenBy: ['elsewhere'],
    pieces: {
      'src/server/routes/report-routes.ts': [
        'if (!(await hub.isPublished(namespace))) return DONE',
        'await hub.isPublished(namespace)',
      ],
    },
  },
  values: {
    what: 'a bound on the values of a body',
    attacks: ['many values'],
    lineBytesASecond: 2_000_000,
    seenBy: ['reads'],
    pieces: { 'src/core/limits.ts': ['MAX_REPORTS_MARKS = 16_384', 'MAX_REPORTS_MARKS = 1e9'] },
  },
  bodies: {
    what: 'a bound on bodies that are not done with',
    attacks: ['unfinished bodies'],
    seenBy: ['bodies'],
    pieces: { 'src/core/limits.ts': ['MAX_HELD_BODIES_BYTES = 33_554_432', 'MAX_HELD_BODIES_BYTES = 1e12'] },
  },
  names: {
    what: 'one set of names without a release',
    attacks: ['streams'],
    seenBy: ['followed', 'looks'],
    pieces: { 'src/server/stream/hub.ts': ['FOLLOWED_UNPUBLISHED = 32', 'FOLLOWED_UNPUBLISHED = 1e9'] },
  },
  bases: {
    what: 'the rule that deltas lead from what a release of late named',
    attacks: ['pairs'],
    seenBy: ['delta looks'],
    pieces: {
      'src/server/stream/delta-cache.ts': [
        'if (!(await named.has(query.namespace, newest, query.base))) return undefined',
        'await named.has(query.namespace, newest, query.base)',
      ],
    },
  },
  once: {
    what: 'that a delta is made once for all who ask',
    attacks: ['pairs'],
    seenBy: ['deltas', 'delta looks'],
    pieces: {
      'src/server/stream/delta-cache.ts': ['if (kept.has(key)) {', "if (kept.has(key) && key === '') {"],
    },
  },
  encodings: {
    what: 'the rule that only what clients are to run is encoded',
    attacks: ['encodings'],
    seenBy: ['encodings'],
    pieces: {
      'src/server/encodings/snapshot-answers.ts': [
        'return isNamed(namespace, digest) ? best : entry.plain.answer',
        'return (void isNamed, best)',
      ],
    },
  },
  log: {
    what: "a bound on the lines of the server's log",
    attacks: ['bad reports'],
    seenBy: ['lines'],
    pieces: {
      'src/server/handler.ts': [
        'options.logger && calmLogger(options.logger, clock)',
        '(void calmLogger, options.logger && { ...options.logger, end() {} })',
      ],
    },
  },
  marks: {
    what: 'a bound on the lines of a client that hears forged marks',
    attacks: [],
    leadsAway: true,
    seenBy: ['led away'],
    pieces: {
      'src/client/options.ts': [
        'given.logger === undefined ? SILENT : calmLogger(given.logger, machine.clock)',
        'given.logger === undefined ? SILENT : (void calmLogger, { ...given.logger, end() {} })',
      ],
    },
  },
  news: {
    what: 'telling a fleet of what is new',
    attacks: [],
    seenBy: ['rollback'],
    // Else the next mark brings it, within the bound.
    settings: { heartbeatMs: 30_000 },
    pieces: {
      'src/server/stream/fan-out.ts': [
        'if (topic.spreading) return topic.spreading = true',
        'if (topic.version > 1) return topic.spreading = true',
      ],
    },
  },
  proof: {
    what: 'marks, by which a fleet knows that it is current, and the questions of who misses them',
    attacks: [],
    seenBy: ['stale'],
    pieces: {
      'src/strategies/watch/watch-loop.ts': [
        'const heartbeatMs = heartbeatOf(link.connection) return link.connection.marks',
        'const heartbeatMs = 1e6 * heartbeatOf(link.connection); return link.connection.marks',
      ],
      'src/server/stream/heartbeat.ts': [
        'if (!wentBack(topic.namespace)) topic.mark = times',
        'if (wentBack(topic.namespace)) topic.mark = times',
      ],
    },
  },
}

/**
 * The programs of server and fleet: as they are, over the built package; or over a copy of the
 * sources without a bound. The program is the one that `noticeboard` runs.
 * @param {Without | undefined} without
 * @param {{ workers: number }} settings how many serve; 0 for one process by itself
 */
export async function takeOut(without, { workers }) {
  const server = new URL(workers > 0 ? 'workers-process.js' : 'server-process.js', import.meta.url)
  const fleet = new URL('fleet-process.js', import.meta.url)
  const pieces = Object.entries(without?.pieces ?? {})
  if (pieces.length === 0) return { server, fleet, program: `${root}/dist/cli/main.js` }
  const outdir = `${root}/node_modules/.cache/noticeboard-siege/${process.pid}`
  const sources = new Map(
    entryPoints().map(({ subpath, source }) => [subpath.replace(/^\./, 'noticeboard'), `${root}/${source}`]),
  )
  /** @type {Set<string>} */
  const taken = new Set()
  await build({
    entryPoints: {
      server: fileURLToPath(server),
      fleet: fileURLToPath(fleet),
      ...(workers > 0 && { main: `${root}/src/cli/main.ts` }),
    },
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
    plugins: [
      {
        name: 'without',
        setup(builder) {
          builder.onResolve({ filter: /^noticeboard(\/|$)/ }, ({ path }) => {
            const source = sources.get(path)
            return source === undefined ? undefined : { path: source }
          })
          builder.onResolve({ filter: /^#pin-file$/ }, () => ({
            path: `${root}/src/client/state/pin-file.ts`,
          }))
          builder.onResolve({ filter: /^#default-deltas$/ }, () => ({
            path: `${root}/src/deltas/default-deltas.ts`,
          }))
          for (const [file, [from, to]] of pieces)
            builder.onLoad({ filter: new RegExp(`/${file.replaceAll('.', '\\.')}$`) }, async ({ path }) => {
              const text = await readFile(path, 'utf8')
              const contents = text.replace(patternOf(from), () => to)
              if (contents === text) throw new Error(`${file} has no such piece any more: ${from}`)
              taken.add(file)
              return { contents, loader: 'ts' }
            })
        },
      },
    ],
  })
  for (const [file] of pieces)
    if (!taken.has(file)) throw new Error(`${file} is no part of the server, nor of the fleet`)
  return {
    server: pathToFileURL(`${outdir}/server.mjs`),
    fleet: pathToFileURL(`${outdir}/fleet.mjs`),
    program: `${outdir}/main.mjs`,
  }
}
