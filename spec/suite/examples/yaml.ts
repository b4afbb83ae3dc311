/** Values as a YAML parser gives them, in the core's form. */
import type { Yaml } from '../../../core/index.js'

/** What a parser makes of `value` where it is written as JSON would write it. */
export const yamlOf = (value: unknown): Yaml => {
  if (typeof value === 'number' || typeof value === 'boolean') return { scalar: String(value) }
  if (Array.isArray(value)) return value.map(yamlOf)
  if (typeof value === 'object' && value !== null) return { map: Object.entries(value).map(([key, one]): readonly [string, Yaml] => [key, yamlOf(one)]) }
  return typeof value === 'string' ? value : null
}

/** The same of the map of a file, for our engine unless it says something else. */
export const fileOf = (value: unknown): Yaml =>
  yamlOf(typeof value === 'object' && value !== null && !Array.isArray(value) ? { engine: 'tack', ...value } : value)
