/** Checkouts by real git from knots on loopback: what is there afterwards, and what is not. */
import { execFileSync } from 'node:child_process'
import { getEventListeners } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Did, type Plan, Sha } from '../../../core/index.js'
import { systemClock } from '../../../shell/lib/clock.js'
import type { Clock } from '../../../shell/ports.js'
import { type GitOptions as ServerOptions, type KnotServer, type Repo, type RepoOptions, startKnot } from '../../../shell/demo-network/index.js'
import { type CheckoutOptions, gitCheckout } from '../../../shell/providers/checkout.js'
import { must } from '../../suite/examples/support.js'
import { manualClock } from '../support/bridge.js'
import { eventually, httpServer, tcpServer } from '../support/sockets.js'
import { BUILD, jobOf } from './contract.js'
import { hasGit, WITHOUT_GIT } from '../support/git.js'

const OWNER = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'

const served = async (git: ServerOptions = {}, options: RepoOptions = {}): Promise<{ readonly knot: KnotServer; readonly repo: Repo }> => {
  const knot = await startKnot({ clock: systemClock(), generation: 'newer', git })
  onTestFinished(knot.stop)
  return { knot, repo: await knot.git.createRepository({ name: 'thing', owner: OWNER, ...options }) }
}

const emptyFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tack-spec-checkout-'))
  onTestFinished(() => rmSync(folder, { force: true, recursive: true }))
  return folder
}

const planOf = (sha: string | null, clone: Partial<Plan['clone']> = {}): Partial<Plan> => ({
  clone: { depth: 1 as Plan['clone']['depth'], skip: false, submodules: false, ...clone },
  repository: { did: '', name: 'thing', owner: must(Did.decode(OWNER)), rkey: 'r' as Plan['repository']['rkey'] },
  sha: sha === null ? null : must(Sha.decode(sha))
})

/** Checks out, and makes sure that nothing is left beside the folder. */
const checkedOut = async (addresses: ReadonlyArray<string>, plan: Partial<Plan>, changes: Partial<CheckoutOptions> = {}, signal = new AbortController().signal) => {
  const [folder, tmp] = [emptyFolder(), emptyFolder()]
  const servers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length
  const before = servers()
  const checkout = gitCheckout({
    addresses: () => addresses.map((one) => new URL(one)),
    clock: systemClock(),
    isInsecure: true,
    away: { everyMs: 10, forMs: 0 },
    policy: { allowLoopback: true },
    tmp,
    ...changes
  })
  try {
    await checkout(jobOf(BUILD, plan), folder, signal)
  } finally {
    expect([readdirSync(tmp), getEventListeners(signal, 'abort')]).toEqual([[], []])
    // Those of the test before may go meanwhile.
    await eventually(() => expect(servers()).toBeLessThanOrEqual(before))
  }
  const git = (...args: ReadonlyArray<string>): string => execFileSync('git', ['-C', folder, ...args]).toString().trim()
  return { file: (name: string): string => readFileSync(join(folder, name), 'utf8'), folder, git }
}

/** Why a checkout failed. */
const failing = async (...args: Parameters<typeof checkedOut>): Promise<string> =>
  checkedOut(...args).then(
    () => 'nothing went wrong',
    (error: unknown) => (error instanceof Error ? error.message : String(error))
  )

const at = (knot: KnotServer, path = `${OWNER}/thing`): string => `http://${knot.host}/${path}`

describe.skipIf(!hasGit)(`the size limit${WITHOUT_GIT}`, () => {
  test('applies to files as well: a short transfer may be long when unpacked', async () => {
    const { knot, repo } = await served()
    const { newSha } = await repo.commitAndPush([{ content: 'x'.repeat(2 ** 20), path: 'long' }, { content: 'here', path: 'short' }])
    expect((await checkedOut([at(knot)], planOf(newSha), { maxBytes: 2 ** 21 })).file('short')).toBe('here')
    await expect(checkedOut([at(knot)], planOf(newSha), { maxBytes: 2 ** 19 })).rejects.toThrow()
  })
})

