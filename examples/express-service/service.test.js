// One file for both: `npm test` runs it under vitest, `npm run test:jest` under Jest. Nothing is started but the service
// itself: the configuration is a fake one, which changes when the test says so.
/// <reference types="vitest/globals" />
const { once } = require('node:events')
const { fakeClient } = require('noticeboard/testing')
const { createService, schema } = require('./service.js')

/** @type {import('node:http').Server} */
let server
/** @type {string} */
let address
/** @type {ReturnType<typeof fakeClient<typeof schema>>} */
let config

beforeEach(async () => {
  config = fakeClient(schema, { limits: { perRequest: 10 } })
  server = createService(config).listen(0, '127.0.0.1')
  await once(server, 'listening')
  address = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`
})

afterEach(() => {
  server.close()
  return config.close()
})

/** @param {string} path */
const get = path => fetch(address + path, { headers: { connection: 'close' } })

test('a changed limit holds from the next request on', async () => {
  expect(await (await get('/items?limit=50')).json()).toEqual({ items: 10 })
  config.set({ limits: { perRequest: 30 } })
  expect(await (await get('/items?limit=50')).json()).toEqual({ items: 30 })
})

test('maintenance closes the service and opens it again', async () => {
  config.set({ limits: { perRequest: 10 }, maintenance: true })
  expect((await get('/items')).status).toBe(503)
  config.set({ limits: { perRequest: 10 } })
  expect((await get('/items')).status).toBe(200)
})

test('a document that the schema refuses changes nothing', async () => {
  expect(() => config.set({ limits: { perRequest: 0 } })).toThrow(/perRequest/)
  expect(await (await get('/items')).json()).toEqual({ items: 10 })
})
