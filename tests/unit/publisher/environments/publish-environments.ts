import { join } from 'node:path'
import { createPublisher, mergePatch } from '../../../../src/index.js'
import type { RolloutPolicy } from '../../../../src/index.js'
import type { Json, Store } from '../../../../src/core.js'
import { yamlFile } from '../../../../src/node/index.js'
import { z } from 'zod'

export const schema = z.strictObject({
  pool: z.strictObject({ size: z.number().int().min(1), hosts: z.array(z.string()) }),
  newCheckout: z.boolean().default(false),
})

/** The environments, and the regions of each that differ from it. */
const environments: Readonly<Record<string, readonly string[]>> = { staging: [], prod: ['eu', 'us'] }

/** Publishes every environment from the files of a folder. */
export async function publishEnvironments(
  folder: string,
  { store, rollout, reason }: { store: Store; rollout?: RolloutPolicy; reason: string },
): Promise<void> {
  const { signal } = new AbortController()
  const read = (name: string): Promise<Json> => yamlFile(join(folder, `${name}.yaml`)).read(signal)
  // The publisher checks each of them by the schema.
  const typed = (document: Json) => document as z.input<typeof schema>

  const base = await read('base')
  for (const [environment, regions] of Object.entries(environments)) {
    const document = mergePatch(base, await read(environment))
    const ofRegion = async (region: string) => ({
      when: { region: [region] },
      document: typed(mergePatch(document, await read(`${environment}.${region}`))),
    })
    const variants = await Promise.all(regions.map(ofRegion))
    const publisher = createPublisher({ namespace: `checkout/${environment}`, schema, store })
    await publisher.publish(typed(document), { variants, reason, ...(rollout && { rollout }) })
    await publisher.close()
  }
}