describe.skipIf(!hasGit).each<readonly [string, ServerOptions]>([
  ['that does all', {}],
  ['of the older protocol, which gives out branches only', { filters: false, givesOutAny: false, protocol: 0 }]
])(`from a knot %s${WITHOUT_GIT}`, (_, kind) => {
  test.each(['sha1', 'sha256'] as const)('the commit is checked out, not the branch: %s', async (format) => {
    const { knot, repo } = await served(kind, { format })
    const { newSha } = await repo.commitAndPush([{ content: 'then', path: 'a/file' }, { content: '#!/bin/sh\n', mode: '100755', path: 'run' }])
    await repo.commitAndPush([{ content: 'now', path: 'a/file' }])
    const { file, folder, git } = await checkedOut([at(knot)], planOf(newSha))
    expect([file('a/file'), git('rev-parse', 'HEAD'), git('status', '--porcelain')]).toEqual(['then', newSha, ''])
    expect(git('config', 'remote.origin.url')).toBe(at(knot))
    expect(readdirSync(folder).sort()).toEqual(['.git', 'a', 'run'])
    // The proxy, its password, and hooks have no place in what steps can read.
    expect(file('.git/config')).not.toContain('proxy')
    expect(existsSync(join(folder, '.git/hooks'))).toBe(false)
  })

  test('a commit is checked out however far it is from the end of its branch, and where only a tag leads to it', async () => {
    const { knot, repo } = await served(kind)
    const { newSha: first } = await repo.commitAndPush([{ content: 'first', path: 'file' }])
    for (let i = 0; i < 18; i++) await repo.commitAndPush([{ content: String(i), path: 'file' }])
    const { oldSha: last } = await repo.commitAndPush([{ content: 'last', path: 'file' }])
    expect((await checkedOut([at(knot)], planOf(first))).file('file')).toBe('first')
    const deep = await checkedOut([at(knot)], planOf(last, { depth: 18 as Plan['clone']['depth'] }))
    // Where only ends are given out, depth is counted from there.
    expect(deep.git('rev-list', '--count', 'HEAD')).toBe(kind.givesOutAny === false ? '17' : '18')
    const { newSha: tagged } = await repo.commitAndPush([{ content: 'tagged', path: 'file' }], { anew: true, ref: 'refs/tags/v1' })
    await repo.commitAndPush([{ content: 'then', path: 'file' }], { ref: 'refs/tags/v1' })
    expect((await checkedOut([at(knot)], planOf(tagged))).file('file')).toBe('tagged')
  })

  test('a checkout has as much history as requested', async () => {
    const { knot, repo } = await served(kind)
    // More than is got of a branch at first, where only branches are given out.
    for (let i = 0; i < 18; i++) await repo.commitAndPush([{ content: String(i), path: 'file' }])
    const { newSha } = await repo.commitAndPush([{ content: 'last', path: 'file' }])
    // No branch ends at it any more.
    await repo.commitAndPush([{ content: 'then', path: 'file' }])
    const whole = await checkedOut([at(knot)], planOf(newSha, { depth: 0 as Plan['clone']['depth'] }))
    expect(whole.git('rev-list', '--count', 'HEAD')).toBe('19')
    if (kind.givesOutAny !== false) {
      const two = await checkedOut([at(knot)], planOf(newSha, { depth: 2 as Plan['clone']['depth'] }))
      expect(two.git('rev-list', '--count', 'HEAD')).toBe('2')
    }
  })
})

describe.skipIf(!hasGit)(`a checkout${WITHOUT_GIT}`, () => {
  test('takes the head without a commit', async () => {
    const { knot, repo } = await served()
    await repo.commitAndPush([{ content: 'head', path: 'file' }])
    expect((await checkedOut([at(knot)], planOf(null))).file('file')).toBe('head')
  })

  test('leaves no timer behind', async () => {
    const { knot, repo } = await served()
    const { newSha } = await repo.commitAndPush([{ content: 'x', path: 'file' }])
    const clock = manualClock()
    await checkedOut([at(knot)], planOf(newSha), { clock })
    expect(clock.armed()).toBe(0)
  })

  test('tries the second address after the first', async () => {
    const { knot, repo } = await served()
    const { newSha } = await repo.commitAndPush([{ content: 'here', path: 'file' }])
    expect((await checkedOut([at(knot, `${OWNER}/nothing`), at(knot)], planOf(newSha))).file('file')).toBe('here')
  })

  test('fetches submodules from the same knot, on request', async () => {
    const { knot, repo } = await served()
    const inner = await knot.git.createRepository({ name: 'inner', owner: OWNER })
    await inner.commitAndPush([{ content: 'before', path: 'file' }])
    const { newSha: innerSha } = await inner.commitAndPush([{ content: 'inside', path: 'file' }])
    const { newSha: before } = await repo.commitAndPush([
      { content: `[submodule "sub"]\n\tpath = sub\n\turl = ${at(knot, `${OWNER}/inner`)}\n`, path: '.gitmodules' }
    ])
    // A commit that holds another one is made by git itself, in the repository of the knot.
    const env = { ...process.env, GIT_INDEX_FILE: join(emptyFolder(), 'index') }
    const git = (...args: ReadonlyArray<string>): string =>
      execFileSync('git', ['-C', repo.folder, '-c', 'user.name=x', '-c', 'user.email=x@x', ...args], { env }).toString().trim()
    git('read-tree', before)
    git('update-index', '--add', '--cacheinfo', `160000,${innerSha},sub`)
    const newSha = git('commit-tree', '-p', before, '-m', 'with a submodule', git('write-tree'))
    git('update-ref', 'refs/heads/main', newSha)
    for (const [depth, count] of [[1, '1'], [0, '2']] as const) {
      const { file, folder } = await checkedOut([at(knot)], planOf(newSha, { depth: depth as Plan['clone']['depth'], submodules: true }))
      expect([file('sub/file'), execFileSync('git', ['-C', join(folder, 'sub'), 'rev-list', '--count', 'HEAD']).toString().trim()]).toEqual(['inside', count])
    }
    const without = await checkedOut([at(knot)], planOf(newSha))
    expect(readdirSync(join(without.folder, 'sub'))).toEqual([])
  })
})

