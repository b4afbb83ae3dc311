/**
 * The toolbox of adapters. None of it throws or rejects, and no message contains a secret: a server's response may repeat what it was sent.
 */
export { buildOfKey } from './build-of-key.js'
export { type Client, type ClientOptions, createClient, decodeAnswer, type HttpResponse, isRefusal, type Request } from './client.js'
export { redactor, sentence, wordsOf } from './secrets.js'
export { headerOf, hmacOf, isSame, isSigned, isTimely } from './signatures.js'
export type { TextLog } from './growing-log.js'
export { createWork, type Work } from './work.js'
