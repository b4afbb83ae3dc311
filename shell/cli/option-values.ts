/** Applies values from the configuration file to options, and words the faults of those that are not allowed. */
import type { Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { excerpt } from '../../core/index.js'
import { type Configuration, describeValue } from './parts.js'

/** Options whose values are never shown. */
const SECRETS: ReadonlySet<string> = new Set(['adminToken'])

/** What is wrong with the value of an option. Never contains a secret. */
export interface OptionFault {
  readonly option: string
  readonly sentence: string
}

/** The message about a refused value, from the error of the option's parser. */
export const refusal = (option: string, text: string, error: unknown): string => {
  const given = SECRETS.has(option) ? 'this' : `"${excerpt(text)}"`
  return `${given} is not allowed. ${error instanceof Error ? error.message : String(error)}`
}

/** Sets values from the file as defaults of options, so that flags and the environment have priority. Returns the faults. */
export const applyTo = ({ options: values }: Configuration, options: ReadonlyArray<Option>): ReadonlyArray<OptionFault> => {
  const faults: Array<OptionFault> = []
  for (const option of options) {
    const name = option.attributeName()
    const value = values.get(name)
    if (value === undefined || value === null) continue
    const say = (sentence: string): void => void faults.push({ option: name, sentence: `"${name}": ${sentence}` })
    if (option.isBoolean()) {
      if (typeof value === 'boolean') option.default(value ? true : undefined)
      else say(`this must be true or false; it is ${SECRETS.has(name) ? 'something else' : describeValue(value)}.`)
    } else if (typeof value === 'string' || typeof value === 'number') {
      const text = String(value)
      const taken = E.tryCatch((): unknown => (option.parseArg === undefined ? text : option.parseArg<unknown>(text, undefined)), (error) => refusal(name, text, error))
      if (E.isRight(taken)) option.default(taken.right, SECRETS.has(name) ? 'from the configuration file' : text)
      else say(taken.left)
    } else if (option.argChoices !== undefined) say(refusal(name, describeValue(value), new Error(`Allowed choices are ${option.argChoices.join(', ')}.`)))
    else say(`this must be text or a number; it is ${describeValue(value)}.`)
  }
  return faults
}
