/**
 * Buildbot: starts builds by a force scheduler of the operator's master, over its REST API (version 2).
 *
 * The scheduler gives each build request the property `tack_key`, by which it is found again: Buildbot can list the requests of a builder with one
 * property of each. Buildbot makes no calls that could be verified, so it is polled.
 *
 * Sources: https://docs.buildbot.net/latest/developer/rest.html and …/raml; the answers are those of Buildbot 4.3.
 */
import { Done, flat, progressOf, Schedulers } from './buildbot-answers.js'
import { basicOf, createBuildbotApi } from './buildbot-api.js'
import { createBuildbotLogs } from './buildbot-logs.js'
import { createBuildbotStarts } from './buildbot-starts.js'
import { type HttpResponse, createClient, decodeAnswer } from './common.js'
import type { Acknowledged, Job, Kind, Missing, Progress, Provider, Surroundings, Uncertain } from './provider.js'
import { address, defineKind, secondsFrom, text } from './settings.js'

// ---------------------------------------------------------------------------------------- settings

const SETTINGS = {
  /** Set together with `user`, or not at all. */
  password: text({ allowed: 'text', isSecret: true, matches: () => true, otherwise: '', variable: 'TACK_BUILDBOT_PASSWORD' }),
  /** How often to poll a build. */
  pollSeconds: secondsFrom(1, 5),
  /** The name of the force scheduler. */
  scheduler: text({ allowed: 'the name of a force scheduler', matches: (name) => name !== '', otherwise: 'tack' }),
  /** How long a new request may be missing from lists. */
  settleSeconds: secondsFrom(0, 10),
  /** The URL of the master's web interface. */
  url: address('the address of the web interface of Buildbot'),
  user: text({ allowed: 'text without a colon', matches: (user) => !user.includes(':'), otherwise: '', variable: 'TACK_BUILDBOT_USER' })
}

interface Options {
  /** `null` if no login is needed. */
  readonly login: { readonly password: string; readonly user: string } | null
  readonly pollMs: number
  readonly scheduler: string
  readonly settleMs: number
  readonly url: string
}

// ---------------------------------------------------------------------------------------- the adapter

const create = ({ login, pollMs, scheduler, settleMs, url }: Options, { clock, fetch, name }: Surroundings): Provider => {
  const client = createClient({ clock, fetch, secrets: login === null ? [] : [login.password, basicOf(login)] })
  const api = createBuildbotApi(client, { login, url })
  const { ask, command, doubt, nameless, requestOf, standing, wordsIn } = api
  const { find, start } = createBuildbotStarts(api, scheduler)

  // -------------------------------------------------------------------------------------- follow and cancel

  const progressAt = async (external: string): Promise<Progress | Missing | Uncertain> => {
    const stands = await standing(external)
    return stands._tag === 'Standing' ? progressOf(stands.request, stands.builds, external) : stands
  }

  const cancel = async (_job: Job, external: string): Promise<Acknowledged | Uncertain> => {
    const id = requestOf(external)
    if (id === null) return nameless(external)
    const reason = { reason: 'It was cancelled at Tangled.' }
    const isDone = (answer: HttpResponse): boolean => answer.status === 200 && decodeAnswer(Done, answer) !== null
    const answer = await command(`/buildrequests/${id}`, 'cancel', reason)
    if (answer._tag === 'Uncertain') return answer
    if (!isDone(answer)) return doubt(answer)
    // A request that is being picked up may have a build that the master did not stop: stop it by its number.
    const stands = await standing(external)
    if (stands._tag === 'Uncertain') return stands
    if (stands._tag === 'Missing') return { _tag: 'Acknowledged' }
    for (const { buildid, complete } of stands.builds) {
      const stopped = complete ? null : await command(`/builds/${String(buildid)}`, 'stop', reason)
      if (stopped?._tag === 'Uncertain') return stopped
      if (stopped !== null && !isDone(stopped)) return doubt(stopped)
    }
    return { _tag: 'Acknowledged' }
  }

  // -------------------------------------------------------------------------------------- check

  const check = async (): Promise<{ readonly isFine: boolean; readonly sentence: string }> => {
    const bad = (sentence: string) => ({ isFine: false, sentence: client.say(sentence) })
    const answer = await ask(`/forceschedulers/${encodeURIComponent(scheduler)}`)
    if (answer._tag === 'Uncertain') return bad(`Buildbot is not reachable: ${answer.error}`)
    const [found] = (answer.status === 200 ? decodeAnswer(Schedulers, answer) : null)?.forceschedulers ?? []
    if (found === undefined) {
      const words = wordsIn(answer)
      const advice = 'check "scheduler", and that "url" is the address of the web interface, without /api/v2'
      return bad(`Buildbot does not show the force scheduler "${scheduler}" (${String(answer.status)}${words === '' ? '' : `: ${words}`}): ${advice}.`)
    }
    const fields = flat(found.all_fields).filter(({ type }) => type !== 'fixed')
    const missing = ['tack_key', 'tack_variables'].filter((wanted) => !fields.some(({ fullName }) => fullName === wanted))
    if (missing.length > 0) return bad(`The force scheduler "${scheduler}" lacks the parameters ${missing.join(', ')}.`)
    return { isFine: true, sentence: client.say(`Buildbot takes builds of ${found.builder_names.join(', ')}.`) }
  }

  return {
    cancel,
    check,
    close: client.close,
    find,
    follow: (_job, external, report) => client.poll(pollMs, () => progressAt(external), report),
    pageOf: (external) => (requestOf(external) === null ? null : `${url}/#/buildrequests/${external}`),
    logs: createBuildbotLogs(api, Math.min(pollMs, 2_000)),
    name,
    settleMs,
    start
  }
}

export const buildbot: Kind = defineKind({
  create: ({ password, pollSeconds, scheduler, settleSeconds, url, user }, surroundings) =>
    create({ login: user === '' ? null : { password, user }, pollMs: pollSeconds * 1000, scheduler, settleMs: settleSeconds * 1000, url }, surroundings),
  kind: 'buildbot',
  reads: { pipeline: 'required', settings: [], steps: 'ignored' },
  settings: SETTINGS,
  together: ({ password, user }) =>
    (user === '') === (password === '')
      ? []
      : [{ sentence: `is not set, and "${user === '' ? 'password' : 'user'}" is: set both, or neither.`, setting: user === '' ? 'user' : 'password' }]
})
