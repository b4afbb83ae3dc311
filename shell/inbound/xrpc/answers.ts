/** What XRPC answers with: JSON for any web page, and for a call that is refused an error with a name, a status and a sentence. */
import type { TokenFault } from '../../../core/index.js'
import { type Answer, json, readByAll } from '../responses.js'

export const ok = (value: unknown): Answer => json(200, value, readByAll)

/** The names of errors: those of the lexicons, and where these have none, those that XRPC has for a status. */
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

export const refused = (status: number, error: ErrorName, message: string, headers: Answer['headers'] = {}): Answer =>
  json(status, { error, message }, { ...readByAll, ...headers })

export const invalid = (message: string): Answer => refused(400, 'InvalidRequest', message)

export const noPipeline = refused(404, 'PipelineNotFound', 'no pipeline of that name: it never was, or has been forgotten')
