// Whether a test or a command that the list of promises names is there.
import { existsSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { root } from '../entry-points.js'

/** The titles in each file that was read. @type {Map<string, Set<string>>} */
const known = new Map()

/**
 * What is wrong with the name of a test.
 * @param {string} name `path > title`, the title as it stands in the file, with its `%s` and `${}`
 */
export function faultOfTest(name) {
  const [, file = '', title = ''] = /^(\S+) > (.+)$/.exec(name) ?? []
  if (!/\.test\.[jt]sx?$/.test(file) || !existsSync(`${root}/${file}`))
    return `there is no file of tests for "${name}"`
  let titles = known.get(file)
  if (titles === undefined) {
    titles = titlesOf(readFileSync(`${root}/${file}`, 'utf8'))
    known.set(file, titles)
  }
  if (titles.has(title)) return undefined
  return `${file} has no test of the title "${title}": name the one that tries it now`
}

/**
 * The titles of tests and groups of tests. @param {string} source @returns {Set<string>}
 */
export function titlesOf(source) {
  /** @type {Set<string>} */
  const titles = new Set()
  /** @param {ts.Node} node */
  const visit = node => {
    const [title] = ts.isCallExpression(node) ? node.arguments : []
    if (title && ts.isCallExpression(node) && /^(?:test|it|describe)/.test(node.expression.getText())) {
      if (ts.isStringLiteralLike(title)) titles.add(title.text)
      else if (ts.isTemplateExpression(title)) titles.add(title.getText().slice(1, -1))
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('tests.ts', source, ts.ScriptTarget.Latest, true))
  return titles
}

/**
 * What is wrong with the name of a command.
 * @param {string} name `.ci/run: step`, `npm run script` with what follows it, or a file of the
 * project
 */
export function faultOfCommand(name) {
  const step = /^\.ci\/run: (.+)$/.exec(name)?.[1]
  if (step !== undefined)
    return !new RegExp(`^ *(?:in_bash|step) (['"])${escaped(step)}\\1`, 'm').test(read('.ci/run'))
      ? `.ci/run has no step "${step}"`
      : undefined
  const script = /^npm run ([\w:]+)/.exec(name)?.[1]
  if (script !== undefined)
    return script in JSON.parse(read('package.json')).scripts
      ? undefined
      : `package.json has no script "${script}"`
  return existsSync(`${root}/${name}`) ? undefined : `there is no ${name}`
}

/** @param {string} file */
const read = file => readFileSync(`${root}/${file}`, 'utf8')

/** @param {string} text */
const escaped = text => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')
