// What is published: the prices of a shop. The bad one passes the schema, and the application
// cannot live with it.
import * as z from 'zod'

export const schema = z.object({ edition: z.string(), discountPercent: z.number().min(0) })

/** @type {z.output<typeof schema>} */
export const good = Object.freeze({ edition: 'summer', discountPercent: 10 })
/** @type {z.output<typeof schema>} */
export const poison = Object.freeze({ edition: 'autumn', discountPercent: 250 })
/** @type {z.output<typeof schema>} */
export const mended = Object.freeze({ edition: 'autumn, mended', discountPercent: 25 })

/**
 * Whether the application dies of a document, some time after it took it.
 * @param {{ discountPercent: number }} document
 */
export const isDeadly = ({ discountPercent }) => discountPercent > 100
