import { sayMatch } from '../core/release/labels.js'
import type { Arm, Variant } from '../core/release/release.js'
import { shortDigest } from './references.js'
import { printable } from './style.js'

/**
 * The snapshots that clients with some labels get in the place of the main one, a line each; none
 * where everybody gets that one.
 *
 * ```ts
 * variantLines(entry.variants) // ['  clients with region=eu: 3f9a01bc77d2']
 * ```
 */
export function variantLines(variants: Arm['variants'] | undefined): readonly string[] {
  return toldApart(variants).map(text => `  clients with ${printable(text)}`)
}

/**
 * The same in one cell of a table.
 *
 * ```ts
 * variantsCell(entry.variants) // 'region=eu: 3f9a01bc77d2'
 * ```
 */
export function variantsCell(variants: Arm['variants'] | undefined): string {
  return toldApart(variants).join('; ')
}

function toldApart(variants: readonly Variant[] = []): readonly string[] {
  return variants.flatMap(({ when, digest }) =>
    when === undefined ? [] : [`${sayMatch(when)}: ${shortDigest(digest)}`],
  )
}

/**
 * One arm of a release: what is stable, or what a rollout brings beside it.
 *
 * ```ts
 * sayArm(release.candidate) // version 2 7e8059f49558
 * ```
 */
export function sayArm(arm: Arm): string {
  return `version ${arm.version} ${shortDigest(mainDigest(arm))}`
}

/**
 * The snapshot of an arm for the clients that no variant's labels match: the last one.
 *
 * ```ts
 * shortDigest(mainDigest(release.stable))
 * ```
 */
export function mainDigest({ variants }: Arm): string {
  return (variants.at(-1) ?? variants[0]).digest
}
