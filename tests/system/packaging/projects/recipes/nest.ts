import 'reflect-metadata'
import { once } from 'node:events'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { CONFIG, LiveConfigModule, type Config } from './live-config.js'
import { PoolService } from './pool.service.js'
import { serving } from './serving.js'

@Module({ imports: [LiveConfigModule], providers: [PoolService] })
class ApplicationModule {}

const board = await serving('nest-board')
process.env['NOTICEBOARD_URL'] = board.url
await board.publish(10)

const application = await NestFactory.createApplicationContext(ApplicationModule, { logger: ['error'] })
const pool = application.get(PoolService)
console.log(pool.size)
const config = application.get<Config>(CONFIG)
const sizes = new EventTarget()
config.on('change', () => sizes.dispatchEvent(new Event('change')))
const changed = once(sizes, 'change')
await board.publish(20)
await changed
console.log(pool.size)
await application.close()
console.log(config.status)
await board.close()
