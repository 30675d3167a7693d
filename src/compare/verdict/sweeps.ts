import type { ShapedModel } from '../formula/estimate.js'

/**
 * What adaptive pull leaves out, where it is taken: a part of what it saves is that.
 *
 * ```ts
 * sayNoSweeps(adaptivePullModel())
 * ```
 */
export function sayNoSweeps({ name, shape }: ShapedModel): readonly string[] {
  if (shape.type !== 'poll' || shape.adapts === undefined) return []
  return [
    `${name} does not sweep, which pull does every five minutes with two requests: a sweep asks without a condition, and repairs what a cache in between lost; part of what it saves is that`,
  ]
}
