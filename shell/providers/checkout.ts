/**
 * Checks out the files of a local build. git fetches them from the knot with the same precautions as workflow files (git.ts): a stranger runs the
 * knot, and git must neither lead elsewhere nor read anything of ours.
 *
 * The result is a repository at the commit, detached, whose `origin` is the knot. Submodules are fetched from the same knot, and from nowhere else.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { type Program, gitProgram, type Ran } from '../outbound/git-program.js'
import type { GitOptions } from '../outbound/git.js'
import { resolverFor } from '../outbound/guard.js'
import { type Proxy, startProxy } from '../outbound/proxy.js'
import { redactor, sentence } from './common.js'
import type { Checkout, Job } from './provider.js'

/** The limits of a checkout, unless its options say otherwise. */
export const defaultCheckoutLimits = { away: { everyMs: 5_000, forMs: 90_000 }, maxBytes: 2 ** 30, timeoutMs: 600_000 } as const

/** `maxBytes`, `timeoutMs` and `away` are `defaultCheckoutLimits` by default. */
export interface CheckoutOptions extends GitOptions {
  /** How long to retry if the knot is unreachable, and the pause between two attempts. */
  readonly away?: { readonly everyMs: number; readonly forMs: number }
  /** The possible URLs of the repository, the likeliest first. */
  readonly addresses: (job: Job) => ReadonlyArray<URL>
}

const OPTIONS = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules']

/** The server does not send commits by name. */
const NOT_GIVEN_OUT = /Server does not allow request for|not valid|unadvertised/

/** The depths to which branches and tags are fetched in that case. */
const DEPTHS = [16, 256, 4_096]

const FATAL = /^(?:fatal|error): (.*)$/m
const HEAD = /^([0-9a-f]{40,64})\tHEAD$/m

/** The server is up but broken, or rate-limits us. */
const SERVER_ERROR = /returned error: (?:429|5[0-9]{2})/

class Failed extends Error {
  /** `isElsewhere`: the knot has no repository at this URL, so try the next one. `isAway`: the knot could not be reached, so try again later. */
  constructor(
    message: string,
    readonly isElsewhere: boolean,
    readonly isAway = false
  ) {
    super(message)
  }
}

/** The error of a run of git, in words that do not mention the proxy. */
const failureOf = ({ isTooLong, said }: Ran, proxy: Proxy): Failed => {
  const failure = proxy.failure()
  const { password } = new URL(proxy.url)
  if (failure !== null) return failure.isTooLarge ? new Failed('The repository is too large.', false) : new Failed(`The knot cannot be reached: ${failure.reason}.`, false, true)
  if (isTooLong) return new Failed('The repository is too large.', false)
  const words = sentence(redactor([proxy.url, password]), FATAL.exec(said)?.[1] ?? said.trim())
  if (SERVER_ERROR.test(said)) return new Failed(`The knot cannot be reached: ${words}.`, false, true)
  return new Failed(words === '' ? 'git was killed.' : words, /not found|returned error: 4|could not read Username|Authentication failed/.test(said))
}

const checkOut = async (git: Program, proxy: Proxy, job: Job, address: URL, folder: string): Promise<void> => {
  const { clone, sha: wanted } = job.plan

  const run = async (...args: ReadonlyArray<string>): Promise<Buffer> => {
    const ran = await git.run(args)
    if (ran.code !== 0) throw failureOf(ran, proxy)
    return ran.stdout
  }

  const [, head = ''] = wanted === null ? (HEAD.exec((await run('ls-remote', '--', address.href, 'HEAD')).toString()) ?? []) : []
  const sha = wanted ?? head
  if (sha === '') throw new Failed('The repository is empty.', false)
  await run('init', '--quiet', '--template=', ...(sha.length === 64 ? ['--object-format=sha256'] : []), '--', folder)
  await run('-C', folder, 'remote', 'add', '--', 'origin', address.href)

  const fetch = (depth: number, refs: ReadonlyArray<string>): Promise<Ran> =>
    git.run(['-C', folder, 'fetch', ...OPTIONS, ...(depth === 0 ? [] : [`--depth=${String(depth)}`]), 'origin', ...refs])
  const isThere = async (): Promise<boolean> => (await git.run(['-C', folder, 'cat-file', '-e', `${sha}^{commit}`])).code === 0

  const exact = await fetch(clone.depth, [`+${sha}:refs/tack/commit`])
  if (exact.code !== 0 && !NOT_GIVEN_OUT.test(exact.said)) throw failureOf(exact, proxy)
  for (const depth of exact.code === 0 ? [] : DEPTHS) {
    const ran = await fetch(clone.depth === 0 ? 0 : Math.max(depth, clone.depth), ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'])
    if (ran.code !== 0) throw failureOf(ran, proxy)
    if (await isThere()) break
  }
  if (!(await isThere())) throw new Failed('There is no such commit.', false)
  await run('-C', folder, 'checkout', '--quiet', '--detach', sha)
  if (clone.submodules) await run('-C', folder, 'submodule', '--quiet', 'update', '--init', '--recursive', ...(clone.depth === 0 ? [] : ['--depth=1']))
}

/** Checks out by git over HTTP. */
export const gitCheckout = (options: CheckoutOptions): Checkout => {
  const { addresses, caFile = null, clock, git = 'git', isInsecure, policy, tmp } = options
  const { away, maxBytes, timeoutMs } = { ...defaultCheckoutLimits, ...options }
  const { resolve = resolverFor(policy) } = options

  return async (job, folder, signal) => {
    const stopping = new AbortController()
    let why = 'tack is stopping, or the build was cancelled.'
    const stop = (): void => stopping.abort()
    const disarm = clock.after(timeoutMs, () => {
      why = `The checkout took more than ${String(timeoutMs / 1000)} s.`
      stop()
    })
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    const pause = (ms: number): Promise<void> =>
      new Promise((resume) => {
        // The checkout may have been cancelled since the last attempt.
        if (stopping.signal.aborted) return resume()
        const cancel = clock.after(ms, resume)
        stopping.signal.addEventListener('abort', () => {
          cancel()
          resume()
        })
      })
    const home = await mkdtemp(path.join(tmp, 'tack-checkout-'))
    const attempt = async (): Promise<void> => {
      let failure = new Failed('There is no such repository on the knot.', true)
      for (const address of addresses(job)) {
        const proxy = await startProxy({ maxBytes, policy, resolve, target: address })
        try {
          const program = await gitProgram({ caFile, folder: home, git, isInsecure, maxFileBytes: maxBytes, proxy: proxy.url, signal: stopping.signal })
          await checkOut(program, proxy, job, address, folder)
          return
        } catch (error) {
          if (stopping.signal.aborted) throw new Error(why)
          if (error instanceof Failed) await rm(path.join(folder, '.git'), { force: true, recursive: true })
          if (!(error instanceof Failed) || !error.isElsewhere) throw error
          failure = error
        } finally {
          await proxy.close()
        }
      }
      throw failure
    }

    try {
      const giveUpUs = clock.now() + away.forMs * 1_000
      for (;;) {
        try {
          await attempt()
          return
        } catch (error) {
          if (!(error instanceof Failed) || !error.isAway) throw error
          if (clock.now() + away.everyMs * 1_000 > giveUpUs) throw new Error(`${error.message} Retried for ${String(away.forMs / 1_000)} s.`)
          await pause(away.everyMs)
          if (stopping.signal.aborted) throw new Error(why)
        }
      }
    } finally {
      disarm()
      signal.removeEventListener('abort', stop)
      await rm(home, { force: true, maxRetries: 5, recursive: true })
    }
  }
}
