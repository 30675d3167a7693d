import { execFileSync } from 'node:child_process'
import { chmod, chown, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeText } from '../../../../src/core/json/text.js'
import { nodeFs } from '../../../../src/node/disk/node-fs.js'
import { temporaryFolder } from '../../../support/board-kit.js'

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

describe('nodeFs', () => {
  it('answers what is missing, and throws what is wrong', async () => {
    const folder = await temporaryFolder()
    const disk = nodeFs()
    const missing = join(folder, 'a/b')
    expect(await disk.read(missing, 10)).toBeUndefined()
    expect(await disk.list(missing)).toEqual([])
    expect(await disk.stat(missing)).toBeUndefined()
    await disk.remove(missing)
    await expect(disk.read(folder, 10)).rejects.toMatchObject({ code: 'EISDIR' })
    await expect(disk.syncFolder(missing)).rejects.toMatchObject({ code: 'ENOENT' })
    // A file on the way to a file is a missing folder.
    await writeFile(join(folder, 'a'), '')
    expect(await disk.read(missing, 10)).toBeUndefined()
    expect(await disk.list(join(folder, 'a'))).toEqual([])
  })

  it('reads up to the limit and not past it', async () => {
    const path = join(await temporaryFolder(), 'file')
    const disk = nodeFs()
    await disk.create(path, encodeText('0123456789'))
    expect(await disk.read(path, 10)).toEqual(encodeText('0123456789'))
    await expect(disk.read(path, 9)).rejects.toMatchObject({ code: 'too-large' })
    await writeFile(path, '')
    expect(await disk.read(path, 0)).toEqual(new Uint8Array())
  })

  it('creates once, links once and renames over', async () => {
    const folder = await temporaryFolder()
    const disk = nodeFs()
    const [one, two, three] = ['one', 'two', 'three'].map(name => join(folder, name)) as [
      string,
      string,
      string,
    ]
    await disk.create(one, encodeText('1'))
    await expect(disk.create(one, encodeText('2'))).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await readFile(one, 'utf8')).toBe('1')
    await disk.create(two, encodeText('2'))
    expect(await disk.link(one, three)).toBe('linked')
    expect(await disk.link(two, three)).toBe('taken')
    await disk.rename(two, three)
    expect(await readFile(three, 'utf8')).toBe('2')
    expect([...(await disk.list(folder))].sort()).toEqual(['one', 'three'])
    await disk.touch(one, 1_700_000_000_000)
    expect(await disk.stat(one)).toEqual({ bytes: 1, changedMs: 1_700_000_000_000 })
  })

  it('removes files and links, once or twice, and no folder', async () => {
    const folder = await temporaryFolder()
    const disk = nodeFs()
    const [file, link] = [join(folder, 'file'), join(folder, 'link')]
    await disk.create(file, encodeText('1'))
    await symlink(folder, link)
    for (const path of [file, link, file, link]) await disk.remove(path)
    expect(await disk.list(folder)).toEqual([])
    await expect(disk.remove(folder)).rejects.toMatchObject({ code: 'EISDIR' })
    expect((await stat(folder)).isDirectory()).toBe(true)
  })

  it('gives files and folders the modes that were asked for', async () => {
    const folder = await temporaryFolder()
    const closed = nodeFs()
    const open = nodeFs({ fileMode: 0o644, folderMode: 0o755 })
    await closed.makeFolder(join(folder, 'closed/a/b'))
    await open.makeFolder(join(folder, 'open/a/b'))
    await closed.create(join(folder, 'closed/a/b/file'), encodeText('x'))
    await open.create(join(folder, 'open/a/b/file'), encodeText('x'))
    for (const [path, mode] of [
      ['closed', '700'],
      ['closed/a/b', '700'],
      ['closed/a/b/file', '600'],
      ['open', '755'],
      ['open/a/b', '755'],
      ['open/a/b/file', '644'],
    ] as const) {
      expect(await modeOf(join(folder, path))).toBe(mode)
    }
    await closed.makeFolder(join(folder, 'closed/a/b'))
    await writeFile(join(folder, 'file'), '')
    await expect(closed.makeFolder(join(folder, 'file/a'))).rejects.toMatchObject({ code: 'ENOTDIR' })
    await expect(closed.makeFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
  })

  it('gives them whatever the umask of the process takes away, and leaves what was there', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'kept'), { mode: 0o710 })
    await chmod(join(folder, 'kept'), 0o710)
    const disk = nodeFs({ fileMode: 0o644, folderMode: 0o755 })
    const before = process.umask(0o077)
    try {
      await disk.makeFolder(join(folder, 'kept/a/b'))
      await disk.create(join(folder, 'kept/a/b/file'), encodeText('x'))
    } finally {
      process.umask(before)
    }
    for (const [path, mode] of [
      ['kept', '710'],
      ['kept/a', '755'],
      ['kept/a/b', '755'],
      ['kept/a/b/file', '644'],
    ] as const)
      expect(await modeOf(join(folder, path))).toBe(mode)
  })

  // may be skipped: only root may give files away
  it.skipIf(process.geteuid?.() !== 0)('gives what root makes to whom the folder belongs', async () => {
    const folder = await temporaryFolder()
    await chown(folder, 65_534, 65_533)
    const disk = nodeFs({ ownedAs: join(folder, 'not/there/yet') })
    await disk.makeFolder(join(folder, 'a/b'))
    await disk.create(join(folder, 'a/b/file'), encodeText('x'))
    for (const path of ['a', 'a/b', 'a/b/file'])
      expect(await stat(join(folder, path))).toMatchObject({ uid: 65_534, gid: 65_533 })
    await nodeFs().create(join(folder, 'own'), encodeText('x'))
    expect(await stat(join(folder, 'own'))).toMatchObject({ uid: 0 })
  })

  it('reads no symbolic link unless it is told to follow them', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'secret'), 'x')
    await symlink(join(folder, 'secret'), join(folder, 'link'))
    await symlink(join(folder, 'loop'), join(folder, 'loop'))
    await expect(nodeFs().read(join(folder, 'link'), 10)).rejects.toMatchObject({ code: 'ELOOP' })
    const following = nodeFs({ symbolicLinks: 'follow' })
    expect(await following.read(join(folder, 'link'), 10)).toEqual(encodeText('x'))
    await expect(following.read(join(folder, 'loop'), 10)).rejects.toMatchObject({ code: 'ELOOP' })
    expect(await following.stat(join(folder, 'loop'))).toBeDefined()
  })

  it('is not held up by a named pipe in the place of a file', async () => {
    const pipe = join(await temporaryFolder(), 'pipe')
    execFileSync('mkfifo', [pipe])
    await expect(nodeFs().read(pipe, 10)).rejects.toMatchObject({ code: 'EINVAL' })
    await mkdir(`${pipe}.d`)
    await expect(nodeFs().read('/dev/zero', 10)).rejects.toMatchObject({ code: 'EINVAL' })
  })
})
