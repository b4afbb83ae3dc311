/**
 * What a half-written provider lacks, in sentences: each of its functions is called once, by a server that does what it is asked, and what comes of it is
 * told with what was to come. The cases of the contract say the rest, which are of no use to whoever has half of them to write still.
 */
import type { Status } from '../../../core/index.js'
import type { Accepted, Acknowledged, Job, LogLine, Missing, Progress, Provider, Refused, Uncertain } from '../../../shell/providers/provider.js'
import type { Workshop } from './contract.js'

/** What the CI logs. */
const LINE = 'a line of the log'

type Outcome = Accepted | Acknowledged | Missing | Refused | Uncertain

const shown = (outcome: Outcome): string => ('error' in outcome ? `${outcome._tag} ("${outcome.error}")` : outcome._tag)

/** What is known of the target, beside its bench. */
export interface Expected {
  readonly ends: ReadonlyArray<Status>
  /** Builds that are not one. */
  readonly jobs: readonly [job: Job, other: Job]
  /**
   * How long the provider may take for anything, by its own clock. That goes on whenever nothing happens: where the CI is a program of this machine, which
   * takes its own time, minutes are over at once.
   */
  readonly patienceMinutes: number
}

/** How many calls are told of one function: of one that polls, the latest. */
const TOLD = 4

