/** Makes foreign text safe to pass on: a server's response may repeat what it was sent, and be of any kind and length. */
import { escapeInvisible } from '../lib/log.js'

/** The limit of a sentence that is passed on, in UTF-16 units. */
const LONGEST_SENTENCE = 500

/** The encodings in which a secret may come back: as it is, in a URL, in a form, in JSON, in base64 by itself. */
const disguises = (secret: string): ReadonlyArray<string> => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString('base64'),
  Buffer.from(secret).toString('base64url')
]

/** Returns a function that removes all `secrets` from a text. Empty ones are ignored. For basic authentication, pass `user:password`, too. */
export const redactor = (secrets: ReadonlyArray<string>): ((text: string) => string) => {
  const all = [...new Set(secrets.filter((secret) => secret !== '').flatMap(disguises))].sort((a, b) => b.length - a.length)
  return (text) => all.reduce((cleaned, secret) => cleaned.replaceAll(secret, '***'), text)
}

/**
 * Turns foreign text into a sentence: removes secrets, escapes control characters, limits its length, and replaces lone surrogates, in this order: a
 * cut must not hide part of a secret.
 */
export const sentence = (redact: (text: string) => string, text: string): string => {
  const clean = escapeInvisible(redact(text)).trim()
  const cut = clean.length <= LONGEST_SENTENCE ? clean : `${clean.slice(0, LONGEST_SENTENCE)}…`
  // Through UTF-8 and back: half of a surrogate pair becomes U+FFFD.
  return Buffer.from(cut).toString()
}

/** An error's message. Errors of `fetch` keep the reason in their cause. */
export const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `: ${wordsOf(error.cause)}`
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return `${error.message === '' ? code : error.message}${cause}`
}
