/** XRPC answers: JSON that any web page may read; a refused call gets an error with a name, a status and a sentence. */
import type { TokenFault } from '../../../core/index.js'
import { type HttpReply, json, readByAll } from './responses.js'

const PATH = '/xrpc/'

export const ok = (value: unknown): HttpReply => json(200, value, readByAll)

/** The names of errors: those of the lexicons, or else XRPC's name for the status. */
export type ErrorName =
  | TokenFault['error']
  | 'AccessControl'
  | 'AuthMissing'
  | 'InternalServerError'
  | 'InvalidRequest'
  | 'MethodNotImplemented'
  | 'NotEnoughResources'
  | 'PipelineEnded'
  | 'PipelineNotFound'
  | 'RefNotFound'
  | 'RepoNotFound'
  | 'RequestTooLarge'
  | 'UpstreamFailure'
  | 'WorkflowNotFound'

export const refused = (status: number, error: ErrorName, message: string, headers: HttpReply['headers'] = {}): HttpReply =>
  json(status, { error, message }, { ...readByAll, ...headers })

const NAMES: { readonly [status: number]: ErrorName } = { 500: 'InternalServerError', 503: 'NotEnoughResources' }

/** The answer in the form of its path: under `/xrpc/`, errors that no method made are XRPC errors as well. */
export const asRead = (path: string, answer: HttpReply): HttpReply => {
  const { body = '', headers = {}, status } = answer
  const { 'content-type': type, ...others } = headers
  return path.startsWith(PATH) && type?.startsWith('text/plain') === true
    ? refused(status, NAMES[status] ?? 'InvalidRequest', String(body).trim(), others)
    : answer
}

export const invalid = (message: string): HttpReply => refused(400, 'InvalidRequest', message)

export const noPipeline = refused(404, 'PipelineNotFound', 'no such pipeline: it never existed, or has been forgotten')
