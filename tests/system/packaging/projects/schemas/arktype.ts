import { type } from 'arktype'

export const schema = type({
  pool: { size: 'number.integer >= 1', name: ['string', '=>', (name: string): number => name.length] },
  hosts: 'string[]',
})
export type Output = typeof schema.infer
