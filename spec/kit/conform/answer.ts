/** What a port has answered, or what is wrong with the line. Pure: the process is elsewhere (client.ts). */
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { explain } from '../../../core/index.js'
import { type Answer, ANSWER_TO, Answers } from '../format.js'

/** What is asked of a port, before it gets its number. */
export type Question =
  | { readonly _tag: 'start'; readonly version: number }
  | { readonly _tag: 'init'; readonly config: unknown }
  | { readonly _tag: 'init'; readonly state: unknown }
  | { readonly _tag: 'step'; readonly event: unknown }
  | { readonly _tag: 'state' }
  | { readonly _tag: 'decode'; readonly input: unknown; readonly subject: string }

/** The keys of each answer, as reports name them. */
const KEYS: { readonly [tag in Answer['_tag']]: string } = {
  started: 'name, version',
  done: 'hash',
  stepped: 'effects, hash',
  state: 'state',
  decoded: 'output',
  skipped: 'reason',
  errored: 'message'
}

const isTag = (u: unknown): u is Answer['_tag'] => typeof u === 'string' && Object.hasOwn(Answers, u)

const allowed = (asked: Question['_tag']): ReadonlyArray<Answer['_tag']> => [ANSWER_TO[asked], 'skipped', 'errored']

/** What would have been right, in words. */
export const expectedAnswer = (asked: Question['_tag'], id: number): string => {
  const forms = allowed(asked).map((tag) => `${tag} {${KEYS[tag]}}`)
  return `${forms.slice(0, -1).join(', ')} or ${forms[forms.length - 1] ?? ''}, with id ${String(id)}`
}

const textOf = (line: Uint8Array): E.Either<string, string> =>
  E.tryCatch(
    () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line),
    () => 'it is no UTF-8'
  )

const jsonOf = (text: string): E.Either<string, unknown> =>
  E.tryCatch(
    () => JSON.parse(text) as unknown,
    () => 'it is no JSON'
  )

/** Nothing that is asked for is nested half as deep; what is much deeper would end the comparison, not the port. */
const DEPTH_MAX = 64

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' && value !== null && (levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1)))

/** The answer in a line, when it is one to what was asked; else what is wrong with it. */
export const readAnswer = (line: Uint8Array, asked: Question['_tag'], id: number): E.Either<string, Answer> => {
  const json = E.chain(jsonOf)(textOf(line))
  if (E.isLeft(json)) return json
  if (typeof json.right !== 'object' || json.right === null || Array.isArray(json.right)) return E.left('it is no JSON object')
  if (isDeeper(json.right, DEPTH_MAX)) return E.left('it is nested too deep')
  const tag: unknown = '_tag' in json.right ? json.right._tag : undefined
  if (!isTag(tag)) return E.left(tag === undefined ? 'it has no _tag' : `its _tag is ${JSON.stringify(tag)}, which is no answer's`)
  if (!allowed(asked).includes(tag)) return E.left(`${tag} is no answer to ${asked}`)
  const answer: E.Either<t.Errors, Answer> = Answers[tag].decode(json.right)
  if (E.isLeft(answer)) return E.left(explain(answer.left))
  return answer.right.id === id ? answer : E.left(`it carries the id ${String(answer.right.id)}`)
}
