// What the demo publishes: the documents of examples/configs, each in its own namespace.
import { applicationSchema, flagsSchema, serviceSchema } from '../configs/schemas.mjs'

export const service = /** @type {const} */ ({ namespace: 'shop/service', schema: serviceSchema })
export const application = /** @type {const} */ ({ namespace: 'shop/application', schema: applicationSchema })
export const flags = /** @type {const} */ ({ namespace: 'shop/flags', schema: flagsSchema })

/**
 * Every application follows the service's settings, and every other one the flags instead of the
 * application's. @param {number} index
 */
export const followedBy = index => [service, index % 2 === 0 ? application : flags]
