import * as v from 'valibot'

export const schema = v.object({
  pool: v.object({
    size: v.pipe(v.number(), v.integer(), v.minValue(1)),
    name: v.pipe(
      v.string(),
      v.transform(name => name.length),
    ),
  }),
  hosts: v.array(v.string()),
})
export type Output = v.InferOutput<typeof schema>
