/** A case: a vector before it is answered. The answer is the core's; what its author expects of it is said by hand. */
import type { Json } from '../../../core/index.js'

export interface Case {
  /** The gist of the output (`GIST` in vectors.ts). `undefined`: the case comes from an example, which is a test already. */
  readonly expected: Json | undefined
  readonly input: Json
  readonly name: string
  readonly rules: ReadonlyArray<string>
}

/** A case of the rules named in `rules`, separated by blanks. */
export const of =
  (rules: string) =>
  (name: string, input: Json, expected: Json): Case => ({ expected, input, name, rules: rules.split(' ').filter((rule) => rule !== '') })

/** Inputs of which each is answered the same, each with a name. */
export const all =
  (rules: string, expected: Json) =>
  (cases: { readonly [name: string]: Json }): ReadonlyArray<Case> =>
    Object.entries(cases).map(([name, input]) => of(rules)(name, input, expected))

export const yes = (rules: string, cases: { readonly [name: string]: Json }): ReadonlyArray<Case> => all(rules, true)(cases)
export const no = (rules: string, cases: { readonly [name: string]: Json }): ReadonlyArray<Case> => all(rules, false)(cases)
