/**
 * Buildbot: builds by a force scheduler of a master that the operator runs, over its REST API (version 2).
 *
 * The scheduler gives each build request the property `tack_key`, by which it is found again: requests of a builder can be listed with
 * one property of each. Buildbot calls nobody in a way that can be believed, so it is asked.
 *
 * Sources: https://docs.buildbot.net/latest/developer/rest.html and …/raml; the answers as Buildbot 4.3 gives them.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { decode } from '../store/json.js'
import { Done, flat, progressOf, Schedulers } from './buildbot-answers.js'
import { basicOf, createBuildbotApi } from './buildbot-api.js'
import { createBuildbotLogs } from './buildbot-logs.js'
import { createBuildbotStarts } from './buildbot-starts.js'
import { type Answer, createClient, decoded } from './common.js'
import { isPeriod, isUrl } from './hosted.js'
import type { Heard, Job, Kind, Missing, Progress, Provider, Surroundings, Uncertain } from './provider.js'

// ---------------------------------------------------------------------------------------- settings

const Settings = t.intersection(
  [
    t.type({
      /** Where the web interface of the master is. */
      url: t.string
    }),
    t.partial({
      password: t.string,
      /** How often a build is looked at. 5 s. */
      pollSeconds: t.number,
      /** The name of the force scheduler. `tack`. */
      scheduler: t.string,
      /** How long a request may take to be listed. 10 s. */
      settleSeconds: t.number,
      user: t.string
    })
  ],
  'Settings'
)

interface Options {
  /** `null`: nobody need log in. */
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

  const cancel = async (_job: Job, external: string): Promise<Heard | Uncertain> => {
    const id = requestOf(external)
    if (id === null) return nameless(external)
    const reason = { reason: 'It was cancelled at Tangled.' }
    const isDone = (answer: Answer): boolean => answer.status === 200 && decoded(Done, answer) !== null
    const answer = await command(`/buildrequests/${id}`, 'cancel', reason)
    if (answer._tag === 'Uncertain') return answer
    if (!isDone(answer)) return doubt(answer)
    // A request that is being taken up at this moment may have a build that its master did not see: it is ended by name.
    const stands = await standing(external)
    if (stands._tag === 'Uncertain') return stands
    if (stands._tag === 'Missing') return { _tag: 'Heard' }
    for (const { buildid, complete } of stands.builds) {
      const stopped = complete ? null : await command(`/builds/${String(buildid)}`, 'stop', reason)
      if (stopped?._tag === 'Uncertain') return stopped
      if (stopped !== null && !isDone(stopped)) return doubt(stopped)
    }
    return { _tag: 'Heard' }
  }

  // -------------------------------------------------------------------------------------- check

  const check = async (): Promise<{ readonly isFine: boolean; readonly sentence: string }> => {
    const bad = (sentence: string) => ({ isFine: false, sentence: client.say(sentence) })
    const answer = await ask(`/forceschedulers/${encodeURIComponent(scheduler)}`)
    if (answer._tag === 'Uncertain') return bad(`Buildbot is not reachable: ${answer.error}`)
    const [found] = (answer.status === 200 ? decoded(Schedulers, answer) : null)?.forceschedulers ?? []
    if (found === undefined)
      return bad(`Buildbot does not show the force scheduler "${scheduler}" (${String(answer.status)}): ${wordsIn(answer)}`)
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

export const buildbot: Kind = {
  kind: 'buildbot',
  make: (settings, surroundings) => {
    const known = decode(Settings, settings)
    if (E.isLeft(known)) return known
    const { environment } = surroundings
    const {
      password = environment['TACK_BUILDBOT_PASSWORD'] ?? '',
      pollSeconds = 5,
      scheduler = 'tack',
      settleSeconds = 10,
      url,
      user = environment['TACK_BUILDBOT_USER'] ?? ''
    } = known.right
    if (!isUrl(url)) return E.left('"url" must be the address of the web interface of Buildbot, and begin with https:// or http://')
    if (scheduler === '') return E.left('"scheduler" must be the name of a force scheduler')
    if ((user === '') !== (password === '')) return E.left('set both "user" and "password", or neither')
    if (user.includes(':')) return E.left('"user" must not contain a colon')
    if (!isPeriod(pollSeconds, 1)) return E.left('"pollSeconds" must be from 1 to 3600')
    if (!isPeriod(settleSeconds, 0)) return E.left('"settleSeconds" must be from 0 to 3600')
    const login = user === '' ? null : { password, user }
    return E.right(
      create({ login, pollMs: pollSeconds * 1000, scheduler, settleMs: settleSeconds * 1000, url: url.replace(/\/+$/, '') }, surroundings)
    )
  },
  reads: { pipeline: 'required', settings: [], steps: 'ignored' },
  variables: ['TACK_BUILDBOT_PASSWORD', 'TACK_BUILDBOT_USER']
}
