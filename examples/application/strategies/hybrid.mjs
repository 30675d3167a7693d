import { hybrid } from 'noticeboard'
import { board } from './board.mjs'

export const strategy = hybrid(board)
