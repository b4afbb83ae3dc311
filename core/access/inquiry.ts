/**
 * Finding out who may push to a repository: the questions, one after another, and what the answers mean (T2).
 *
 * The caller holds an inquiry, puts its question to the server, and passes the answer in, until the inquiry is over. So
 * no more is asked than is needed, and the conclusions are drawn in one place.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { HostName, HostPolicy } from '../data/host-name.js'
import { Did } from '../data/identifiers.js'
import { excerpt } from '../data/text.js'
import type { Access } from '../model/access.js'
import { decodeKnotOfRepository, hostOfService } from '../wire/did-document.js'
import { decodeCollaborators, decodeDescribeRepo, decodeKnotVersion } from '../wire/knot-answers.js'

/** How many pages of a list are read. A longer list has more collaborators than are kept. */
export const PAGES_MAX = 6

/** The part of a knot's list that has been read. */
interface AskCollaborators {
  readonly _tag: 'AskCollaborators'
  readonly collaborators: ReadonlyArray<Did>
  /** The cursor of the next page; `null` for the first. */
  readonly cursor: string | null
  readonly owner: Did
  /** How many pages have been read. */
  readonly pages: number
}

/** The next question, to the knot: `sh.tangled.knot.version`, `….describeRepo`, `….listCollaborators`. */
export type AccessQuestion =
  | { readonly _tag: 'AskVersion' }
  /** The DID document of the repository. */
  | { readonly _tag: 'AskDocument'; readonly keepsLists: boolean }
  | { readonly _tag: 'AskDescription' }
  | AskCollaborators

/** The inquiry is over: it is known who may push. */
interface Found {
  readonly _tag: 'Found'
  readonly access: Access
}

/** The inquiry failed. It may be tried again, after a wait if the server asks for one. */
interface Unread {
  readonly _tag: 'Unread'
  readonly error: string
  readonly waitMs: number
}

/** An inquiry: what is asked next, or how it ended. */
export type Inquiry = AccessQuestion | Found | Unread

/** An answer to a question. */
export type InquiryAnswer =
  /** An HTTP response: its status, its text, and the wait that it asks for. */
  | { readonly _tag: 'Answered'; readonly status: number; readonly text: string; readonly waitMs: number }
  /** An authoritative answer that the document does not exist. */
  | { readonly _tag: 'Missing'; readonly detail: string }
  /** No answer, or one that is too large. */
  | { readonly _tag: 'Unanswered'; readonly error: string; readonly waitMs: number }

/** The repository in question, and the naming rules of knots. */
export interface InquiryAbout {
  readonly hosts: HostPolicy
  readonly knot: HostName
  readonly repo: string
}

type Answered = Extract<InquiryAnswer, { readonly _tag: 'Answered' }>

/**
 * HTTP statuses by which a knot says that it does not have a method, or what was asked for: it is older, or not a knot.
 */
const NOT_THERE: ReadonlyArray<number> = [400, 404, 405, 410, 426, 501]

const found = (access: Access): Found => ({ _tag: 'Found', access })

const denied = (keepsLists: boolean, detail: string): Found =>
  found({ _tag: 'Denied', detail: excerpt(detail), keepsLists })

const unread = (error: string, waitMs = 0): Unread => ({ _tag: 'Unread', error: excerpt(error), waitMs })

/**
 * Where an inquiry begins. For a repository without a DID it is over at once: the knot vouches for whoever pushes, and
 * neither lists nor calls can name the repository.
 */
export const inquiry = (repo: string): Inquiry =>
  Did.is(repo) ? { _tag: 'AskVersion' } : found({ _tag: 'ByRecords' })

const refused = (knot: HostName, method: string, { status, waitMs }: Answered): Unread =>
  unread(`${knot} answered ${String(status)} to ${method}`, NOT_THERE.includes(status) ? 0 : waitMs)

const versionSaid = (knot: HostName, said: Answered): Inquiry => {
  if (NOT_THERE.includes(said.status)) return { _tag: 'AskDocument', keepsLists: false }
  if (said.status !== 200) return refused(knot, 'sh.tangled.knot.version', said)
  const keepsLists = decodeKnotVersion(said.text)
  return E.isLeft(keepsLists)
    ? unread(`${knot}: its version is ${keepsLists.left}`)
    : { _tag: 'AskDocument', keepsLists: keepsLists.right }
}

/** The document names no knot. If the knot keeps lists, it has to. */
const noKnot = (keepsLists: boolean, detail: string): Found =>
  keepsLists ? denied(keepsLists, detail) : found({ _tag: 'ByRecords' })