/** Tries the provider, and returns a sentence for each thing that it lacks; none where it can be left to the contract. */
export const missingFeatures = async (workshop: Workshop, { ends, jobs: [job, other], patienceMinutes }: Expected): Promise<ReadonlyArray<string>> => {
  const { bench, clock, restart, until } = workshop
  const lacks: Array<string> = []
  const patience = `${String(patienceMinutes)} minutes`
  const overUs = (): number => clock.now() + patienceMinutes * 60_000_000

  let before = 0
  const begin = (): void => {
    before = bench.answered?.().length ?? 0
  }
  /** What the server has heard since the function was called: a wrong path shows here first. */
  const exchange = (): string => {
    if (bench.answered === undefined) return ''
    const told = bench.answered().slice(before).slice(-TOLD)
    return told.length === 0 ? ' Nothing reached the CI.' : ` What reached the CI, with its answer: ${told.join(', ')}.`
  }

  /** What the call comes to; `null` when it comes to nothing, which is told, with a remedy. */
  const called = async <A>(
    name: string,
    call: () => Promise<A>,
    remedy = 'it is to answer, whatever happens; client.ask has a limit of time'
  ): Promise<A | null> => {
    begin()
    let settled: { readonly value: A } | { readonly error: unknown } | null = null
    try {
      call().then(
        (value) => (settled = { value }),
        (error: unknown) => (settled = { error })
      )
    } catch (error) {
      lacks.push(`${name} throws (${String(error)}): nothing may be thrown, a failure is an answer, too.`)
      return null
    }
    const answer = (): typeof settled => settled
    const endUs = overUs()
    await until(() => answer() !== null || clock.now() > endUs)
    const got = answer()
    if (got === null) lacks.push(`${name} has not answered after ${patience} of the provider's clock: ${remedy}.${exchange()}`)
    else if ('error' in got) lacks.push(`${name} rejects (${String(got.error)}): nothing may reject, a failure is an answer, too.`)
    else return got.value
    return null
  }

  const provider = await restart()
  const external = await startLacks(provider)
  if (external !== null) {
    await findLacks(external)
    await followLacks(provider, external)
    await logLacks(provider, external)
    await cancelLacks()
  }
  await checkLacks(provider)
  if (bench.signing !== null && provider.webhook === undefined)
    lacks.push('webhook is missing, and the target says how calls are signed (signing): write it, or set signing to null.')
  if (bench.signing === null && provider.webhook !== undefined)
    lacks.push('webhook is there, and is not tried: the target has to say how calls are signed (signing).')
  await called('close', provider.close)
  return lacks

  async function startLacks(one: Provider): Promise<string | null> {
    const outcome = await called('start', () => one.start(job))
    if (outcome === null) return null
    const count = bench.started(job.key)
    if (outcome._tag !== 'Accepted') {
      lacks.push(`start answers ${shown(outcome)}, where the CI has ${count > 0 ? 'begun the build' : 'not begun the build'}: it is to ask the CI for a build, and to answer Accepted when the CI says that it is there.${exchange()}`)
      return null
    }
    if (count === 0) lacks.push('start answers Accepted, and the CI has no build under job.key: hand the key to the CI, in a place that can be searched or listed.')
    if (count > 1) lacks.push(`start has begun ${String(count)} builds: it is to ask once. The core asks again, when it is safe.`)
    if (outcome.external === '') lacks.push('start answers Accepted without a name: external is what the CI itself calls the build.')
    return count === 1 && outcome.external !== '' ? outcome.external : null
  }

  async function findLacks(name: string): Promise<void> {
    const fresh = await restart()
    const found = await called('find', () => fresh.find(job))
    if (found !== null && found._tag !== 'Accepted')
      lacks.push(`find answers ${shown(found)} for a build that is there, in a provider that was made a moment ago: it is to ask the CI by job.key, and may rely on nothing in memory.${exchange()}`)
    if (found?._tag === 'Accepted' && found.external !== name)
      lacks.push(`find calls the build "${found.external}", and start called it "${name}": external is one name for ever, or the core takes them for two builds.`)
    const missing = await called('find', () => fresh.find(other))
    if (missing !== null && missing._tag !== 'Missing')
      lacks.push(`find answers ${shown(missing)} for a build that was never begun: when the CI has answered and does not have it, that is Missing; no other build will do.${exchange()}`)
  }

  async function followLacks(one: Provider, name: string): Promise<void> {
    const reports: Array<Progress> = []
    const end = ends[0] ?? 'success'
    begin()
    let stop: (() => void) | null = null
    const heard = async (status: Status): Promise<boolean> => {
      const endUs = overUs()
      await until(() => reports.some((report) => report.status === status) || clock.now() > endUs)
      return reports.some((report) => report.status === status)
    }
    // A build that has ended logs nothing any more.
    bench.move(job.key, 'running')
    bench.say(job.key, LINE)
    try {
      stop = one.follow(job, name, (report) => reports.push(report))
    } catch (error) {
      lacks.push(`follow throws (${String(error)}): it is to ask again and again, and to report each change.`)
      return
    }
    for (const status of ['running', end] as const) {
      if (status === end) bench.move(job.key, status)
      if (await heard(status)) continue
      lacks.push(`follow does not report "${status}" within ${patience}, where the CI says so: it is to ask how the build stands (client.poll), and to know the CI's word for it.${exchange()}`)
      break
    }
    stop()
    const names = new Set(reports.map((report) => report.external))
    names.delete(name)
    for (const wrong of names) lacks.push(`follow calls the build "${wrong}", and start called it "${name}": external is one name for ever.`)
  }

  async function logLacks(one: Provider, name: string): Promise<void> {
    bench.move(job.key, ends[0] ?? 'success')
    const stop = new AbortController()
    const lines: Array<LogLine> = []
    const reading = async (): Promise<ReadonlyArray<LogLine>> => {
      for await (const line of one.logs(job, name, stop.signal)) lines.push(line)
      return lines
    }
    const read = await called('logs', reading, 'the log is to end where the build has ended; what is read from then on is complete (isComplete)')
    stop.abort()
    if (read !== null && !lines.some((line) => line._tag === 'Text' && line.text === LINE))
      lacks.push(`logs does not bring what the CI has logged: of one line there came ${String(lines.length)} pieces, none of which is its text.${exchange()}`)
  }

  async function cancelLacks(): Promise<void> {
    const fresh = await restart()
    const outcome = await called('start', () => fresh.start(other))
    if (outcome?._tag !== 'Accepted') return
    const heard = await called('cancel', () => fresh.cancel(other, outcome.external))
    if (heard !== null && heard._tag !== 'Acknowledged') lacks.push(`cancel answers ${shown(heard)}, where the CI does what it is asked: that is Acknowledged.${exchange()}`)
    const endUs = overUs()
    await until(() => bench.isCancelled(other.key) || clock.now() > endUs)
    if (heard?._tag === 'Acknowledged' && !bench.isCancelled(other.key)) lacks.push(`cancel answers Acknowledged, and the CI was not told to end the build.${exchange()}`)
  }

  async function checkLacks(one: Provider): Promise<void> {
    const checked = await called('check', one.check)
    if (checked === null) return
    if (checked.sentence.trim() === '') lacks.push('check says nothing: it is to say in a sentence whether the CI can be reached, and takes our token.')
    if (!checked.isFine) lacks.push(`check finds fault ("${checked.sentence}"), where nothing is wrong.${exchange()}`)
  }
}
