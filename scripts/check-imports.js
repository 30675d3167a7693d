// Keeps the layers of `src` apart: which folder may import which, who may use Node, who may ask for
// the time. Prints `file:line  what is wrong; what to do`, and exits 1 when there is anything to
// print.
import { readFileSync, readdirSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { root } from './entry-points.js'
import { circlesOf, fileOf, importsOf } from './import-circles.js'

/**
 * What each folder of `src` imports besides itself: what is used, and nothing else; arrows go up
 * this list only. `.` is the root entry point. A permission that no file needs any more fails the
 * check, so that none stays by accident.
 * @type {Record<string, readonly string[]>}
 */
const layers = {
  contracts: [],
  core: ['contracts'],
  async: ['contracts', 'core'],
  deltas: ['contracts', 'core'],
  system: ['contracts', 'core', 'async'],
  fleet: ['contracts', 'core'],
  rollouts: ['contracts', 'core', 'fleet'],
  alarms: ['contracts', 'core', 'fleet', 'rollouts'],
  strategies: ['contracts', 'core', 'async'],
  transports: ['contracts', 'core', 'async', 'system', 'fleet'],
  kubernetes: ['contracts', 'core', 'async', 'system'],
  node: ['contracts', 'core', 'async', 'system', 'fleet', 'kubernetes'],
  client: ['contracts', 'core', 'async', 'system'],
  publisher: ['contracts', 'core', 'async', 'system', 'fleet', 'rollouts', 'alarms'],
  controller: ['contracts', 'core', 'async', 'system', 'transports', 'publisher'],
  metrics: ['contracts', 'core', 'system', 'client', 'publisher', 'alarms', 'fleet'],
  '.': [
    'contracts',
    'core',
    'system',
    'strategies',
    'transports',
    'client',
    'rollouts',
    'publisher',
    'controller',
  ],
  server: ['contracts', 'core', 'async', 'system', 'fleet', 'node', 'rollouts', 'controller'],
  sim: ['contracts', 'core', 'async', 'system'],
  testing: ['contracts', 'core', 'async', 'system', 'transports', 'client', 'sim'],
  compare: [
    'contracts',
    'core',
    'async',
    'system',
    'strategies',
    'transports',
    'node',
    'client',
    'rollouts',
    'publisher',
    'server',
    'sim',
  ],
  cli: [
    'contracts',
    'core',
    'async',
    'system',
    'strategies',
    'transports',
    'kubernetes',
    'node',
    'rollouts',
    'publisher',
    'controller',
    'server',
    'metrics',
    'compare',
  ],
}

/** Folders that run on Node only. All others also run in browsers and at the edge. */
const nodeOnly = new Set(['node', 'server', 'cli', 'testing', 'compare'])

/** The machine behind the contracts: the only folder that may ask for time, timers or chance. */
const systemFolder = 'system'

/**
 * The room of primitives for time and signals: the only folder that may listen to a signal by
 * itself.
 */
const asyncFolder = 'async'

/** @type {Record<string, string>} A global, and what stands in its place. */
const forbiddenGlobals = {
  setTimeout: 'take a Clock and use `clock.sleep`',
  setInterval: 'take a Clock and use `clock.sleep` in a loop',
  setImmediate: 'take a Clock and use `clock.sleep(0, signal)`',
  console:
    'events, results and the `logger` option speak for the library; the command line writes to process.stdout',
}

/** @type {Record<string, string>} */
const forbiddenMembers = {
  'Date.now': 'take a Clock and use `clock.now()`',
  'performance.now': 'take a Clock and use its monotonic time',
  'Math.random': 'take a Random',
  'AbortSignal.timeout': 'it follows the system clock; use withDeadline of src/async/deadline.ts',
  'AbortSignal.any': 'it leaks on Node 20; use createLinkedAbortController of src/async/signals.ts',
  'Promise.race': 'it keeps memory of each call; use abortable or settlesWithin of src/async',
}

/** @type {Record<string, string>} */
const forbiddenModules = {
  'node:timers': 'take a Clock',
  'node:timers/promises': 'take a Clock',
  'node:perf_hooks': 'take a Clock',
}

/**
 * Everything wrong in one source file.
 * @param {string} file relative to the project, with forward slashes
 * @param {string} text
 * @returns {{ line: number, message: string }[]}
 */
export function problemsOf(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const layer = layerOf(file)
  const isSystem = layer === systemFolder
  /** @type {{ line: number, message: string }[]} */
  const problems = []
  /** @param {ts.Node} node @param {string} message */
  const report = (node, message) => {
    problems.push({ line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, message })
  }

  const allowed = layers[layer]
  if (!allowed) {
    report(source, `src/${layer} is not a known layer; add it to \`layers\` in scripts/check-imports.js`)
    return problems
  }

  /** @param {ts.Node} node @param {string} specifier */
  const checkImport = (node, specifier) => {
    if (!specifier.startsWith('.')) {
      if (isNodeBuiltin(specifier) && !nodeOnly.has(layer)) {
        report(
          node,
          `imports ${specifier}, but src/${layer} also runs in browsers; take it through src/contracts/system.ts`,
        )
      } else if (isNodeBuiltin(specifier) && !specifier.startsWith('node:')) {
        report(node, `imports ${specifier}; write node:${specifier}`)
      }
      const instead = forbiddenModules[specifier]
      if (instead && !isSystem) report(node, `imports ${specifier}; ${instead}`)
      return
    }
    if (!specifier.endsWith('.js')) report(node, `imports ${specifier}; relative imports end in .js`)
    const target = fileOf(file, specifier) ?? ''
    if (!target.startsWith('src/')) {
      report(node, `imports ${specifier}, which is outside src; move what is needed into src`)
      return
    }
    const other = layerOf(target)
    if (other !== layer && !allowed.includes(other)) {
      report(
        node,
        `imports ${other} from ${layer}; ${layer} may import ${allowed.join(', ') || 'nothing else'}`,
      )
    }
  }

  /** @param {ts.Node} node */
  const visit = node => {
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments
      // The command line loads the user's own configuration file; nobody bundles it. What is
      // optional no bundler shall want.
      const mayHide = layer === 'cli' || file.endsWith('src/deltas/default-deltas.ts')
      if (!mayHide && !(argument && ts.isStringLiteralLike(argument)))
        report(node, 'imports a module whose name is not a literal; bundlers cannot follow it')
    } else if (!isSystem) {
      checkGlobals(node)
    }
    if (layer !== asyncFolder && isAbortListener(node))
      report(
        node,
        'listens to a signal by itself; use onAbort, whenAborted or abortable of src/async/signals.ts',
      )
    ts.forEachChild(node, visit)
  }

  /** @param {ts.Node} node */
  const checkGlobals = node => {
    if (ts.isPropertyAccessExpression(node)) {
      const owner = node.expression
      const base =
        ts.isPropertyAccessExpression(owner) && owner.expression.getText(source) === 'globalThis'
          ? owner.name
          : owner
      const member = `${base.getText(source)}.${node.name.text}`
      if (Object.hasOwn(forbiddenMembers, member)) report(node, `uses ${member}; ${forbiddenMembers[member]}`)
      if (owner.getText(source) === 'globalThis' && Object.hasOwn(forbiddenGlobals, node.name.text)) {
        report(node, `uses ${node.name.text}; ${forbiddenGlobals[node.name.text]}`)
      }
    } else if (
      ts.isNewExpression(node) &&
      node.expression.getText(source) === 'Date' &&
      !node.arguments?.length
    ) {
      report(node, 'uses new Date() for the present; take a Clock and use `clock.now()`')
    } else if (ts.isIdentifier(node) && Object.hasOwn(forbiddenGlobals, node.text) && isReference(node)) {
      report(node, `uses ${node.text}; ${forbiddenGlobals[node.text]}`)
    }
  }

  for (const { node, specifier } of importsOf(source)) checkImport(node, specifier)
  visit(source)
  return problems.sort((a, b) => a.line - b.line)
}

