/** How much memory a value takes, roughly: what limits on what is kept are counted in. */
import type { Json } from './canonical.js'

/** What each value counts besides its text: many small ones take memory, too. */
const VALUE_UNITS = 16

/** 16 for each value, a list or an object too, and of each text its UTF-16 units. Names of fields count nothing. */
export const unitsOf = (value: Json): number => {
  if (typeof value === 'string') return VALUE_UNITS + value.length
  if (typeof value !== 'object' || value === null) return VALUE_UNITS
  return Object.values(value).reduce((sum: number, part: Json) => sum + unitsOf(part), VALUE_UNITS)
}
