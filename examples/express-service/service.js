// An Express service that reads its limits from live configuration. CommonJS, as many services are.
const express = require('express')
const z = require('zod')

exports.schema = z.object({
  limits: z.object({ perRequest: z.number().int().min(1) }),
  maintenance: z.boolean().default(false),
})

/**
 * The service, given its configuration. It asks for `config.current` whenever it needs a value and
 * keeps no copy, so a change is in force with the next request.
 * @param {import('noticeboard').Client<import('zod').infer<typeof exports.schema>>} config
 */
exports.createService = config => {
  const app = express()

  app.use((_request, response, next) => {
    if (config.current.maintenance) response.status(503).json({ error: 'back soon' })
    else next()
  })

  app.get('/items', (request, response) => {
    const { perRequest } = config.current.limits
    const wanted = Number(request.query.limit ?? perRequest)
    response.json({ items: Math.min(wanted, perRequest) })
  })

  return app
}
