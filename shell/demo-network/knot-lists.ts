/**
 * What a knot of today reports about itself and its repositories: that it keeps lists of who may push (`knot-acl`), who owns a repository, and who
 * else may push to it.
 *
 * Sources: tangled.org/core, lexicons `sh.tangled.knot.version`, `sh.tangled.repo.describeRepo`, `sh.tangled.repo.listCollaborators` and
 * `sh.tangled.repo.collaboratorUpdate`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type KnotEvent, rfc3339 } from './frames.js'

export interface KnotLists {
  /** Adds or removes a collaborator. Returns the event that the knot sends. @throws RangeError if the repository does not exist. */
  readonly change: (op: 'add' | 'remove', repo: string, subject: string, rkey: string, nowUs: number) => KnotEvent
  /** Adds a repository with that DID. */
  readonly put: (repo: string, owner: string, name: string) => void
  /** Answers a query; returns `false` for any other request. */
  readonly serve: (request: IncomingMessage, response: ServerResponse) => boolean
}

interface Kept {
  readonly collaborators: Map<string, { readonly addedBy: string; readonly createdAt: string; readonly subject: string }>
  readonly name: string
  readonly owner: string
}

const LIMIT = /^[1-9][0-9]{0,2}$/
const CURSOR = /^[0-9]{1,6}$/

type Said = readonly [status: number, value: unknown]

const NOT_FOUND: Said = [404, { error: 'RepoNotFound', message: 'repository not found' }]

export const createKnotLists = (): KnotLists => {
  const repositories = new Map<string, Kept>()

  const listOf = ({ collaborators }: Kept, query: URLSearchParams): Said => {
    const [limit, cursor] = [query.get('limit') ?? '50', query.get('cursor') ?? '0']
    if (!LIMIT.test(limit) || Number(limit) > 100 || !CURSOR.test(cursor)) return [400, { error: 'InvalidRequest', message: 'limit must be from 1 to 100, and cursor one of ours' }]
    const until = Number(cursor) + Number(limit)
    const items = [...collaborators.values()]
    return [200, { items: items.slice(Number(cursor), until), ...(until < items.length ? { cursor: String(until) } : {}) }]
  }

  const answer = (method: string, query: URLSearchParams): Said | null => {
    const about = (name: string): Kept | undefined => repositories.get(query.get(name) ?? '')
    switch (method) {
      case 'sh.tangled.knot.version':
        return [200, { capabilities: ['knot-acl', 'repo-did-input'], version: '1.15.0' }]
      case 'sh.tangled.repo.describeRepo': {
        const kept = about('repoDid')
        return kept === undefined ? NOT_FOUND : [200, { ownerDid: kept.owner, repoDid: query.get('repoDid'), rkey: kept.name }]
      }
      case 'sh.tangled.repo.listCollaborators': {
        const kept = about('subject')
        return kept === undefined ? NOT_FOUND : listOf(kept, query)
      }
      default:
        return null
    }
  }

  return {
    change: (op, repo, subject, rkey, nowUs) => {
      const kept = repositories.get(repo)
      if (kept === undefined) throw new RangeError(`${repo} is not on this knot`)
      if (op === 'add') kept.collaborators.set(subject, { addedBy: kept.owner, createdAt: rfc3339(nowUs), subject })
      else kept.collaborators.delete(subject)
      return { event: { $type: '', op, repo, subject }, nsid: 'sh.tangled.repo.collaboratorUpdate', rkey }
    },
    put: (repo, owner, name) => void repositories.set(repo, { collaborators: new Map(), name, owner }),
    serve: ({ url = '' }, response) => {
      const [, method = '', query = ''] = /^\/xrpc\/([^?]*)\??(.*)$/s.exec(url) ?? []
      const said = answer(method, new URLSearchParams(query))
      if (said === null) return false
      response.writeHead(said[0], { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(said[1]))
      return true
    }
  }
}
