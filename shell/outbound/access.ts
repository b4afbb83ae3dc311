/**
 * Asks a knot who may push to a repository. The DID document of the repository confirms that this is its knot.
 *
 * Knots are run by strangers. Each knot gets one request at a time, with a pause between two requests; the time and the size of an answer are
 * limited. Accounts take turns, at a knot and among knots, so whoever has many repositories delays nobody else; the core says whose turn a question
 * takes. Slow knots have a queue of their own, so they delay only each other. DID documents have queues of their own as well, so a slow host delays
 * no knot. The core decides what to ask and what the answers mean. Sources: tangled.org/core, lexicons `sh.tangled.knot.version`,
 * `sh.tangled.repo.describeRepo`, `sh.tangled.repo.listCollaborators`.
 */
import * as E from 'fp-ts/lib/Either.js'
import { isUtf8 } from 'node:buffer'
import { Access, COLLABORATORS_PAGE, Did, type HostName, type HostPolicy, type Natural, type ReadAccess } from '../../core/index.js'
import { createKeeper } from '../lib/keeper.js'
import { createFairQueue } from '../lib/queue.js'
import type { AccessReader, Clock, Deliver } from '../ports.js'
import type { Documents } from './documents.js'
import type { Policy, Resolve } from './guard.js'
import { httpClient } from './http-client.js'
import { hasManyParts, MANY_PARTS } from './json-size.js'
import { afterCall, queueOf, NONE_SLOW, PLACES } from './slow-knots.js'
import { isListed } from './records.js'
import { retryAfterMs } from './retry-after.js'

export interface AccessOptions {
  readonly clock: Clock
  /** Reads the DID documents of repositories. */
  readonly documents: Pick<Documents, 'read'>
  /** Which knots are allowed. */
  readonly hosts: HostPolicy
  /** Whether to ask knots over plain HTTP. */
  readonly isInsecure: boolean
  /** The pause between two requests to one knot. 50 ms by default. */
  readonly pauseMs?: number
  readonly policy: Policy
  /** A knot that takes longer than this to answer is slow. 2 s by default. */
  readonly promptMs?: number
  readonly resolve?: Resolve
}

const MAX_BODY_BYTES = 2 ** 20
const TIMEOUT_MS = 10_000

/** How many documents are read at a time: from the directory, and from hosts. */
const LISTED = 2
const HOSTS = 8

/** How long the answer to `sh.tangled.knot.version` is cached, and how many are: one for each knot and account that asks. */
const VERSION_US = 60_000_000
const VERSIONS = 1_000

/**
 * How many inquiries of an account may be pending. The core has fewer open (`core/access/room.ts`); but records that are made and withdrawn leave
 * inquiries here that nobody waits for. Then, beyond how many in all an account may have only one.
 */
const PENDING_OF_ACCOUNT = 10_000
const PENDING = 100_000

/** An XRPC method and its parameters. */
type Question = readonly [method: string, params: { readonly [name: string]: string }]

const unanswered = (error: string): Access.InquiryAnswer => ({ _tag: 'Unanswered', error, waitMs: 0 })