describe.skipIf(!hasGit)(`a failed checkout${WITHOUT_GIT}`, () => {
  test('names a missing repository, a missing commit, an empty repository', async () => {
    const { knot, repo } = await served()
    expect(await failing([], planOf(null))).toBe('There is no such repository on the knot.')
    expect(await failing([at(knot, `${OWNER}/nothing`)], planOf(null))).toMatch(/not found|403|404/)
    expect(await failing([at(knot)], planOf(null))).toBe('The repository is empty.')
    await repo.commitAndPush([{ content: 'x', path: 'file' }])
    expect(await failing([at(knot)], planOf('b'.repeat(40)))).toMatch(/not our ref|There is no such commit/)
  })

  test('names an empty repository, though another address has none at all', async () => {
    const { knot } = await served()
    expect(await failing([at(knot), at(knot, `${OWNER}/nothing`)], planOf(null))).toBe('The repository is empty.')
  })

  test('names a missing commit, though another address has it', async () => {
    const { knot, repo } = await served()
    const { newSha } = await repo.commitAndPush([{ content: 'here', path: 'file' }])
    const other = await knot.git.createRepository({ name: 'other', owner: OWNER })
    await other.commitAndPush([{ content: 'elsewhere', path: 'another' }])
    expect(await failing([at(knot, `${OWNER}/other`), at(knot)], planOf(newSha))).toMatch(/not our ref|There is no such commit/)
  })

  test('names a repository that is too large', async () => {
    const { knot, repo } = await served()
    const { newSha } = await repo.commitAndPush([{ content: 'x', path: 'file' }])
    expect(await failing([at(knot)], planOf(newSha), { maxBytes: 100 })).toBe('The repository is too large.')
  })

  test('names a knot that must not be reached', async () => {
    const { knot, repo } = await served()
    const { newSha } = await repo.commitAndPush([{ content: 'x', path: 'file' }])
    expect(await failing([at(knot)], planOf(newSha), { policy: { allowLoopback: false } })).toMatch(/^The knot cannot be reached: /)
  })

  test('is retried for a stated time while a knot is away, and no longer', async () => {
    const { knot, repo } = await served()
    const { newSha } = await repo.commitAndPush([{ content: 'there', path: 'file' }])
    const away = { everyMs: 5, forMs: 3_600_000 }
    // The first attempts fail: at the look-up, and at the server.
    let lookUps = 0
    const resolve = () => (lookUps++ < 3 ? Promise.reject(new Error('the resolver is away')) : Promise.resolve([{ address: '127.0.0.1', family: 4 }]))
    const { file } = await checkedOut([at(knot).replace('localhost', 'knot.example')], planOf(newSha), { away, resolve })
    expect([file('file'), lookUps > 3]).toEqual(['there', true])
    let asks = 0
    const busy = await httpServer((_, response) => response.writeHead(++asks < 3 ? 503 : 404).end())
    expect(await failing([`http://127.0.0.1:${String(busy.port)}/x`], planOf(newSha), { away })).toMatch(/not found|404/)
    expect(asks).toBe(3)
    const nobody = await failing(['http://127.0.0.1:1/x'], planOf(newSha), { away: { everyMs: 5, forMs: 20 } })
    expect(nobody).toMatch(/^The knot cannot be reached: .*ECONNREFUSED.*\. Retried for 0\.02 s\.$/)
    // Whoever waits is not waited for.
    const leaving = new AbortController()
    const going = failing(['http://127.0.0.1:1/x'], planOf(newSha), { away: { everyMs: 3_600_000, forMs: 7_200_000 } }, leaving.signal)
    setTimeout(() => leaving.abort(), 300)
    expect(await going).toBe('tack is stopping, or the build was cancelled.')
  })

  test.each([
    [100, 50, 2],
    [100, 51, 1],
    [100, 101, 0]
  ])('is retried within %i s, after pauses of %i s, as often as these fit: %i', async (forS, everyS, times) => {
    const time = manualClock()
    let pauses = 0
    const clock: Clock = {
      after: (ms, then) => {
        if (ms !== everyS * 1_000) return time.after(ms, then)
        pauses += 1
        const cancel = time.after(ms, then)
        time.advance(ms)
        return cancel
      },
      now: time.now
    }
    const away = { everyMs: everyS * 1_000, forMs: forS * 1_000 }
    expect(await failing(['http://127.0.0.1:1/x'], planOf(null), { away, clock })).toContain('Retried for 100 s.')
    expect(pauses).toBe(times)
  })

  test('does not wait for another attempt when it is called off as one ends', async () => {
    const { after, now } = systemClock()
    const leaving = new AbortController()
    const pauses: Array<number> = []
    let looks = 0
    const clock: Clock = {
      after: (ms, then) => {
        if (ms !== 77) return after(ms, then)
        pauses.push(ms)
        return after(0, then)
      },
      now: () => {
        // The first look is for when to give up, the next for whether to.
        if (++looks === 2) leaving.abort()
        return now()
      }
    }
    const told = failing(['http://127.0.0.1:1/x'], planOf(null), { away: { everyMs: 77, forMs: 3_600_000 }, clock }, leaving.signal)
    expect([await told, pauses, looks]).toEqual(['tack is stopping, or the build was cancelled.', [], 2])
  })

  test('ends with a knot that never answers, and with its build', async () => {
    const server = await tcpServer(() => undefined)
    const silent = `http://127.0.0.1:${String(server.port)}/x`
    expect(await failing([silent], planOf(null), { timeoutMs: 200 })).toBe('The checkout took more than 0.2 s.')
    const leaving = new AbortController()
    const going = failing([silent], planOf(null), {}, leaving.signal)
    leaving.abort()
    expect(await going).toBe('tack is stopping, or the build was cancelled.')
    expect(await failing([silent], planOf(null), {}, AbortSignal.abort())).toBe('tack is stopping, or the build was cancelled.')
  })
})

