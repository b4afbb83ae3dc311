/** The JSON Schema of a workflow file, for editors (draft-07, which all of them know). */
import { FILE, type Key, type Shape } from './vocabulary.js'

interface Schema {
  readonly [keyword: string]: unknown
}

const SCALAR: Schema = { type: ['string', 'number', 'boolean'] }

const mapOf = (keys: ReadonlyArray<Key>): Schema => ({
  additionalProperties: false,
  properties: Object.fromEntries(keys.map(({ key, shape, what }) => [key, { description: what, ...schemaOf(shape) }])),
  type: ['object', 'null']
})

const schemaOf = (shape: Shape): Schema => {
  switch (shape._tag) {
    case 'Boolean':
      return { type: ['boolean', 'null'] }
    case 'Entries':
      return { additionalProperties: schemaOf(shape.value), type: ['object', 'null'] }
    case 'List':
      return { items: schemaOf(shape.item), maxItems: shape.max, type: ['array', 'null'] }
    case 'Map':
      return mapOf(shape.keys)
    case 'MapOrList':
      return { anyOf: [mapOf(shape.map.keys), { items: { ...mapOf(shape.map.keys), type: 'object' }, maxItems: shape.max, type: 'array' }] }
    case 'Natural':
      return { minimum: 0, type: ['integer', 'null'] }
    case 'Scalar':
      return { type: ['string', 'number', 'boolean', 'null'] }
    case 'ScalarOrList':
      return { anyOf: [{ type: ['string', 'number', 'boolean', 'null'] }, { items: SCALAR, type: 'array' }] }
    case 'Texts': {
      const text = shape.words === null ? { type: 'string' } : { enum: [...shape.words] }
      const single = shape.words === null ? { type: ['string', 'number', 'boolean', 'null'] } : { enum: [...shape.words, null] }
      return { anyOf: [single, { items: text, type: 'array' }] }
    }
  }
}

/** A step without a command is a fault. */
const withCommands = (steps: Schema): Schema => ({ ...steps, items: { ...(steps['items'] as Schema), required: ['command'], type: 'object' } })

/** The schema as a value that can be written as JSON. */
export const workflowSchema = (): Schema => {
  const file = schemaOf(FILE)
  const properties = file['properties'] as { readonly [key: string]: Schema }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'A tack workflow file, .tangled/workflows/*.yml',
    ...file,
    properties: { ...properties, engine: { ...properties['engine'], const: 'tack' }, steps: withCommands(properties['steps'] ?? {}) },
    required: ['engine', 'tack']
  }
}