const documentSaid = (
  { hosts, knot }: InquiryAbout,
  repo: Did,
  keepsLists: boolean,
  { status, text }: Answered
): Inquiry => {
  if (status !== 200) return unread(`${excerpt(repo)}: ${String(status)} instead of its DID document`)
  const address = decodeKnotOfRepository(repo)(text)
  if (E.isLeft(address)) return unread(`${excerpt(repo)}: ${address.left}`)
  if (address.right === null) return noKnot(keepsLists, `${excerpt(repo)}: the document names no knot`)
  const named = hostOfService(hosts)(address.right)
  if (O.isNone(named)) return noKnot(keepsLists, `${excerpt(repo)}: the knot in its document is not a host name`)
  if (named.value !== knot) return denied(keepsLists, `its DID document names ${named.value}`)
  return keepsLists ? { _tag: 'AskDescription' } : found({ _tag: 'ByRecords' })
}

const descriptionSaid = (knot: HostName, repo: Did, said: Answered): Inquiry => {
  const other = refused(knot, 'sh.tangled.repo.describeRepo', said)
  if (said.status !== 200 && !NOT_THERE.includes(said.status)) return other
  const described = decodeDescribeRepo(repo)(said.text)
  if (E.isLeft(described)) return said.status === 200 ? unread(`${knot}: ${described.left}`) : other
  const { right } = described
  if (right._tag === 'RepoNotFound') return denied(true, `${knot} does not know the repository`)
  return said.status === 200
    ? { _tag: 'AskCollaborators', collaborators: [], cursor: null, owner: right.owner, pages: 0 }
    : other
}

const pageSaid = (knot: HostName, asked: AskCollaborators, said: Answered): Inquiry => {
  if (said.status !== 200) return refused(knot, 'sh.tangled.repo.listCollaborators', said)
  const page = decodeCollaborators(asked.cursor)(said.text)
  if (E.isLeft(page)) return unread(`${knot}: the list of collaborators: ${page.left}`)
  const { next, subjects } = page.right
  const { owner } = asked
  const collaborators = [...asked.collaborators, ...subjects]
  const pages = asked.pages + 1
  if (next === null) return found({ _tag: 'ByKnot', collaborators, owner })
  return pages < PAGES_MAX
    ? { _tag: 'AskCollaborators', collaborators, cursor: next, owner, pages }
    : unread(`${knot}: the list of collaborators is too long`)
}

/**
 * The inquiry after an answer to its question. An inquiry that is over stays as it is. Total: any answer is accepted.
 *
 * @example
 * import assert from 'node:assert'
 * import { Access, HostName } from '@tack-ci/core'
 *
 * const knot = HostName.decode('knot.example')
 * assert(knot._tag === 'Right')
 * const hosts = { defaultPort: 443, loopback: false, ports: false }
 * const about = { hosts, knot: knot.right, repo: 'did:plc:app' }
 *
 * const first = Access.inquiry('did:plc:app')
 * assert.deepStrictEqual(first, { _tag: 'AskVersion' })
 * const said = { _tag: 'Answered' as const, status: 200, text: '{"version":"1.11"}', waitMs: 0 }
 * const second = Access.afterAnswer(about, first, said)
 * assert.deepStrictEqual(second, { _tag: 'AskDocument', keepsLists: false })
 * const last = Access.afterAnswer(about, second, { _tag: 'Missing', detail: 'there is no document' })
 * assert.deepStrictEqual(last, { _tag: 'Found', access: { _tag: 'ByRecords' } })
 */
export const afterAnswer = (about: InquiryAbout, asked: Inquiry, said: InquiryAnswer): Inquiry => {
  const { knot, repo } = about
  if (!isQuestion(asked) || !Did.is(repo)) return asked
  if (said._tag === 'Unanswered') return unread(said.error, said.waitMs)
  if (said._tag === 'Missing')
    return asked._tag === 'AskDocument' ? noKnot(asked.keepsLists, said.detail) : unread(said.detail)
  switch (asked._tag) {
    case 'AskVersion':
      return versionSaid(knot, said)
    case 'AskDocument':
      return documentSaid(about, repo, asked.keepsLists, said)
    case 'AskDescription':
      return descriptionSaid(knot, repo, said)
    case 'AskCollaborators':
      return pageSaid(knot, asked, said)
  }
}

/** Whether the inquiry is not over: it is a question to be asked. */
export const isQuestion = (inquiry: Inquiry): inquiry is AccessQuestion =>
  inquiry._tag !== 'Found' && inquiry._tag !== 'Unread'
