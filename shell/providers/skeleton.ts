/**
 * A template for a provider: copy this file, its server and its test, and change what is specific to the CI, as CONTRIBUTING.md shows. It is complete
 * and passes the contract, for an invented CI that is as plain as possible. No configuration can select it, because it is not in `KINDS`.
 */
import * as t from 'io-ts'
import { isFinal, type Status } from '../../core/index.js'
import { type HttpResponse, createClient, decodeAnswer, isRefusal, type TextLog } from './common.js'
import type { Job, Kind, Missing, Progress, Provider, Refused, Surroundings, Uncertain } from './provider.js'
import { address, defineKind, secondsFrom, token } from './settings.js'

// ---------------------------------------------------------------------------------------- what the CI says

/** A build. It is foreign data: nothing is taken for granted, and every text has a limit. */
const Build = t.type({ exitCode: t.union([t.Int, t.null]), key: t.string, number: t.Int, state: t.string }, 'Build')
type Build = t.TypeOf<typeof Build>

/** The form in which the CI stores a key, so that it can be searched for: here, unchanged. */
const Builds = t.array(Build, 'Builds')

const Complaint = t.type({ message: t.string }, 'Complaint')

/** What the CI's states mean. An unknown one is Uncertain: it may be new, and does not mean that the build has ended. */
const STATUSES: ReadonlyMap<string, Status> = new Map([
  ['queued', 'pending'],
  ['running', 'running'],
  ['passed', 'success'],
  ['failed', 'failed'],
  ['timed out', 'timeout'],
  ['canceled', 'cancelled']
])

// ---------------------------------------------------------------------------------------- the provider

const SETTINGS = {
  pollSeconds: secondsFrom(1, 15),
  token: token('TACK_SKELETON_TOKEN'),
  url: address('the CI')
}

const LOG_EVERY_MS = 2_000

interface Settings {
  readonly pollSeconds: number
  readonly token: string
  readonly url: string
}

const create = ({ pollSeconds, token, url }: Settings, { clock, fetch, name }: Surroundings): Provider => {
  /** Sends requests over HTTP with limits, never rejects, and keeps the token out of all messages. */
  const client = createClient({ clock, fetch, secrets: [token] })
  const at = (path: string): string => `${url.replace(/\/$/, '')}/api/${path}`
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const get = (path: string, overflow: 'cut' | 'fail' = 'fail') => client.ask({ headers, overflow, url: at(path) })
  const post = (path: string, body: object) => client.ask({ body: JSON.stringify(body), headers, method: 'POST', url: at(path) })

  const wordsOf = (answer: HttpResponse): string => decodeAnswer(Complaint, answer)?.message ?? ''
  const isGood = ({ status }: HttpResponse): boolean => status >= 200 && status < 300

  /** The build in an answer; anything else is Uncertain. */
  const buildIn = (answer: HttpResponse | Uncertain): Build | Uncertain => {
    if (answer._tag === 'Uncertain') return answer
    return (isGood(answer) ? decodeAnswer(Build, answer) : null) ?? client.doubt(answer, wordsOf(answer))
  }

  const progressOf = ({ exitCode, number, state }: Build): Progress | Uncertain => {
    const status = STATUSES.get(state)
    return status === undefined ? client.uncertain(`the CI says "${state}"`) : { error: null, exitCode, external: String(number), status }
  }

  const standing = async (external: string): Promise<Missing | Progress | Uncertain> => {
    const answer = await get(`builds/${encodeURIComponent(external)}`)
    if (answer._tag === 'HttpResponse' && answer.status === 404) return { _tag: 'Missing' }
    const build = buildIn(answer)
    return '_tag' in build ? build : progressOf(build)
  }

  const start: Provider['start'] = async ({ key, plan }: Job) => {
    const answer = await post('builds', { key, pipeline: plan.pipeline, ref: plan.ref, sha: plan.sha, variables: Object.fromEntries(plan.variables) })
    // Only if the CI itself refuses has it certainly started nothing.
    if (answer._tag === 'HttpResponse' && isRefusal(answer.status)) return client.refuse(wordsOf(answer))
    const build = buildIn(answer)
    return '_tag' in build ? build : { _tag: 'Accepted', external: String(build.number) }
  }

  /** Asks the CI by the key: nothing may be kept in memory alone. */
  const find: Provider['find'] = async ({ key }) => {
    const answer = await get(`builds?key=${encodeURIComponent(key)}`)
    if (answer._tag === 'Uncertain') return answer
    const builds = isGood(answer) ? decodeAnswer(Builds, answer) : null
    if (builds === null) return client.doubt(answer, wordsOf(answer))
    const build = builds.find((one) => one.key === key)
    return build === undefined ? { _tag: 'Missing' } : { _tag: 'Accepted', external: String(build.number) }
  }

  const cancel: Provider['cancel'] = async (_job, external) => {
    const answer = await post(`builds/${encodeURIComponent(external)}/cancel`, {})
    if (answer._tag === 'Uncertain') return answer
    if (answer.status === 204 || answer.status === 404) return { _tag: 'Acknowledged' }
    // The CI may mean that there is nothing left to cancel.
    const progress = answer.status === 409 ? await standing(external) : null
    return progress !== null && 'status' in progress && isFinal(progress.status) ? { _tag: 'Acknowledged' } : client.doubt(answer, wordsOf(answer))
  }

  const textOf = async (external: string): Promise<Refused | TextLog | Uncertain> => {
    // Read the status first: what is read after the build has ended is complete.
    const progress = await standing(external)
    if (!('status' in progress) && progress._tag === 'Uncertain') return progress
    const isComplete = !('status' in progress) || isFinal(progress.status)
    const answer = await get(`builds/${encodeURIComponent(external)}/log`, 'cut')
    if (answer._tag === 'Uncertain') return answer
    if (answer.status === 404) return isComplete ? { _tag: 'None', sentence: client.say(`The CI has no log of build ${external}.`) } : { _tag: 'NotYet' }
    if (isRefusal(answer.status)) return client.refuse(wordsOf(answer))
    if (!isGood(answer)) return client.doubt(answer, wordsOf(answer))
    return answer.isCut
      ? { _tag: 'Text', isComplete: true, text: `${answer.text}\nThe log is longer than what is shown here.` }
      : { _tag: 'Text', isComplete, text: answer.text }
  }

  return {
    cancel,
    check: async () => {
      const answer = await get('user')
      if (answer._tag === 'Uncertain') return { isFine: false, sentence: `The CI is not reachable: ${answer.error}.` }
      return isGood(answer)
        ? { isFine: true, sentence: 'The CI answers.' }
        : { isFine: false, sentence: client.say(`The CI answered ${String(answer.status)}. ${wordsOf(answer)}`) }
    },
    close: client.close,
    find,
    follow: (_job, external, report) => client.poll(pollSeconds * 1_000, () => standing(external), report),
    logs: (_job, external, signal) => client.log({ everyMs: LOG_EVERY_MS, name: 'Build', read: () => textOf(external), signal }),
    name,
    settleMs: 0,
    start
  }
}

export const skeleton: Kind = defineKind({
  create,
  kind: 'skeleton',
  reads: { pipeline: 'optional', settings: [], steps: 'ignored' },
  settings: SETTINGS
})