/**
 * What is wrong with the files together: those that import each other in a circle, and permissions
 * of `layers` that none of them needs.
 * @param {ReadonlyMap<string, string>} texts the text of every file, relative to the project
 * @returns {{ file: string, line: number, message: string }[]}
 */
export function problemsBetween(texts) {
  const sources = [...texts].map(([file, text]) =>
    ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true),
  )
  const imports = new Map(
    sources.map(source => [
      source.fileName,
      importsOf(source).flatMap(({ specifier }) => fileOf(source.fileName, specifier) ?? []),
    ]),
  )
  const circles = circlesOf(imports).map(circle => ({
    file: circle[0] ?? '',
    line: 1,
    message: `imports itself in a circle: ${[...circle, circle[0]].join(' -> ')}; move what they share into a file of its own`,
  }))
  const used = new Set(
    [...imports].flatMap(([file, others]) => others.map(other => `${layerOf(file)} -> ${layerOf(other)}`)),
  )
  const unused = Object.entries(layers).flatMap(([layer, allowed]) =>
    allowed
      .filter(other => !used.has(`${layer} -> ${other}`))
      .map(other => ({
        file: 'scripts/check-imports.js',
        line: 1,
        message: `permits ${layer} to import ${other}, which no file does; take it out of \`layers\``,
      })),
  )
  return [...circles, ...unused]
}

/** @param {string} file */
function layerOf(file) {
  const parts = file.split('/')
  return parts.length > 2 ? /** @type {string} */ (parts[1]) : '.'
}

/** @param {string} specifier */
function isNodeBuiltin(specifier) {
  return specifier.startsWith('node:') || builtinModules.includes(specifier)
}

/** Whether a node is `signal.addEventListener('abort', …)`. @param {ts.Node} node */
function isAbortListener(node) {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false
  const [event] = node.arguments
  return (
    node.expression.name.text === 'addEventListener' &&
    event !== undefined &&
    ts.isStringLiteralLike(event) &&
    event.text === 'abort'
  )
}

/**
 * Whether an identifier reads a variable, rather than naming a property, a parameter or a type
 * member. @param {ts.Identifier} node
 */
function isReference(node) {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) return true
  return ts.isVariableDeclaration(parent)
    ? parent.initializer === node
    : ts.isPropertyAssignment(parent)
      ? parent.initializer === node
      : ts.isBinaryExpression(parent) ||
        ts.isShorthandPropertyAssignment(parent) ||
        ts.isConditionalExpression(parent)
}

/** The check itself, over all of `src`. */
function main() {
  const files = readdirSync(`${root}/src`, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => relative(root, resolve(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
  const texts = new Map(files.map(file => [file, readFileSync(`${root}/${file}`, 'utf8')]))
  const problems = [
    ...[...texts].flatMap(([file, text]) => problemsOf(file, text).map(problem => ({ file, ...problem }))),
    ...problemsBetween(texts),
  ]
  for (const { file, line, message } of problems) process.stdout.write(`${file}:${line}  ${message}\n`)
  const count = problems.length
  if (count > 0) process.stdout.write(`${count} in ${files.length} files\n`)
  process.exitCode = count > 0 ? 1 : 0
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) main()
