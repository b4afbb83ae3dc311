/** The files of spec/data/schema/, generated from the codecs: what the codec of the machine takes is what the schema takes. */
import * as t from 'io-ts'
import { AccountEntry, Builds, Config, Effect, Event, Head, StatusEntry } from '../../../core/index.js'
import { Answers, EndLine, InitLine, Request, StepLine, TraceHeader, Vector, VectorsHeader, VERSION } from '../format.js'
import { schemaOf } from './walk.js'

/** A state as written. The codec of states hides its shape behind what it derives; the test holds the two together. */
export const WrittenState = t.strict(
  { accounts: t.array(AccountEntry), head: Head, runs: t.array(Builds.RunEntry), statuses: t.array(StatusEntry) },
  'State'
)

const anyOf = (codecs: ReadonlyArray<t.Mixed>, name: string): t.Mixed => t.union([...codecs] as [t.Mixed, t.Mixed], name)

export type SchemaName = 'answer' | 'config' | 'effect' | 'event' | 'request' | 'state' | 'trace' | 'vectors'

/** The codecs by the names of their files, with what a value of each is. */
export const SCHEMAS: ReadonlyArray<readonly [name: SchemaName, title: string, codec: t.Mixed]> = [
  ['answer', 'An answer of a port, one line', anyOf(Object.values(Answers), 'Answer')],
  ['config', 'What an operator decides', Config],
  ['effect', 'What the machine wants done', Effect],
  ['event', 'What has happened outside', Event],
  ['request', 'A request to a port, one line', Request],
  ['state', 'A whole state of the machine, as it is written down', WrittenState],
  ['trace', 'One line of a trace', anyOf([TraceHeader, InitLine, StepLine, EndLine], 'Trace')],
  ['vectors', 'One line of a file of vectors', anyOf([VectorsHeader, Vector], 'Vectors')]
]

const HEAD = [
  'Generated from the codecs by npm run generate; do not edit.',
  'Keys that are not named here are allowed, and items after those of a pair: a reader drops what it does not know.',
  'What is written has none.',
  'In patterns (ECMA 262) $ is the end of the text, and never before a line feed at the end, as it is in some languages.'
]

const sorted = <A>(map: ReadonlyMap<string, A>): { readonly [key: string]: A } =>
  Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)))

/** The content of the files, by their paths in spec/data/. */
export const schemaFiles = (): ReadonlyMap<string, string> =>
  new Map(
    SCHEMAS.map(([name, title, codec]) => {
      const { definitions, schema } = schemaOf(codec)
      const { $comment, ...shape } = schema
      const comment = [...HEAD, ...(typeof $comment === 'string' ? [$comment] : [])].join(' ')
      const document = {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $id: `urn:tack:${String(VERSION)}:${name}`,
        title,
        $comment: comment,
        ...shape,
        ...(definitions.size === 0 ? {} : { $defs: sorted(definitions) })
      }
      return [`schema/${name}.json`, `${JSON.stringify(document, null, 2)}\n`]
    })
  )
