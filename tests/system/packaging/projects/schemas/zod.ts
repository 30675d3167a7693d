import { z } from 'zod'

export const schema = z.object({
  pool: z.object({ size: z.number().int().min(1), name: z.string().transform(name => name.length) }),
  hosts: z.array(z.string()),
})
export type Output = z.infer<typeof schema>