describe.skipIf(!hasGit)(`what git itself says${WITHOUT_GIT}`, () => {
  /** Fails a checkout as a program does that is called git. */
  const saying = (lines: string): Promise<string> => {
    const git = join(emptyFolder(), 'git')
    writeFileSync(git, `#!/bin/sh\n${lines}\n`, { mode: 0o755 })
    return failing(['http://localhost:1/x'], planOf('a'.repeat(40)), { git })
  }
  const PROXY = `url=$(sed -n 's/.*proxy = "\\(.*\\)"/\\1/p' "$HOME/.gitconfig")`

  test.each([
    ['the proxy', 'echo "fatal: no way through $url" >&2; exit 128', 'no way through ***'],
    ['its password', 'rest=${url#*tack:}; echo "fatal: refused: ${rest%@*}" >&2; exit 128', 'refused: ***']
  ])('is told without %s', async (_, lines, told) => {
    expect(await saying(`${PROXY}; case $url in http://tack:?*@127.0.0.1:*) ;; *) exit 1 ;; esac; ${lines}`)).toBe(told)
  })

  test.each([
    ['its first error', 'echo "warning: x" >&2; echo "fatal: first" >&2; echo "fatal: second" >&2; exit 128', 'first'],
    ['all of it, where it calls nothing an error', 'echo "not fatal: so" >&2; exit 1', 'not fatal: so'],
    ['that it was killed, where it says nothing', 'kill -KILL $$', 'git was killed.']
  ])('is told by %s', async (_, lines, told) => {
    expect(await saying(lines)).toBe(told)
  })
})
