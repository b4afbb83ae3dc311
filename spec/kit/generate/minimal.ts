import type { Plots } from './traces.js'
export const minimalPlots = (): Plots => new Map()
