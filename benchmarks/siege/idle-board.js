// A board of many namespaces, each with a release, to which nobody has written for hours.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createPublisher, everyone } from 'noticeboard'
import { fileStore } from 'noticeboard/node'
import * as z from 'zod'

const nameOf = (/** @type {number} */ at) => `idle/${at}`
const halves = ['public/v1', 'private/audit']

/**
 * Publishes to the first one, and copies what that wrote for each of the others, with its own name
 * in it: publishing to 10,000, one after the other, takes minutes of waiting for a disk. What is
 * there already stays.
 * @param {string} folder @param {number} names
 */
export async function makeIdleBoard(folder, names) {
  const store = fileStore(folder)
  const publisher = createPublisher({
    namespace: nameOf(0),
    schema: z.object({ size: z.number() }),
    store,
  })
  await publisher.publish({ size: 1 }, { rollout: everyone(), reason: 'the first' })
  await store.close()
  for (let at = 1; at < names; at += 1) {
    if (existsSync(join(folder, 'public/v1', nameOf(at)))) continue
    for (const half of halves) copy(join(folder, half, nameOf(0)), join(folder, half, nameOf(at)), nameOf(at))
  }
  // Hours later: notes of who writes stand for one.
  const notes = join(folder, 'private/noted')
  for (const note of await readdir(notes)) await rm(join(notes, note))
}

/** @param {string} from @param {string} to @param {string} name */
function copy(from, to, name) {
  if (!statSync(from).isDirectory()) {
    const text = readFileSync(from, 'utf8')
    writeFileSync(to, text.replace(`"namespace":"${nameOf(0)}"`, `"namespace":"${name}"`))
    return
  }
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from)) copy(join(from, entry), join(to, entry), name)
}
