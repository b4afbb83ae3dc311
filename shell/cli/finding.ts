/** The result of a check, for `tack check` and for `tack run`, and its wording. */
import { excerpt } from '../../core/index.js'
import { codeOf } from '../store/disk.js'
import type { StoreError } from '../store/index.js'

/** The result of one check. */
export interface Finding {
  readonly isFine: boolean
  /** Set if it is not a fault, but worth knowing for the operator. */
  readonly isRemark?: true
  readonly sentence: string
  readonly what: string
}

export const fine = (what: string, sentence: string): Finding => ({ isFine: true, sentence, what })
export const wrong = (what: string, sentence: string): Finding => ({ isFine: false, sentence, what })

export const wordsOf = (error: unknown): string => excerpt(error instanceof Error ? error.message : String(error))

/** Why the address cannot be listened on, and what to do. */
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

/** `text` as the end of a sentence, with exactly one full stop. */
export const fullStop = (text: string): string => `${text.replace(/[.!]+$/, '')}.`

/** Who wants the store: `tack run`, which writes it, or a command that reads it. */
type Use = 'read' | 'write'

const ADVICE: { readonly [U in Use]: string } = {
  read: 'Run this as the user that tack runs as, who owns the store, or as root.',
  write: 'The user that runs tack must be able to create and write the folder: change its owner, and that of all files in it, or choose another one with --store.'
}

const FULL = /^(?:ENOSPC|EDQUOT)\b/
const FORBIDDEN = /^(?:EACCES|EPERM)\b/

/** Why a store cannot be used, and what to do: an error of the platform names the one, and not the other. */
export const storeTrouble = ({ _tag, message, path }: StoreError, use: Use): string => {
  if (_tag !== 'Failed') return `${path}: ${message}`
  if (FULL.test(message)) return `${path}: ${fullStop(message)} The disk is full: free some space, or choose a folder on another one with --store.`
  return use === 'write' || FORBIDDEN.test(message) ? `${path}: ${fullStop(message)} ${ADVICE[use]}` : `${path}: ${message}`
}

/** A finding that is not a fault, but not as it should be either. */
export const remark = (what: string, sentence: string): Finding => ({ isFine: true, isRemark: true, sentence, what })

/** How long to wait for a server or a program, in milliseconds. */
export const ANSWER_MS = 15_000
