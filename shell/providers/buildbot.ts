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
import {
  branchOf,
  Builders,
  Builds,
  Chunks,
  Done,
  flat,
  Forced,
  Logs,
  progressOf,
  projectOf,
  Requests,
  Schedulers,
  Steps,
  textOf,
  variableOf,
  wordsOf
} from './buildbot-answers.js'
import { type Answer, createClient, decoded, isRefusal, redactor, type TextLog } from './common.js'
import { earliestMs, isPeriod, isUrl, logOfParts, type Part, type Parts } from './hosted.js'
import type { Accepted, Heard, Job, Kind, Missing, Progress, Provider, Refused, Surroundings, Uncertain } from './provider.js'

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

/** How many requests are asked for at once, and how many pages are turned: each costs the master a look at its properties. */
const PAGE = 100
const MAX_PAGES = 100

/** How many lines of a log are asked for at once, and how much of it is shown, in UTF-16 units. */
const LINES = 1_000
const LONGEST_LOG = 4_194_304

// ---------------------------------------------------------------------------------------- the adapter

const create = ({ login, pollMs, scheduler, settleMs, url }: Options, { clock, fetch, name }: Surroundings): Provider => {
  const basic = login === null ? null : `${login.user}:${login.password}`
  const client = createClient({ clock, fetch, secrets: [login?.password ?? '', basic ?? ''] })

  /** The session; `null`: there is none yet. Buildbot takes a password at one address only, and there gives out a cookie. */
  let cookie: string | null = null
  /** What a server says may repeat the cookie, too. */
  const clean = (words: string): string => redactor(cookie === null ? [] : cookie.split('; ').map((pair) => pair.replace(/^[^=]*=/, '')))(words)

  const send = (path: string, command: unknown): Promise<Answer | Uncertain> =>
    client.ask({
      headers: {
        accept: 'application/json',
        // A proxy before Buildbot may want it, which Buildbot itself does not mind.
        ...(basic === null ? {} : { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
        ...(cookie === null || cookie === '' ? {} : { cookie }),
        ...(command === null ? {} : { 'content-type': 'application/json' })
      },
      ...(command === null ? {} : { body: JSON.stringify(command), method: 'POST' as const }),
      url: `${url}${path}`
    })

  const logIn = async (): Promise<Uncertain | null> => {
    cookie = null
    const answer = await send('/auth/login', null)
    if (answer._tag === 'Uncertain') return answer
    const given = answer.headers.getSetCookie().flatMap((one) => /^[^;]*/.exec(one) ?? [])
    // Where there is nothing to log in to (501), or nobody is let in, it is the answer to the request itself that counts.
    if (given.length === 0 && answer.status !== 302 && answer.status !== 501 && !isRefusal(answer.status)) return doubt(answer)
    cookie = given.join('; ')
    return null
  }

  const ask = async (path: string, command: unknown = null): Promise<Answer | Uncertain> => {
    if (login !== null && cookie === null) {
      const failed = await logIn()
      if (failed !== null) return failed
    }
    const answer = await send(`/api/v2${path}`, command)
    if (login === null || answer._tag === 'Uncertain' || (answer.status !== 401 && answer.status !== 403)) return answer
    // Sessions end. What was not allowed was not done.
    return (await logIn()) ?? send(`/api/v2${path}`, command)
  }

  /** A JSON-RPC call, as all that changes something is. */
  const command = (path: string, method: string, params: { readonly [name: string]: unknown }): Promise<Answer | Uncertain> =>
    ask(path, { id: 1, jsonrpc: '2.0', method, params })

  const doubt = (answer: Answer): Uncertain => client.doubt(answer, clean(wordsOf(answer)))

  const get = async <A>(path: string, codec: t.Type<A, unknown>): Promise<{ readonly _tag: 'Got'; readonly value: A } | Missing | Uncertain> => {
    const answer = await ask(path)
    if (answer._tag === 'Uncertain') return answer
    if (answer.status === 404) return { _tag: 'Missing' }
    const value = answer.status === 200 ? decoded(codec, answer) : null
    return value === null ? doubt(answer) : { _tag: 'Got', value }
  }

  const builderOf = ({ plan }: Job): string => plan.pipeline

  // -------------------------------------------------------------------------------------- start and find

  const refusal = (what: string, answer: Answer): Refused => client.refuse(`${what} (${String(answer.status)}): ${clean(wordsOf(answer))}`)

  /**
   * Whether the scheduler will take the build as we mean it: that it knows the builder, for its answer else is an internal error, and
   * that it keeps the key, for without it no build would ever be found again.
   */
  const readiness = async (job: Job): Promise<Refused | Uncertain | null> => {
    const answer = await ask(`/forceschedulers/${encodeURIComponent(scheduler)}`)
    if (answer._tag === 'Uncertain') return answer
    if (isRefusal(answer.status)) return refusal(`Buildbot does not let us use the force scheduler "${scheduler}"`, answer)
    const [found] = (answer.status === 200 ? decoded(Schedulers, answer) : null)?.forceschedulers ?? []
    if (found === undefined) return doubt(answer)
    if (!found.builder_names.includes(builderOf(job)))
      return client.refuse(`The force scheduler "${scheduler}" of Buildbot has no builder "${builderOf(job)}".`)
    const key = flat(found.all_fields).find(({ fullName }) => fullName === 'tack_key')
    if (key === undefined || key.type === 'fixed')
      return client.refuse(`The force scheduler "${scheduler}" of Buildbot has no parameter "tack_key", by which builds are found again.`)
    return null
  }

  const start = async (job: Job): Promise<Accepted | Refused | Uncertain> => {
    const unready = await readiness(job)
    if (unready !== null) return unready
    const answer = await command(`/forceschedulers/${encodeURIComponent(scheduler)}`, 'force', {
      branch: branchOf(job),
      builderNames: [builderOf(job)],
      // Requests of one source are merged by Buildbot while they wait, whatever their properties say: this makes each a source of its own.
      project: projectOf(job),
      reason: `${job.build.workflow} for Tangled`,
      repository: variableOf(job, 'TANGLED_REPO_URL'),
      revision: job.plan.sha ?? '',
      tack_key: job.key,
      tack_variables: JSON.stringify(Object.fromEntries(job.plan.variables))
    })
    if (answer._tag === 'Uncertain') return answer
    const [request] = Object.values((answer.status === 200 ? decoded(Forced, answer) : null)?.result[1] ?? {})
    if (request !== undefined) return { _tag: 'Accepted', external: String(request) }
    return isRefusal(answer.status) ? refusal(`Buildbot does not start "${builderOf(job)}"`, answer) : doubt(answer)
  }

  const look = async (job: Job): Promise<Accepted | Missing | Uncertain> => {
    const builder = await get(`/builders/${encodeURIComponent(builderOf(job))}`, Builders)
    if (builder._tag === 'Uncertain') return builder
    const [found] = builder._tag === 'Got' ? builder.value.builders : []
    if (found === undefined) return client.uncertain(`Buildbot has no builder "${builderOf(job)}" in which the build could be looked for`)
    const fromMs = earliestMs(job, client.nowMs())
    const since = fromMs === null ? '' : `&submitted_at__ge=${String(Math.floor(fromMs / 1000))}`
    // Newest first, so that what comes meanwhile moves others to pages that are still to come. Of several, the first is ours.
    let oldest: number | null = null
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = `property=tack_key&order=-buildrequestid&limit=${String(PAGE)}&offset=${String(page * PAGE)}${since}`
      const requests = await get(`/builders/${String(found.builderid)}/buildrequests?${query}`, Requests)
      if (requests._tag !== 'Got') return requests._tag === 'Uncertain' ? requests : client.uncertain('Buildbot does not list its requests')
      for (const { buildrequestid: id, properties } of requests.value.buildrequests) {
        const value = properties?.['tack_key']
        if (Array.isArray(value) && value[0] === job.key) oldest = Math.min(oldest ?? id, id)
      }
      if (requests.value.buildrequests.length < PAGE) return oldest === null ? { _tag: 'Missing' } : { _tag: 'Accepted', external: String(oldest) }
    }
    return oldest === null
      ? client.uncertain('Buildbot lists more requests than can be looked through')
      : { _tag: 'Accepted', external: String(oldest) }
  }

  // -------------------------------------------------------------------------------------- follow and cancel

  /** The number of a request; `null` for what cannot be one. */
  const requestOf = (external: string): string | null => (/^[0-9]{1,15}$/.test(external) ? external : null)

  const nameless = (external: string): Uncertain => client.uncertain(`"${external}" is not the number of a request at Buildbot`)

  /** A request and its builds, asked in this order: what is complete has all its builds. */
  const standing = async (external: string) => {
    const id = requestOf(external)
    if (id === null) return nameless(external)
    const requests = await get(`/buildrequests/${id}`, Requests)
    if (requests._tag !== 'Got') return requests
    const [request] = requests.value.buildrequests
    if (request === undefined) return { _tag: 'Missing' } as const
    const builds = await get(`/buildrequests/${id}/builds?order=buildid`, Builds)
    if (builds._tag !== 'Got') return builds
    return { _tag: 'Standing', builds: builds.value.builds, request } as const
  }

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

  // -------------------------------------------------------------------------------------- logs

  const GONE = 'Buildbot no longer has the build.'

  const logsOf = async (external: string): Promise<Parts | Refused | Uncertain> => {
    const stands = await standing(external)
    if (stands._tag !== 'Standing') return stands._tag === 'Missing' ? client.refuse(GONE) : stands
    const parts: Array<Part> = []
    for (const { buildid } of stands.builds) {
      const steps = await get(`/builds/${String(buildid)}/steps?order=number`, Steps)
      if (steps._tag !== 'Got') return steps._tag === 'Missing' ? client.refuse(GONE) : steps
      for (const { hidden, name: step, stepid } of steps.value.steps) {
        const logs = hidden ? null : await get(`/steps/${String(stepid)}/logs`, Logs)
        if (logs?._tag === 'Uncertain') return logs
        for (const { logid, name: log, num_lines: lines, type } of logs?._tag === 'Got' ? logs.value.logs : [])
          // The others are pages of HTML. An empty one may yet be written to, as long as the build goes on.
          if (type === 's' || type === 't')
            parts.push({ id: String(logid), isReadable: lines > 0, name: log === 'stdio' ? step : `${step}: ${log}` })
      }
    }
    return { _tag: 'Parts', hasEnded: stands.request.complete, parts }
  }

  /** Reads one log on and on: only what has come since is asked for, and nothing is kept but where chunks begin. */
  const logReader = (part: Part): ((wanted: number) => Promise<TextLog | Refused | Uncertain>) => {
    interface Mark {
      readonly at: number
      readonly line: number
    }
    let marks: Array<Mark> = [{ at: 0, line: 0 }]
    return async (wanted) => {
      const found = await get(`/logs/${part.id}`, Logs)
      if (found._tag === 'Uncertain') return found
      const [log] = found._tag === 'Got' ? found.value.logs : []
      if (log === undefined) return { _tag: 'None', sentence: 'Buildbot does not keep this log any more.' }
      const { at: from, line: first } = marks.filter(({ at }) => at <= wanted).at(-1) ?? { at: 0, line: 0 }
      marks = [{ at: from, line: first }]
      let text = ''
      for (let line = first; line < log.num_lines && from + text.length < LONGEST_LOG; ) {
        const count = Math.min(LINES, log.num_lines - line)
        const chunks = await get(`/logs/${part.id}/contents?offset=${String(line)}&limit=${String(count)}`, Chunks)
        // What has come before is handed out; the next question will say whether there still is none.
        if (chunks._tag === 'Uncertain') return text === '' ? chunks : { _tag: 'Text', from, isComplete: false, text }
        const [chunk] = chunks._tag === 'Got' ? chunks.value.logchunks : []
        if (chunk === undefined) break
        text += textOf(log.type, chunk.content)
        line += count
        marks.push({ at: from + text.length, line })
      }
      if (from + text.length < LONGEST_LOG) return { _tag: 'Text', from, isComplete: log.complete, text }
      return { _tag: 'Text', from, isComplete: true, text: `${text}(The log goes on at Buildbot; no more of it is shown here.)\n` }
    }
  }

  const logs: Provider['logs'] = (_job, external, signal) => {
    const readers = new Map<string, ReturnType<typeof logReader>>()
    const read = (part: Part, at: number): Promise<TextLog | Refused | Uncertain> => {
      const reader = readers.get(part.id) ?? logReader(part)
      readers.set(part.id, reader)
      return reader(at)
    }
    return logOfParts(client, { everyMs: Math.min(pollMs, 2_000), list: () => logsOf(external), read, signal })
  }

  // -------------------------------------------------------------------------------------- check

  const check = async (): Promise<{ readonly isFine: boolean; readonly sentence: string }> => {
    const bad = (sentence: string) => ({ isFine: false, sentence: client.say(sentence) })
    const answer = await ask(`/forceschedulers/${encodeURIComponent(scheduler)}`)
    if (answer._tag === 'Uncertain') return bad(`Buildbot is not reachable: ${answer.error}`)
    const [found] = (answer.status === 200 ? decoded(Schedulers, answer) : null)?.forceschedulers ?? []
    if (found === undefined)
      return bad(`Buildbot does not show the force scheduler "${scheduler}" (${String(answer.status)}): ${clean(wordsOf(answer))}`)
    const fields = flat(found.all_fields).filter(({ type }) => type !== 'fixed')
    const missing = ['tack_key', 'tack_variables'].filter((wanted) => !fields.some(({ fullName }) => fullName === wanted))
    if (missing.length > 0) return bad(`The force scheduler "${scheduler}" lacks the parameters ${missing.join(', ')}.`)
    return { isFine: true, sentence: client.say(`Buildbot takes builds of ${found.builder_names.join(', ')}.`) }
  }

  return {
    cancel,
    check,
    close: client.close,
    find: look,
    follow: (_job, external, report) => client.poll(pollMs, () => progressAt(external), report),
    logs,
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
  }
}
