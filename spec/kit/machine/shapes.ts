/** What events, effects, reports and the state are made of, as tables: read off the schemas, which come from the codecs. */
import type * as t from 'io-ts'
import { canonical, type Json } from '../../../core/index.js'
import type { Schema } from '../schema/constraints.js'
import { schemaOf } from '../schema/walk.js'
import { code, table } from './markdown.js'

const isSchema = (value: Json | undefined): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const listOf = (value: Json | undefined): ReadonlyArray<Json> => (Array.isArray(value) ? (value as ReadonlyArray<Json>) : [])

const nameIn = (reference: string): string => reference.replace('#/$defs/', '')

const shown = (value: Json): string => (typeof value === 'string' ? value : canonical(value))

/** A schema in a few words. */
const inWords = (schema: Json | undefined): string => {
  if (!isSchema(schema)) return 'anything'
  const { anyOf, const: only, enum: some, items, $ref: reference, type } = schema
  if (typeof reference === 'string') return nameIn(reference)
  if (anyOf !== undefined) return listOf(anyOf).map(inWords).join(' or ')
  if (only !== undefined) return code(shown(only))
  if (some !== undefined) return listOf(some).map((value) => code(shown(value))).join(' or ')
  if (type === 'object') return `{ ${fieldsOf(schema)} }`
  if (type !== 'array') return type === 'string' ? 'text' : shown(type ?? 'anything')
  if (schema['prefixItems'] !== undefined) return `a pair of ${listOf(schema['prefixItems']).map(inWords).join(' and ')}`
  const [key, value] = isSchema(items) ? listOf(items['prefixItems']) : []
  return key === undefined ? `list of ${inWords(items)}` : `map from ${inWords(key)} to ${inWords(value)}`
}

/** The fields of an object, but for its tag. */
const fieldsOf = (schema: Schema): string => {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {}
  const fields = Object.entries(properties).filter(([name]) => name !== '_tag')
  return fields.length === 0 ? '–' : fields.map(([name, field]) => `${code(name)}: ${inWords(field)}`).join(', ')
}

/** The definitions that are picked, and the whole if it is, each with what it is made of. */
const rowsOf = (codec: t.Mixed, pick: (name: string, schema: Schema) => boolean): ReadonlyArray<readonly [name: string, made: string]> => {
  const { definitions, schema } = schemaOf(codec)
  const all = [...definitions, [codec.name, schema] as const]
  return all.filter(([name, definition]) => pick(name, definition)).map(([name, definition]) => [name, inLine(definition)] as const)
}

const inLine = (schema: Schema): string => (schema['type'] === 'object' ? fieldsOf(schema) : inWords(schema))

/** The names of a union's variants, those of unions within it included. */
const variantsOf = (codec: t.Mixed): ReadonlySet<string> => {
  const { definitions, schema } = schemaOf(codec)
  const names = new Set<string>()
  const visit = (union: Schema): void => {
    for (const variant of listOf(union['anyOf'])) {
      const name = isSchema(variant) && typeof variant['$ref'] === 'string' ? nameIn(variant['$ref']) : ''
      const definition = definitions.get(name)
      if (definition?.['anyOf'] !== undefined) visit(definition)
      else if (definition !== undefined) names.add(name)
    }
  }
  visit(schema)
  return names
}

/** The variants of a union, with their fields. */
export const variantsTable = (codec: t.Mixed): string => {
  const names = variantsOf(codec)
  const rows = rowsOf(codec, (name) => names.has(name))
  return table(['', 'fields'], rows.map(([name, fields]) => [code(name.replace(`${codec.name}.`, '')), fields]))
}

/** All that a value of the codec is made of, but for what is named in `without`, and for texts and numbers. */
export const partsTable = (codec: t.Mixed, without: ReadonlySet<string>): string => {
  const isPart = (name: string, schema: Schema): boolean =>
    !without.has(name) && ['anyOf', 'enum', 'prefixItems', 'properties'].some((keyword) => keyword in schema)
  return table(['', 'is made of'], rowsOf(codec, isPart).map(([name, made]) => [code(name), made]))
}
