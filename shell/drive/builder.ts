/**
 * Builds at their providers: turns requests of the core into calls, and the answers into events. Each request gets exactly one answer; following
 * goes on until the core ends it. One account with thousands of builds to start does not delay those of others.
 */
import {
  type BuildName,
  buildKey,
  type CancelBuild,
  type Event,
  type FindBuild,
  type FollowBuild,
  type Natural,
  type StartBuild,
  type UnfollowBuild
} from '../../core/index.js'
import { createFairQueue } from '../lib/queue.js'
import type { Clock, Deliver } from '../ports.js'
import { reportOf } from '../providers/report.js'
import type { Accepted, Acknowledged, Job, Missing, Provider, Refused, Uncertain } from '../providers/provider.js'

export interface Builder {
  readonly cancel: (request: CancelBuild, deliver: Deliver) => void
  readonly find: (request: FindBuild, deliver: Deliver) => void
  readonly follow: (request: FollowBuild, deliver: Deliver) => void
  readonly start: (request: StartBuild, deliver: Deliver) => void
  readonly unfollow: (request: UnfollowBuild) => void
  /** Stops following all builds. Resolves when the providers have stopped whatever does not outlive tack. */
  readonly close: () => Promise<void>
}

/** Concurrent requests to one provider, and how many of them for repositories of one account. Accounts take turns. */
const AT_A_TIME = 32
const AT_A_TIME_FOR_ACCOUNT = 24

type ProviderAnswer = Accepted | Acknowledged | Missing | Refused | Uncertain

/** A delay that a foreign server asked for, capped to what a timer can hold: a day. */
const wait = (ms: number): Natural => Math.min(Math.max(Math.ceil(Number.isFinite(ms) ? ms : 0), 0), 86_400_000) as Natural

export const createBuilder = (providers: ReadonlyArray<Provider>, clock: Clock): Builder => {
  const byName = new Map(providers.map((provider) => [provider.name, provider]))
  const queues = new Map(providers.map(({ name }) => [name, createFairQueue(AT_A_TIME, AT_A_TIME_FOR_ACCOUNT)]))
  const following = new Map<string, () => void>()
  let isClosed = false

  const jobOf = ({ build, plan }: Pick<StartBuild, 'build' | 'plan'>): Job => ({ build, key: buildKey(build), plan })

  const eventOf = (build: BuildName, number: Natural, answer: ProviderAnswer, settleMs: number): Event => {
    const at = clock.now()
    switch (answer._tag) {
      case 'Accepted':
        return { _tag: 'BuildAccepted', at, build, external: answer.external, number }
      case 'Acknowledged':
        return { _tag: 'CancelAcknowledged', at, build, number }
      case 'Missing':
        return { _tag: 'BuildMissing', at, build, number, settleMs: wait(settleMs) }
      case 'Refused':
        return { _tag: 'RequestFailed', at, error: answer.error, isFinal: true, number, requested: { _tag: 'Build', build }, waitMs: wait(0) }
      case 'Uncertain':
        return { _tag: 'RequestFailed', at, error: answer.error, isFinal: false, number, requested: { _tag: 'Build', build }, waitMs: wait(answer.waitMs) }
    }
  }

  const ask = (
    request: StartBuild | FindBuild | CancelBuild,
    deliver: Deliver,
    question: (provider: Provider, job: Job) => Promise<ProviderAnswer>
  ): void => {
    const provider = byName.get(request.plan.provider)
    const answer = (said: ProviderAnswer): void => {
      if (!isClosed) deliver(eventOf(request.build, request.number, said, provider?.settleMs ?? 0))
    }
    // The core asks only for providers of the configuration, which are these.
    if (provider === undefined) return answer({ _tag: 'Uncertain', error: `there is no provider ${request.plan.provider}`, waitMs: 0 })
    const asked = async (): Promise<void> => {
      try {
        answer(await question(provider, jobOf(request)))
      } catch (error) {
        answer({ _tag: 'Uncertain', error: String(error), waitMs: 0 })
      }
    }
    const { owner } = request.plan.repository
    queues.get(provider.name)?.add(owner, owner, asked)
  }

  const unfollow = (key: string): void => {
    following.get(key)?.()
    following.delete(key)
  }

  return {
    cancel: (request, deliver) =>
      ask(request, deliver, (provider, job) => provider.cancel(job, request.external)),
    close: async () => {
      isClosed = true
      for (const key of [...following.keys()]) unfollow(key)
      // The core asks again at the next start for what is queued; requests under way end with their provider.
      for (const queue of queues.values()) void queue.close()
      await Promise.all(providers.map((provider) => provider.close()))
    },
    find: (request, deliver) => ask(request, deliver, (provider, job) => provider.find(job)),
    follow: (request, deliver) => {
      const provider = byName.get(request.plan.provider)
      if (provider === undefined || isClosed) return
      const job = jobOf(request)
      unfollow(job.key)
      const stop = provider.follow(job, request.external, (progress) => {
        if (!isClosed) deliver(reportOf(clock.now(), provider.name, request.build, progress))
      })
      following.set(job.key, stop)
    },
    start: (request, deliver) => ask(request, deliver, (provider, job) => provider.start(job)),
    unfollow: ({ build }) => unfollow(buildKey(build))
  }
}