export const accessReader = ({ clock, documents, hosts, isInsecure, pauseMs = 50, policy, promptMs = 2_000, resolve }: AccessOptions): AccessReader => {
  const client = httpClient({ clock, maxBodyBytes: MAX_BODY_BYTES, maxConnections: 1, policy, timeoutMs: TIMEOUT_MS, ...(resolve === undefined ? {} : { resolve }) })
  const pauses = new Set<() => void>()
  let isClosed = false

  const pause = (): Promise<void> =>
    new Promise((done) => {
      if (isClosed) return done()
      const over = (): void => {
        cancel()
        pauses.delete(over)
        done()
      }
      const cancel = clock.after(pauseMs, over)
      pauses.add(over)
    })

  const lines = { prompt: createFairQueue(PLACES.prompt, 1, pause), slow: createFairQueue(PLACES.slow, 1, pause) }
  const [listed, others] = [createFairQueue(LISTED, LISTED), createFairQueue(HOSTS, HOSTS)]
  let slow = NONE_SLOW
  const pending = new Map<Did, number>()
  let all = 0
  const versions = createKeeper<Access.Inquiry>(clock, VERSIONS, ({ _tag }) => (_tag === 'Unread' ? 0 : VERSION_US))

  /** Calls a method of the knot, with a time limit. Never rejects. */
  const call = async (knot: HostName, method: string, params: { readonly [name: string]: string }, timeoutMs: number): Promise<Access.InquiryAnswer> => {
    const address = `${isInsecure ? 'http' : 'https'}://${knot}/xrpc/${method}`
    // The platform rejects some valid names, because of characters that no registry allows.
    if (!URL.canParse(address)) return unanswered(`${knot}: the name does not resolve`)
    const url = new URL(address)
    url.search = new URLSearchParams(params).toString()
    try {
      const response = await client.fetch(url, { headers: { accept: 'application/json' }, timeoutMs })
      const bytes = Buffer.from(await response.arrayBuffer())
      const text = isUtf8(bytes) ? bytes.toString() : ''
      const waitMs = retryAfterMs(response.headers.get('retry-after'), clock.now() / 1000)
      return hasManyParts(text) ? { _tag: 'Unanswered', error: `${knot}: ${MANY_PARTS}`, waitMs } : { _tag: 'Answered', status: response.status, text, waitMs }
    } catch (error) {
      return unanswered(`${knot}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** Calls with the short time limit. Returns `null` if the knot counts as slow, or turns out to be slow. */
  const callPromptly = async (knot: HostName, ...rest: Question): Promise<Access.InquiryAnswer | null> => {
    const sinceUs = clock.now()
    if (queueOf(slow, knot, sinceUs) === 'slow') return null
    const said = await call(knot, ...rest, promptMs)
    const nowUs = clock.now()
    slow = afterCall(slow, { knot, nowUs, sinceUs }, promptMs * 1_000)
    return said._tag === 'Answered' || queueOf(slow, knot, nowUs) === 'prompt' ? said : null
  }

  /** Calls when it is the turn of the knot, and of the account. Never settles if the reader is closed first. */
  const callInTurn = ({ account, knot }: ReadAccess, ...rest: Question): Promise<Access.InquiryAnswer> =>
    new Promise((resolve, reject) => {
      const slowly = (): void => lines.slow.add(knot, account, () => call(knot, ...rest, TIMEOUT_MS).then(resolve, reject))
      if (queueOf(slow, knot, clock.now()) === 'slow') return slowly()
      lines.prompt.add(knot, account, () => callPromptly(knot, ...rest).then((said) => (said === null ? slowly() : resolve(said)), reject))
    })

  const documentOf = async ({ account, repo }: ReadAccess): Promise<Access.InquiryAnswer> => {
    if (!Did.is(repo)) return unanswered('it has no DID')
    const document = await new Promise<Awaited<ReturnType<Documents['read']>>>((resolve, reject) => {
      (isListed(repo) ? listed : others).add('', account, () => documents.read(repo).then(resolve, reject))
    })
    if (E.isRight(document)) return { _tag: 'Answered', status: 200, text: document.right, waitMs: 0 }
    const { kind, sentence } = document.left
    return kind === 'missing' ? { _tag: 'Missing', detail: sentence } : unanswered(sentence)
  }

  /** Asks one question about the repository. */
  const saidTo = (request: ReadAccess, question: Access.AccessQuestion): Promise<Access.InquiryAnswer> => {
    const { repo } = request
    switch (question._tag) {
      case 'AskVersion':
        return callInTurn(request, 'sh.tangled.knot.version', {})
      case 'AskDocument':
        return documentOf(request)
      case 'AskDescription':
        return callInTurn(request, 'sh.tangled.repo.describeRepo', { repoDid: repo })
      case 'AskCollaborators': {
        const { cursor } = question
        return callInTurn(request, 'sh.tangled.repo.listCollaborators', { limit: String(COLLABORATORS_PAGE), subject: repo, ...(cursor === null ? {} : { cursor }) })
      }
    }
  }

  /** Asks until the core has no more questions. */
  const inquire = async (request: ReadAccess): Promise<Access.Inquiry> => {
    const about = { hosts, knot: request.knot, repo: request.repo }
    let inquiry = Access.inquiry(request.repo)
    while (Access.isQuestion(inquiry)) {
      const question = inquiry
      // A failure is an answer, too: the core waits for one.
      const next = async (): Promise<Access.Inquiry> =>
        Access.afterAnswer(about, question, await saidTo(request, question).catch((error: unknown) => unanswered(String(error))))
      // The version of a knot holds for all of its repositories. Each account asks for itself: the question of another may have many before it.
      inquiry = await (question._tag === 'AskVersion' ? versions.get(`${request.knot} ${request.account}`, next) : next())
    }
    return inquiry
  }

  /** Inquires if there is room. */
  const inquireWithin = async (request: ReadAccess): Promise<Access.Inquiry> => {
    const { account } = request
    const own = pending.get(account) ?? 0
    if (own >= (all < PENDING ? PENDING_OF_ACCOUNT : 1)) return { _tag: 'Unread', error: 'too many questions wait', waitMs: 0 }
    pending.set(account, own + 1)
    all += 1
    try {
      return await inquire(request)
    } finally {
      all -= 1
      const left = (pending.get(account) ?? 0) - 1
      if (left > 0) pending.set(account, left)
      else pending.delete(account)
    }
  }

  const read = async (request: ReadAccess, deliver: Deliver): Promise<void> => {
    const { knot, number, repo } = request
    const found = await inquireWithin(request)
    if (isClosed) return
    const at = clock.now()
    if (found._tag === 'Found') deliver({ _tag: 'AccessRead', access: found.access, at, knot, number, repo })
    if (found._tag === 'Unread') {
      const requested = { _tag: 'Access' as const, knot, repo }
      deliver({ _tag: 'RequestFailed', at, error: found.error, isFinal: false, number, requested, waitMs: found.waitMs as Natural })
    }
  }

  return {
    close: async () => {
      isClosed = true
      const closed = Promise.all([lines.prompt.close(), lines.slow.close(), client.close()])
      // Reads of documents that are running belong to `documents`, which ends them.
      for (const queue of [listed, others]) void queue.close()
      for (const over of pauses) over()
      await closed
    },
    read: (request, deliver) => void read(request, deliver)
  }
}
