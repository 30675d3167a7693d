// The server of one fleet, on the store that comes with the library: a folder.
import { fileStore } from 'noticeboard/node'
import { serve } from 'noticeboard/server'
import { answerQuestions, settings } from '../child.js'
import { countTraffic } from './traffic.js'

const { folder, token, heartbeatMs } = settings

const traffic = countTraffic()
const server = await serve(fileStore(folder), { heartbeatMs, write: { token } })

answerQuestions({
  url: () => server.url,
  connections: () => server.handler.connections,
  traffic: () => traffic.read(),
})
