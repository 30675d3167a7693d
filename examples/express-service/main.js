// How the service runs in production: `NOTICEBOARD_URL=http://127.0.0.1:4600 node main.js`
const { createClient, http, hybrid } = require('noticeboard')
const { createService, schema } = require('./service.js')

const { NOTICEBOARD_URL = 'http://127.0.0.1:4600', PORT = '8080' } = process.env

createClient({
  namespace: 'items/prod',
  schema,
  strategy: hybrid(http(NOTICEBOARD_URL)),
  defaults: { limits: { perRequest: 20 } },
})
  .ready()
  .then(config => createService(config).listen(Number(PORT), () => console.log(`listening on ${PORT}`)))
