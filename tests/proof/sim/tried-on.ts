/**
 * The snapshots that a process tries, by their digests, as the state folder of its namespace tells
 * it.
 */
export function triedOn(
  files: ReadonlyMap<string, Uint8Array>,
  { folder, owner }: { readonly folder: string; readonly owner: string },
): readonly string[] {
  const found = [...files].flatMap(([path, bytes]) => {
    if (!path.startsWith(`${folder}/instances/`)) return []
    const { attempts } = JSON.parse(new TextDecoder().decode(bytes)) as {
      readonly attempts: readonly { readonly digest: string; readonly owner: string }[]
    }
    return attempts.filter(attempt => attempt.owner === owner).map(({ digest }) => digest)
  })
  return [...new Set(found)]
}
