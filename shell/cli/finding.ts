/** The result of a check, for `tack check` and for `tack run`, and the words in which it is told. */
import { excerpt } from '../../core/index.js'
import { codeOf } from '../store/disk.js'

/** The result of one check. */
export interface Finding {
  readonly isFine: boolean
  /** Whether it is no fault, but something that the operator had better know. */
  readonly isRemark?: true
  readonly sentence: string
  readonly what: string
}

export const fine = (what: string, sentence: string): Finding => ({ isFine: true, sentence, what })
export const wrong = (what: string, sentence: string): Finding => ({ isFine: false, sentence, what })

export const wordsOf = (error: unknown): string => excerpt(error instanceof Error ? error.message : String(error))

/** Why nothing can listen there, and what to do. */
export const listenTrouble = (error: unknown): string => {
  switch (codeOf(error)) {
    case 'EACCES':
      return 'ports below 1024 need privileges; choose another one, and put a reverse proxy on 443'
    case 'EADDRINUSE':
      return `another program listens there (${wordsOf(error)}): stop it, or choose another address with --listen`
    case 'EADDRNOTAVAIL':
      return `this machine does not have that address (${wordsOf(error)}): choose another one with --listen`
    default:
      return wordsOf(error)
  }
}

/** As the end of a sentence, with exactly one full stop. */
export const ended = (text: string): string => `${text.replace(/[.!]+$/, '')}.`

/** What is no fault, and not as it should be. */
export const remark = (what: string, sentence: string): Finding => ({ isFine: true, isRemark: true, sentence, what })

/** How long a server, or a program, may take to answer. */
export const ANSWER_MS = 15_000
