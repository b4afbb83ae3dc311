/**
 * From a codec to the JSON Schema (draft 2020-12) of what it decodes, by walking the tree that a codec of io-ts is.
 *
 * Keys that a schema does not name are allowed, and items after those of a pair, as a codec allows them: it drops them. What is
 * written has none.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { ASCENDING, BEYOND, CONSTRAINTS, type Schema } from './constraints.js'

/** The codecs that say what they are made of. */
type Transparent =
  | t.ArrayType<t.Mixed>
  | t.BooleanType
  | t.ExactType<t.HasProps>
  | t.InterfaceType<t.Props>
  | t.IntersectionType<ReadonlyArray<t.Mixed> & Array<t.Mixed>>
  | t.KeyofType<Record<string, unknown>>
  | t.LiteralType<boolean | number | string>
  | t.NullType
  | t.NumberType
  | t.ReadonlyArrayType<t.Mixed>
  | t.ReadonlyType<t.Mixed>
  | t.StringType
  | t.TupleType<[t.Mixed, t.Mixed]>
  | t.UnionType<Array<t.Mixed>>

const isTransparent = (codec: t.Mixed): codec is Transparent & t.Mixed => '_tag' in codec

/** Whether somebody gave the codec its name. Otherwise io-ts writes its parts out: `(A | B)`, `Readonly<…>`. */
const isNamed = ({ name }: t.Mixed): boolean => /^[A-Za-z]+(\([a-z.]+\))?$/.test(name)

/** Their names are those of JSON Schema; a definition would say nothing more. */
const PRIMITIVES: ReadonlyArray<string> = [t.boolean, t.null, t.number, t.string].map(({ name }) => name)

/** What `_tag` must be, where it can be one thing only. */
export const tagOf = (codec: t.Mixed): string | null => {
  if (!isTransparent(codec)) return null
  switch (codec._tag) {
    case 'ExactType':
    case 'ReadonlyType':
      return tagOf(codec.type)
    case 'IntersectionType':
      return codec.types.map(tagOf).find((tag) => tag !== null) ?? null
    case 'InterfaceType': {
      const tag = codec.props['_tag']
      return tag instanceof t.LiteralType ? String(tag.value) : null
    }
    default:
      return null
  }
}

/**
 * What an entry of an ordered map is made of; `null` of another codec. Such a map does not say, but it says what it looked for
 * where it found something else.
 */
export const entryOf = (codec: t.Mixed): t.TupleType<[t.Mixed, t.Mixed]> | null => {
  if (!codec.name.startsWith('OrderedMap<')) return null
  const decoded = codec.decode([null])
  const wanted = E.isLeft(decoded) ? decoded.left[0]?.context.at(-1)?.type : undefined
  return wanted instanceof t.TupleType ? (wanted as t.TupleType<[t.Mixed, t.Mixed]>) : null
}

/** The schema of `codec`, with the definitions that it refers to, by name. */
export const schemaOf = (root: t.Mixed): { readonly definitions: ReadonlyMap<string, Schema>; readonly schema: Schema } => {
  const definitions = new Map<string, Schema>()

  const reference = (name: string, codec: t.Mixed): Schema => {
    if (!definitions.has(name)) definitions.set(name, bodyOf(codec))
    return { $ref: `#/$defs/${name}` }
  }

  const partOf = (codec: t.Mixed): Schema =>
    isNamed(codec) && !PRIMITIVES.includes(codec.name) ? reference(codec.name, codec) : bodyOf(codec)

  /** The variants of a union; one without a name goes by that of the union and its tag, if no other has that. */
  const variantsOf = (codec: t.UnionType<Array<t.Mixed>>): ReadonlyArray<Schema> => {
    const tags = codec.types.map(tagOf)
    return codec.types.map((type, i) => {
      const tag = tags[i]
      const isOnly = typeof tag === 'string' && tags.filter((other) => other === tag).length === 1
      return isOnly && isNamed(codec) && !isNamed(type) ? reference(`${codec.name}.${tag}`, type) : partOf(type)
    })
  }

  const tupleOf = (types: ReadonlyArray<t.Mixed>): Schema => ({
    type: 'array',
    prefixItems: types.map(partOf),
    minItems: types.length
  })

  const bodyOf = (codec: t.Mixed): Schema => {
    const beyond = BEYOND[codec.name]
    return { ...(beyond === undefined ? {} : { $comment: beyond }), ...shapeOf(codec) }
  }

  const shapeOf = (codec: t.Mixed): Schema => {
    const constraint = CONSTRAINTS[codec.name]
    if (constraint !== undefined) return constraint
    const entry = entryOf(codec)
    if (entry !== null) return { $comment: ASCENDING, type: 'array', items: tupleOf(entry.types) }
    if (!isTransparent(codec)) throw new Error(`the codec ${codec.name} does not say what it is made of, and has no constraint`)
    switch (codec._tag) {
      case 'ArrayType':
      case 'ReadonlyArrayType':
        return { type: 'array', items: partOf(codec.type) }
      case 'BooleanType':
        return { type: 'boolean' }
      case 'ExactType':
      case 'ReadonlyType':
        return shapeOf(codec.type)
      case 'InterfaceType': {
        const props = Object.entries(codec.props).map(([key, type]) => [key, partOf(type)] as const)
        return { type: 'object', properties: Object.fromEntries(props), required: props.map(([key]) => key) }
      }
      case 'IntersectionType':
        return { allOf: codec.types.map(partOf) }
      case 'KeyofType':
        return { enum: Object.keys(codec.keys) }
      case 'LiteralType':
        return { const: codec.value }
      case 'NullType':
        return { type: 'null' }
      case 'NumberType':
        return { type: 'number' }
      case 'StringType':
        return { type: 'string' }
      case 'TupleType':
        return tupleOf(codec.types)
      case 'UnionType':
        return { anyOf: variantsOf(codec) }
    }
  }

  const schema = bodyOf(root)
  return { definitions, schema }
}
