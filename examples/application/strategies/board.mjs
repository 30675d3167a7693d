import { http } from 'noticeboard'

export const board = http(process.env['NOTICEBOARD_URL'] ?? 'http://127.0.0.1:4600')
