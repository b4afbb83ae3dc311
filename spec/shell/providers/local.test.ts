/** Builds on this machine: the contract, and what only processes and files can get wrong. */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { BuildName, Plan } from '../../../core/index.js'
import { silentLog } from '../../../shell/lib/log.js'
import { createLocal, local } from '../../../shell/providers/local.js'
import type { LocalSettings } from '../../../shell/providers/local-builds.js'
import { signalTo } from '../../../shell/providers/local-processes.js'
import type { Checkout, Job, LogLine, Progress, Provider, Surroundings } from '../../../shell/providers/provider.js'
import { systemDisk } from '../../../shell/store/disk.js'
import { eventually } from '../support/eventually.js'
import { type Bench, BUILD, describeProvider, faultsOfLog, jobOf, ODD, openWorkshop, type Target, type Workshop } from './contract.js'

/** A checkout that ends when it is called off, also before it has begun. */
const calledOff = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const end = (): void => reject(new Error('called off'))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end)
  })

const RUNNER = fileURLToPath(new URL('../../../dist/shell/providers/local-runner.js', import.meta.url))

/** As local.ts names the folder of a build. */
const idOf = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 40)

/** As `git hash-object` names a text. */
const blobOf = (text: string): string => createHash('sha1').update(`blob ${String(Buffer.byteLength(text))}\0${text}`).digest('hex')

/** A step that does what it reads in a file: says lines, and ends. It notes that it was started. */
const puppet = (strings: string): string => `
file="${strings}/$(printf %s "$TANGLED_PIPELINE_ID" | git hash-object --stdin)"
echo started >> "$file.starts"
i=1
while :; do
  line=$(sed -n "\${i}p" "$file" 2>/dev/null || true)
  if [ -z "$line" ]; then kill -0 ${String(process.pid)} || exit 1; sleep 0.02; continue; fi
  i=$((i + 1))
  case "$line" in
    'say '*) printf '%s\\n' "\${line#say }" ;;
    'end '*) exit "\${line#end }" ;;
  esac
done`

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')

const SETTINGS: LocalSettings = { concurrent: 50, graceMs: 200, keepBuilds: 100, keepMs: 86_400_000, logBytes: 10_000, runner: RUNNER }

const open = (changes: Partial<LocalSettings> = {}, checkout: Checkout = () => Promise.resolve()): Promise<Bench & { readonly root: string }> => {
  const folder = mkdtempSync(join(tmpdir(), 'tack-local-'))
  const strings = mkdtempSync(join(tmpdir(), 'tack-puppets-'))
  const root = join(folder, 'builds')
  const told = (key: string, line: string): void => appendFileSync(join(strings, blobOf(key)), `${line}\n`)
  const plan: Partial<Plan> = { steps: [{ command: puppet(strings), environment: [], name: 'puppet' }] }
  return Promise.resolve({
    busy: () => 0,
    close: async () => {
      // Elsewhere no runner finds what it is to run, also one that has only just been started.
      const aside = join(folder, 'aside')
      if (existsSync(root)) await rename(root, aside)
      for (const key of existsSync(aside) ? readdirSync(aside) : []) {
        const [result, runner] = ['result.json', 'runner.json'].map((name) => read(join(aside, key, name)))
        if (result === '' && runner !== undefined && runner !== '') signalTo((JSON.parse(runner) as RunnerFile).process.pid, 'SIGKILL', 'group')
      }
      await rm(folder, { force: true, maxRetries: 20, recursive: true, retryDelay: 20 })
      await rm(strings, { force: true, maxRetries: 20, recursive: true, retryDelay: 20 })
    },
    connections: () => 0,
    held: () => 0,
    isCancelled: (key) => read(join(root, idOf(key), 'result.json')).includes('"status":"cancelled"'),
    misbehave: () => undefined,
    move: (key, status) => {
      if (status === 'success') told(key, 'end 0')
      if (status === 'failed') told(key, 'end 1')
    },
    plan,
    provider: ({ clock, log }) =>
      createLocal(
        { ...SETTINGS, ...changes },
        { checkout, clock, folder: root, log, name: 'local' }
      ),
    root,
    say: (key, line) => told(key, `say ${line}`),
    secrets: [],
    signing: null,
    started: (key) => {
      const folders = existsSync(join(root, idOf(key), 'request.json')) ? 1 : 0
      return Math.max(folders, read(join(strings, `${blobOf(key)}.starts`)).split('\n').length - 1)
    }
  })
}

const target: Target = { ends: ['success', 'failed'], faults: [], isIdempotent: true, name: 'local', open: () => open(), refusals: [] }

describeProvider(target)

// ---------------------------------------------------------------------------------------- real steps

interface Site extends Workshop {
  readonly root: string
}

const withSite = async (
  use: (site: Site) => Promise<void>,
  changes: Partial<LocalSettings> = {},
  checkout?: Checkout
): Promise<void> => {
  const bench = await open(changes, checkout)
  const shop = await openWorkshop({ ...target, open: () => Promise.resolve(bench) })
  try {
    await use({ ...shop, root: bench.root })
  } finally {
    await shop.close()
  }
}

const steps = (...commands: ReadonlyArray<string>): Partial<Plan> => ({
  steps: commands.map((command, index) => ({ command, environment: [], name: `step ${String(index + 1)}` }))
})

const named = (workflow: string): BuildName => ({ ...BUILD, workflow: workflow as BuildName['workflow'] })

/** Starts the build. */
const begun = async ({ answer }: Workshop, provider: Provider, job: Job): Promise<string> => {
  const started = await answer(provider.start(job))
  if (started._tag !== 'Accepted') throw new Error(JSON.stringify(started))
  return started.external
}

/** How the build ends. */
const ended = async ({ until }: Workshop, provider: Provider, job: Job): Promise<Progress> => {
  let last: Progress | null = null
  provider.follow(job, idOf(job.key), (progress) => (last = progress))
  const end = (): Progress | null => (last === null || last.status === 'pending' || last.status === 'running' ? null : last)
  await until(() => end() !== null)
  return end() ?? Promise.reject(new Error('it has not ended'))
}

const logOf = async ({ answer }: Workshop, provider: Provider, job: Job): Promise<ReadonlyArray<LogLine>> => {
  const all: Array<LogLine> = []
  const read = async (): Promise<null> => {
    for await (const line of provider.logs(job, '', new AbortController().signal)) all.push(line)
    return null
  }
  await answer(read())
  expect(faultsOfLog(all)).toEqual([])
  return all
}

const texts = (lines: ReadonlyArray<LogLine>): ReadonlyArray<string> => lines.flatMap((line) => (line._tag === 'Text' ? [line.text] : []))

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // What is dead and not taken note of by its parent yet is a zombie.
    return !/^State:\s+Z/m.test(read(`/proc/${String(pid)}/status`))
  } catch {
    return false
  }
}

/** Runs the steps to their end. */
const build = async (plan: Partial<Plan>, use: (outcome: { readonly end: Progress; readonly lines: ReadonlyArray<LogLine> }) => void, changes: Partial<LocalSettings> = {}) =>
  withSite(async (site) => {
    const job = jobOf(BUILD, plan)
    const provider = await site.restart()
    await begun(site, provider, job)
    const end = await ended(site, provider, job)
    use({ end, lines: await logOf(site, provider, job) })
    // Nothing is left of the checkout.
    await site.until(() => readdirSync(join(site.root, idOf(job.key))).every((entry) => !entry.startsWith('work-')))
  }, changes)

test('a build whose folder somebody removes before its steps begin is missing, and takes no place from others', () =>
  withSite(
    async (site) => {
      const [lost, next] = [jobOf(BUILD, steps('true')), jobOf(named('next.yml'), steps('true'))]
      const provider = await site.restart()
      await begun(site, provider, lost)
      await begun(site, provider, next)
      expect(await ended(site, provider, next)).toMatchObject({ error: null, status: 'success' })
      expect(await site.answer(provider.find(lost))).toEqual({ _tag: 'Missing' })
    },
    { concurrent: 1 },
    // No process can be started in a folder that is not there.
    ({ build: { workflow } }, folder) => (workflow === BUILD.workflow ? rm(dirname(dirname(folder)), { recursive: true }) : Promise.resolve())
  ))

describe('steps', () => {
  test('are steps of the log, after the checkout', () =>
    build(steps('echo one', 'echo two >&2'), ({ end, lines }) => {
      expect(end).toMatchObject({ error: null, exitCode: 0, status: 'success' })
      expect(lines.map((line) => (line._tag === 'Step' ? [line.step, line.kind, line.name, line.command, line.status] : [line.step, line.stream, line.text]))).toEqual([
        [0, 'system', 'Checkout', '', 'start'],
        [0, 'system', 'Checkout', '', 'end'],
        [1, 'user', 'step 1', 'echo one', 'start'],
        [1, 'stdout', 'one'],
        [1, 'user', 'step 1', 'echo one', 'end'],
        [2, 'user', 'step 2', 'echo two >&2', 'start'],
        [2, 'stderr', 'two'],
        [2, 'user', 'step 2', 'echo two >&2', 'end']
      ])
    }))

  test('end with the first that fails', () =>
    build(steps('false; echo not reached', 'echo not reached'), ({ end, lines }) => {
      expect(end).toMatchObject({ error: 'The step "step 1" ended with exit code 1.', exitCode: 1, status: 'failed' })
      expect(texts(lines)).toEqual([])
      expect(lines.filter((line) => line._tag === 'Step' && line.hasFailed === true)).toMatchObject([{ name: 'step 1', status: 'end' }])
    }))

  test('report an exit code as it is', () =>
    build(steps('exit 42'), ({ end }) => expect(end).toMatchObject({ exitCode: 42, status: 'failed' })))

  test('report that one was killed', () =>
    build(steps('kill -KILL $$'), ({ end }) =>
      expect(end).toMatchObject({ error: 'The step "step 1" was killed by SIGKILL.', exitCode: 137, status: 'failed' })))

  test('report what cannot be run', () =>
    build(steps('echo \u0000'), ({ end, lines }) => {
      expect(end).toMatchObject({ error: expect.stringMatching(/^The step "step 1" could not be started: /) as unknown, status: 'failed' })
      expect(texts(lines)).toHaveLength(1)
    }))

  test('report and show a command that is too long to be run', () =>
    build(
      steps(`: ${'x'.repeat(300_000)}`),
      ({ end, lines }) => {
        expect(end).toMatchObject({ error: expect.stringMatching(/^The step "step 1" could not be started: .*E2BIG/) as unknown, status: 'failed' })
        expect(lines.filter((line) => line._tag === 'Step').map(({ command, status }) => [command.length > 100_000, status])).toContainEqual([true, 'start'])
        expect(texts(lines)).toHaveLength(1)
      },
      { logBytes: 1_000_000 }
    ))

  test('miss a folder that an earlier step removed', () =>
    build(steps('rm -rf "$PWD"', 'true'), ({ end }) => expect(end).toMatchObject({ error: expect.stringContaining('step 2') as unknown, status: 'failed' })))

  test('see the variables of the job, and nothing of ours', async () => {
    process.env['TACK_CANARY'] = 'canary-5d1c'
    try {
      await build(
        {
          steps: [{ command: 'env; cat /dev/stdin; echo "$OWN"', environment: [['OWN', 'of the step'], ['CI', 'true']], name: 'env' }],
          variables: [['CI', 'true'], ['OWN', 'of the job'], ['TANGLED_REF_NAME', 'größe\n"x"']]
        },
        ({ lines }) => {
          const said = texts(lines)
          expect(said.join('\n')).not.toContain('canary')
          const names = said.flatMap((line) => /^([A-Z_a-z]+)=/.exec(line)?.[1] ?? []).sort()
          // PWD, OLDPWD, SHLVL and _ are the shell's own.
          expect(names.filter((one) => !['OLDPWD', 'PWD', 'SHLVL', '_'].includes(one))).toEqual(['CI', 'HOME', 'OWN', 'PATH', 'TANGLED_REF_NAME', 'TMPDIR'])
          expect(said).toContain('of the step')
          expect(said.find((line) => line.startsWith('HOME='))).toMatch(/\/work-[0-9a-f-]+\/home$/)
        }
      )
    } finally {
      delete process.env['TACK_CANARY']
    }
  })

  test('have an overlong log cut, and the build goes on', () =>
    build(
      steps('i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done', 'echo not shown; exit 7'),
      ({ end, lines }) => {
        expect(end).toMatchObject({ exitCode: 7, status: 'failed' })
        const said = texts(lines)
        expect(said.at(-1)).toBe('The log is longer than 10000 bytes. The rest is left out.')
        expect(Buffer.byteLength(said.slice(0, -1).map((line) => `${line}\n`).join(''))).toBeLessThanOrEqual(10_000)
        expect(said.filter((line) => line.startsWith('The log is longer'))).toHaveLength(1)
        expect(lines.filter((line) => line._tag === 'Step')).toHaveLength(6)
      }
    ))

  test('may print lines without end, without line feed, and without UTF-8', () =>
    build(
      steps(`head -c 20000 /dev/zero | tr '\\0' x; printf '\\r\\n\\377\\376\\n\\303'; sleep 0.05; printf '\\244 end'`),
      ({ lines }) => expect(texts(lines)).toEqual(['x'.repeat(8192), 'x'.repeat(8192), 'x'.repeat(3616), '\ufffd\ufffd', 'ä end']),
      { logBytes: 100_000 }
    ))

  test('leave processes for the next step, which end with the build', () =>
    withSite(async (site) => {
      const job = jobOf(BUILD, steps('sleep 600 & echo $! > pid; echo "pid $!"', 'kill -0 "$(cat pid)" && echo alive'))
      const provider = await site.restart()
      await begun(site, provider, job)
      expect(await ended(site, provider, job)).toMatchObject({ status: 'success' })
      const said = texts(await logOf(site, provider, job))
      expect(said.at(-1)).toBe('alive')
      const pid = Number(said[0]?.slice(4))
      await site.until(() => !isRunning(pid))
    }))

  test('may leave folders that cannot be emptied: those are removed all the same, and links are not followed', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'tack-outside-'))
    await writeFile(join(outside, 'kept'), 'x')
    await build(steps(`mkdir -p a/b; touch a/b/c; ln -s ${outside} a/link; chmod 500 a/b; chmod 500 a`), ({ end }) =>
      expect(end.status).toBe('success'))
    expect(read(join(outside, 'kept'))).toBe('x')
    await rm(outside, { recursive: true })
  })

  test('must exist, or the workflow is refused', () =>
    withSite(async (site) => {
      const outcome = await site.answer((await site.restart()).start(jobOf(BUILD, { steps: [] })))
      expect(outcome).toEqual({ _tag: 'Refused', error: 'The workflow has no steps to run.' })
    }))
})

// ---------------------------------------------------------------------------------------- checkout

describe('the checkout', () => {
  test('is where the steps run, unless none is wanted', async () => {
    const checkout: Checkout = async (job, folder) => {
      await writeFile(join(folder, 'file'), `of ${job.build.workflow}\n`)
      await mkdir(join(folder, 'sub'))
      await symlink('file', join(folder, 'sub', 'link'))
    }
    await withSite(
      async (site) => {
        const provider = await site.restart()
        const job = jobOf(BUILD, steps('cat file'))
        await begun(site, provider, job)
        expect(await ended(site, provider, job)).toMatchObject({ status: 'success' })
        expect(texts(await logOf(site, provider, job))).toEqual(['of ci.yml'])
        const skipped = jobOf(named('other.yml'), { ...steps('ls -A'), clone: { ...job.plan.clone, skip: true } })
        await begun(site, provider, skipped)
        expect(await ended(site, provider, skipped)).toMatchObject({ status: 'success' })
        expect(texts(await logOf(site, provider, skipped))).toEqual(['The workflow skips the checkout.'])
      },
      {},
      checkout
    )
  })

  test('fails the build when it fails, and says why', () =>
    withSite(
      async (site) => {
        const provider = await site.restart()
        const job = jobOf(BUILD, steps('echo not reached'))
        await begun(site, provider, job)
        expect(await ended(site, provider, job)).toMatchObject({
          error: 'The files could not be checked out: no such commit',
          exitCode: null,
          status: 'failed'
        })
        expect(texts(await logOf(site, provider, job))).toEqual(['no such commit'])
      },
      {},
      () => Promise.reject(new Error('no such commit'))
    ))

  test('is called off when the build is cancelled', () =>
    withSite(
      async (site) => {
        const provider = await site.restart()
        const job = jobOf(BUILD, steps('echo not reached'))
        const external = await begun(site, provider, job)
        await site.until(() => existsSync(join(site.root, external, 'claim.json')))
        expect(await site.answer(provider.cancel(job, external))).toEqual({ _tag: 'Acknowledged' })
        expect(await ended(site, provider, job)).toMatchObject({ status: 'cancelled' })
      },
      {},
      (_job, _folder, signal) => calledOff(signal)
    ))

  test('begins anew under the next tack when this one ends halfway', async () => {
    let checkouts = 0
    await withSite(
      async (site) => {
        const job = jobOf(BUILD, steps('echo done >> "$HOME/../../done"'))
        const first = await site.restart()
        const external = await begun(site, first, job)
        await site.until(() => checkouts === 1)
        // It is there already, and sees that somebody else has the build in hand.
        const second = await site.restart()
        expect(await site.answer(second.find(job))).toMatchObject({ _tag: 'Accepted' })
        await site.answer(first.close().then(() => null))
        expect(await ended(site, second, job)).toMatchObject({ status: 'success' })
        expect([checkouts, read(join(site.root, external, 'done'))]).toEqual([2, 'done\n'])
      },
      {},
      (_job, _folder, signal) =>
        ++checkouts > 1
          ? Promise.resolve()
          : calledOff(signal)
    )
  })
})

// ---------------------------------------------------------------------------------------- several builds

describe('several builds', () => {
  test('run as many at a time as allowed, the others waiting in order', () =>
    withSite(
      async (site) => {
        const { bench, root, until } = site
        const provider = await site.restart()
        const jobs = ['a', 'b', 'c', 'd'].map((one) => jobOf(named(one), bench.plan))
        const stands = new Map<string, string>()
        for (const job of jobs) {
          await begun(site, provider, job)
          provider.follow(job, idOf(job.key), ({ status }) => stands.set(job.build.workflow, status))
        }
        const all = (): string => ['a', 'b', 'c', 'd'].map((one) => stands.get(one) ?? '-').join(' ')
        await until(() => all() === 'running running pending pending')
        for (const [job, then] of [
          [jobs[1], 'running success running pending'],
          [jobs[2], 'running success success running'],
          [jobs[0], 'success success success running'],
          [jobs[3], 'success success success success']
        ] as const) {
          bench.move(job?.key ?? '', 'success')
          await until(() => all() === then)
        }
        for (const { key } of jobs) expect([read(join(root, idOf(key), 'result.json')).includes('success'), bench.started(key)]).toEqual([true, 1])
      },
      { concurrent: 2 }
    ))

  test('are not looked at on the disk while they wait', () =>
    withSite(
      async (site) => {
        const { bench, root, until } = site
        const provider = await site.restart()
        const [first, second] = [jobOf(named('a'), bench.plan), jobOf(named('b'), bench.plan)]
        for (const job of [first, second]) await begun(site, provider, job)
        await rm(join(root, idOf(second.key), 'request.json'))
        const stands: Array<string> = []
        provider.follow(second, idOf(second.key), ({ status }) => stands.push(status))
        await until(() => stands.length > 0)
        expect(stands).toEqual(['pending'])
      },
      { concurrent: 1 }
    ))

  test('several builds that are asked for at once keep no close waiting: those that had no turn are not begun', () =>
    withSite(async (site) => {
      const { bench } = site
      const provider = await site.restart()
      const answers = Array.from({ length: 200 }, (_, i) => provider.start(jobOf(named(`b${String(i)}`), bench.plan)))
      await Promise.race(answers)
      await provider.close()
      const all = await Promise.all(answers)
      expect(all.filter(({ _tag }) => _tag === 'Accepted').length).toBeLessThan(100)
      expect(all.filter(({ _tag }) => _tag === 'Uncertain')).not.toEqual([])
    }))

  test('can be cancelled while they wait, without ever having run', () =>
    withSite(
      async (site) => {
        const { answer, bench } = site
        const provider = await site.restart()
        const [first, second, third] = [jobOf(named('a'), bench.plan), jobOf(named('b'), steps('touch "$HOME/../../ran"')), jobOf(named('c'), bench.plan)]
        for (const job of [first, second, third]) await begun(site, provider, job)
        expect(await answer(provider.cancel(second, idOf(second.key)))).toEqual({ _tag: 'Acknowledged' })
        expect(await ended(site, provider, second)).toMatchObject({ status: 'cancelled' })
        bench.move(first.key, 'success')
        bench.move(third.key, 'success')
        expect(await ended(site, provider, third)).toMatchObject({ status: 'success' })
        expect(existsSync(join(site.root, idOf(second.key), 'ran'))).toBe(false)
        expect(texts(await logOf(site, provider, second))).toEqual(['The build ended before it started.'])
      },
      { concurrent: 1 }
    ))

  test('are one build when one key is started many times at once', () =>
    withSite(async (site) => {
      const { answer, bench, root } = site
      const job = jobOf(BUILD, bench.plan)
      const [provider, other] = [await site.restart(), await site.restart()]
      const started = await answer(Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? provider : other).start(job))))
      expect(new Set(started.map((one) => JSON.stringify(one))).size).toBe(1)
      bench.move(job.key, 'success')
      expect(await ended(site, provider, job)).toMatchObject({ status: 'success' })
      expect([bench.started(job.key), readdirSync(root).length]).toEqual([1, 1])
    }))

  test('are removed after their end, the oldest first, and never one that has just ended', () =>
    withSite(
      async (site) => {
        const { clock, root } = site
        const provider = await site.restart()
        const jobs = ['a', 'b', 'c', 'd'].map((one) => jobOf(named(one), steps('true')))
        for (const job of jobs.slice(0, 3)) {
          await begun(site, provider, job)
          await ended(site, provider, job)
        }
        expect(readdirSync(root)).toHaveLength(3)
        // Results carry the time of the real clock; the adapter's is moved beyond it.
        clock.advance(Date.now() + 2 * 3_600_000 - clock.now() / 1000)
        const [, , , last] = jobs
        if (last === undefined) throw new Error('no job')
        await begun(site, provider, last)
        await ended(site, provider, last)
        await site.until(() => readdirSync(root).length === 2)
        expect(await site.answer(provider.find(last))).toMatchObject({ _tag: 'Accepted' })
        const [first] = jobs
        if (first === undefined) throw new Error('no job')
        expect(await site.answer(provider.find(first))).toEqual({ _tag: 'Missing' })
        expect(texts(await logOf(site, provider, first))).toEqual(['The log is gone: the build was removed.'])
      },
      { keepBuilds: 2 }
    ))
})

// ---------------------------------------------------------------------------------------- crashes

/** Starts the builds in a tack that is then killed, once the last of them is as far as `isFar` says. */
const killedAfter = async (
  root: string,
  job: Job | ReadonlyArray<Job>,
  isFar: (external: string) => boolean,
  checkout = 'async () => {}',
  changes: Partial<LocalSettings> = {}
): Promise<string> => {
  const script = `
    import { createLocal } from ${JSON.stringify(pathToFileURL(RUNNER.replace('-runner', '')).href)}
    import { systemClock } from ${JSON.stringify(pathToFileURL(join(RUNNER, '../../lib/clock.js')).href)}
    import { silentLog } from ${JSON.stringify(pathToFileURL(join(RUNNER, '../../lib/log.js')).href)}
    const provider = createLocal(${JSON.stringify({ ...SETTINGS, ...changes })}, { checkout: ${checkout}, clock: systemClock(), folder: ${JSON.stringify(root)}, log: silentLog, name: 'local' })
    let last = null
    for (const job of JSON.parse(process.argv[1])) last = await provider.start(job)
    console.log(last.external)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, JSON.stringify([job].flat())], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [external] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  await eventually(() => expect(isFar(external)).toBe(true))
  child.kill('SIGKILL')
  await once(child, 'exit')
  return external
}

describe('builds of a killed tack', () => {
  test('go on while they run, and are found, followed and cancelled again', () =>
    withSite(async (site) => {
      const { answer, bench, root } = site
      for (const end of ['success', 'cancelled'] as const) {
        const job = jobOf(named(end), bench.plan)
        const external = await killedAfter(root, job, (id) => existsSync(join(root, id, 'runner.json')))
        const claim = read(join(root, external, 'claim.json'))
        const provider = await site.restart()
        expect(await answer(provider.find(job))).toEqual({ _tag: 'Accepted', external })
        bench.say(job.key, 'said while nobody listened')
        if (end === 'cancelled') expect(await answer(provider.cancel(job, external))).toEqual({ _tag: 'Acknowledged' })
        else bench.move(job.key, end)
        expect(await ended(site, provider, job)).toMatchObject({ status: end })
        if (end === 'success') expect(texts(await logOf(site, provider, job))).toEqual(['said while nobody listened'])
        expect(read(join(root, external, 'claim.json'))).toBe(claim)
        await site.until(() => readdirSync(join(root, external)).every((one) => !one.startsWith('work-')))
        expect(bench.started(job.key)).toBe(1)
      }
    }))

  test('are prepared again while they were being prepared, and run once', () =>
    withSite(async (site) => {
      const { bench, root } = site
      const job = jobOf(BUILD, bench.plan)
      await killedAfter(root, job, (id) => existsSync(join(root, id, 'claim.json')), '() => new Promise(() => {})')
      const provider = await site.restart()
      bench.move(job.key, 'success')
      expect(await ended(site, provider, job)).toMatchObject({ status: 'success' })
      expect(bench.started(job.key)).toBe(1)
    }))

  test('wait again while they waited, and run in order, though nobody asks about them', () =>
    withSite(
      async (site) => {
        const { bench, root, until } = site
        const jobs = ['a', 'b', 'c'].map((one) => jobOf(named(one), bench.plan))
        const ids = jobs.map(({ key }) => idOf(key))
        const there = (name: string): ReadonlyArray<boolean> => ids.map((id) => existsSync(join(root, id, name)))
        await killedAfter(root, jobs, () => there('runner.json')[0] === true, undefined, { concurrent: 1 })
        expect(there('claim.json')).toEqual([true, false, false])
        const provider = await site.restart()
        await site.answer(provider.check())
        for (const [index, job] of jobs.entries()) {
          await until(() => there('runner.json')[index] === true)
          expect(there('claim.json')).toEqual([0, 1, 2].map((other) => other <= index))
          bench.move(job.key, 'success')
        }
        await until(() => there('result.json').every((one) => one))
        expect(jobs.map(({ key }) => bench.started(key))).toEqual([1, 1, 1])
      },
      { concurrent: 1 }
    ))

  test('have ended if they had', () =>
    withSite(async (site) => {
      const { bench, root } = site
      const job = jobOf(BUILD, bench.plan)
      bench.move(job.key, 'failed')
      await killedAfter(root, job, (id) => existsSync(join(root, id, 'result.json')))
      expect(await ended(site, await site.restart(), job)).toMatchObject({ exitCode: 1, status: 'failed' })
    }))

  test('are run by the first of two runners to identify itself, and the second leaves', async () => {
    let goOn = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      goOn = resolve
    })
    await withSite(
      async (site) => {
        const { bench, root, until } = site
        const job = jobOf(BUILD, bench.plan)
        const external = await killedAfter(root, job, (id) => existsSync(join(root, id, 'runner.json')))
        const inFolder = (name: string): string => join(root, external, name)
        // As if the first had not been so far when tack was killed: the claim is taken over, and another runner is to be started.
        const [claim, runner] = [read(inFolder('claim.json')), read(inFolder('runner.json'))]
        await rm(inFolder('runner.json'))
        const provider = await site.restart()
        await until(() => read(inFolder('claim.json')) !== claim)
        await writeFile(inFolder('runner.json'), runner, { flag: 'wx' })
        goOn()
        bench.move(job.key, 'success')
        expect(await ended(site, provider, job)).toMatchObject({ status: 'success' })
        expect(bench.started(job.key)).toBe(1)
        expect(readdirSync(inFolder('')).filter((one) => one.startsWith('log-'))).toHaveLength(2)
      },
      {},
      () => gate
    )
  })

  test('run once if they were accepted, whenever tack is killed after that', () =>
    withSite(async (site) => {
      const { answer, bench, root } = site
      // In looks of some 5 ms, from the acceptance on: the runner is there after some twenty.
      for (const moment of [0, 3, 9, 18, 30]) {
        const job = jobOf(named(`after ${String(moment)}`), bench.plan)
        let looks = 0
        await killedAfter(root, job, () => looks++ >= moment)
        bench.move(job.key, 'success')
        const provider = await site.restart()
        expect(await answer(provider.find(job))).toMatchObject({ _tag: 'Accepted' })
        expect(await ended(site, provider, job)).toMatchObject({ status: 'success' })
        expect(bench.started(job.key)).toBe(1)
      }
    }))
})

interface RunnerFile {
  readonly process: { readonly pid: number }
}
const runnerOf = (root: string, external: string): number =>
  (JSON.parse(read(join(root, external, 'runner.json'))) as RunnerFile).process.pid

describe('processes', () => {
  test.each(['our child', 'nobody’s child'])('the processes of a killed runner end with a failed build: %s', (whose) =>
    withSite(async (site) => {
      const { root, until } = site
      const job = jobOf(BUILD, steps('sleep 600 & echo "pid $!"; wait'))
      const isOurs = whose === 'our child'
      const first = isOurs ? await site.restart() : null
      const isFar = (id: string): boolean => readdirSync(join(root, id)).some((one) => one.startsWith('log-') && read(join(root, id, one)).includes('"text":"pid '))
      const external = first === null ? await killedAfter(root, job, isFar) : await begun(site, first, job)
      await until(() => isFar(external))
      const provider = first ?? (await site.restart())
      process.kill(runnerOf(root, external), 'SIGKILL')
      expect(await ended(site, provider, job)).toMatchObject({ error: 'The runner ended without a result.', exitCode: null, status: 'failed' })
      const pid = Number(texts(await logOf(site, provider, job))[0]?.slice(4))
      expect(pid).toBeGreaterThan(1)
      await until(() => !isRunning(pid))
    }))

  test('a build that never began has no processes: its cancel is acknowledged, and begins nothing', () =>
    withSite(async ({ answer, restart, root }) => {
      const job = jobOf(BUILD, steps('echo not reached'))
      expect(await answer((await restart()).cancel(job, idOf(job.key)))).toEqual({ _tag: 'Acknowledged' })
      expect(existsSync(join(root, idOf(job.key)))).toBe(false)
    }))

  test('a build that is cancelled before its runner has said who it is runs no step', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tack-runner-'))
    onTestFinished(() => rm(folder, { force: true, maxRetries: 20, recursive: true, retryDelay: 20 }))
    for (const inner of ['source', 'home', 'tmp']) await mkdir(join(folder, 'work-token', inner), { recursive: true })
    const { build, key, plan } = jobOf(BUILD, steps('touch ../../ran'))
    await writeFile(join(folder, 'request.json'), JSON.stringify({ build, createdMs: 0, key, plan }))
    await writeFile(join(folder, 'cancel.json'), JSON.stringify({ atMs: 0 }))
    const runner = spawn(process.execPath, [RUNNER, folder, 'token', '200', '10000'], { cwd: folder, detached: true, stdio: 'ignore' })
    await once(runner, 'exit')
    expect(JSON.parse(read(join(folder, 'result.json')))).toMatchObject({ exitCode: null, status: 'cancelled' })
    expect(existsSync(join(folder, 'ran'))).toBe(false)
  })

  test('all end with a cancel, even those that refuse to', () =>
    withSite(async (site) => {
      const { answer, root, until } = site
      const job = jobOf(BUILD, steps(`trap '' TERM; sh -c 'trap "" TERM; while :; do sleep 1; done' & echo "pid $!"; sleep 600 & echo "pid $!"; while :; do sleep 1; done`))
      const provider = await site.restart()
      const external = await begun(site, provider, job)
      const lines = (): ReadonlyArray<string> => read(join(root, external, readdirSync(join(root, external)).find((one) => one.startsWith('log-')) ?? '-')).split('\n')
      await until(() => lines().filter((line) => line.includes('"text":"pid ')).length === 2)
      expect(await answer(provider.cancel(job, external))).toEqual({ _tag: 'Acknowledged' })
      expect(await ended(site, provider, job)).toMatchObject({ error: null, status: 'cancelled' })
      const pids = texts(await logOf(site, provider, job)).flatMap((line) => (line.startsWith('pid ') ? [Number(line.slice(4))] : []))
      expect(pids).toHaveLength(2)
      await until(() => !pids.some(isRunning))
    }))

  test('have time to end by themselves when told to', () =>
    withSite(
      async (site) => {
        const { answer, root, until } = site
        const job = jobOf(BUILD, steps(`trap 'echo tidying; exit 0' TERM; echo ready; while :; do sleep 0.02; done`))
        const provider = await site.restart()
        const external = await begun(site, provider, job)
        await until(() => readdirSync(join(root, external)).some((one) => one.startsWith('log-') && read(join(root, external, one)).includes('"text":"ready"')))
        // With the clock of the test standing still: it is the runner that waits.
        await provider.cancel(job, external)
        await eventually(() => expect(existsSync(join(root, external, 'result.json'))).toBe(true))
        expect(await ended(site, provider, job)).toMatchObject({ status: 'cancelled' })
        expect(texts(await logOf(site, provider, job))).toEqual(expect.arrayContaining(['ready', 'tidying']))
        expect(await answer(provider.cancel(job, external))).toEqual({ _tag: 'Acknowledged' })
      },
      { graceMs: 60_000 }
    ))

  test.runIf(process.platform === 'linux')('include the runner, which is ended with all that it has started when it does not respond', () =>
    withSite(async (site) => {
      const { answer, root, until } = site
      const job = jobOf(BUILD, steps('sleep 600 & echo "pid $!"; wait'))
      const provider = await site.restart()
      const external = await begun(site, provider, job)
      await until(() => readdirSync(join(root, external)).some((one) => one.startsWith('log-') && read(join(root, external, one)).includes('"text":"pid ')))
      process.kill(runnerOf(root, external), 'SIGSTOP')
      await answer(provider.cancel(job, external))
      expect(await ended(site, provider, job)).toMatchObject({ status: 'cancelled' })
      await until(() => !isRunning(runnerOf(root, external)))
      // With all that it has started.
      const pid = Number(texts(await logOf(site, provider, job))[0]?.slice(4))
      expect(pid).toBeGreaterThan(1)
      await until(() => !isRunning(pid))
    }))
})

// ---------------------------------------------------------------------------------------- a full disk

const workOf = (folder: string): ReadonlyArray<string> => readdirSync(folder).filter((one) => one.startsWith('work-'))

/** Whether a step or a checkout has left a file `big` below the folder of builds. */
const hasBig = (root: string): boolean =>
  readdirSync(root).some((id) => workOf(join(root, id)).some((work) => existsSync(join(root, id, work, 'source', 'big'))))

/** What was written on the way to something else, and stayed. */
const litterIn = (root: string): ReadonlyArray<string> =>
  readdirSync(root, { recursive: true })
    .map(String)
    .filter((path) => /(?:^|\/)new-|\.json\./.test(path))

/** Nothing is left over. A build has ended when its result is there; the runner tidies up after that. */
const isTidy = (root: string): Promise<void> => expect.poll(() => litterIn(root)).toEqual([])

/** While `isFull`, what tack writes in a file finds no room, though the file itself appears. The runner has a disk of its own. */
const withFullDisk = (isFull: () => boolean, use: () => Promise<void>): Promise<void> => {
  const { open: openFile } = systemDisk
  vi.spyOn(systemDisk, 'open').mockImplementation(async (path, mode) => {
    const file = await openFile(path, mode)
    const append: typeof file.append = (bytes) =>
      isFull() ? Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })) : file.append(bytes)
    return { ...file, append }
  })
  return use()
}

const FILL = 'touch big; sleep 600'

/** Whether a tmpfs can be mounted where nobody else sees it: by root, on Linux. */
const canMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

describe('a full disk', () => {
  // Not at the end of each: a test that takes too long does not come to its end.
  afterEach(() => void vi.restoreAllMocks())

  test.each(['our child', 'nobody’s child'])('is first relieved of what a dead runner has left, so that the build ends and the next one runs: %s', (whose) =>
    withSite(
      async (site) => {
        const { root, until } = site
        const [job, next] = [jobOf(named('big'), steps(FILL)), jobOf(named('next'), steps('true'))]
        const first = whose === 'our child' ? await site.restart() : null
        const external = first === null ? await killedAfter(root, job, () => hasBig(root), undefined, { concurrent: 1 }) : await begun(site, first, job)
        if (first !== null) await begun(site, first, next)
        await until(() => hasBig(root))
        await withFullDisk(
          () => hasBig(root),
          async () => {
            const runner = runnerOf(root, external)
            process.kill(runner, 'SIGKILL')
            await until(() => !isRunning(runner))
            const provider = first ?? (await site.restart())
            // Nobody follows: recovery, or the end of the child, has to do.
            await until(() => existsSync(join(root, external, 'result.json')))
            expect(await ended(site, provider, job)).toMatchObject({ error: 'The runner ended without a result.', exitCode: null, status: 'failed' })
            if (first === null) await begun(site, provider, next)
            expect(await ended(site, provider, next)).toMatchObject({ status: 'success' })
            expect(workOf(join(root, external))).toEqual([])
            await isTidy(root)
          }
        )
      },
      { concurrent: 1 }
    ))

  test.each(['failed', 'cancelled'] as const)('lets tack die between the two, and the build still ends once, and as it did: %s', (status) =>
    withSite(async (site) => {
      const { answer, root, until } = site
      const job = jobOf(BUILD, steps(`echo ran >> "$HOME/../../ran"; ${FILL}`))
      const first = await site.restart()
      const external = await begun(site, first, job)
      await until(() => hasBig(root))
      let isFull = false
      await withFullDisk(
        () => isFull,
        async () => {
          if (status === 'cancelled') {
            process.kill(runnerOf(root, external), 'SIGSTOP')
            await answer(first.cancel(job, external))
          }
          isFull = true
          process.kill(runnerOf(root, external), 'SIGKILL')
          await until(() => workOf(join(root, external)).length === 0)
          expect(existsSync(join(root, external, 'result.json'))).toBe(false)
          await answer(first.close().then(() => null))
          // The disk is full at the next start as well.
          const second = await site.restart()
          expect(await answer(second.find(job))).toMatchObject({ _tag: 'Accepted' })
          isFull = false
          expect(await ended(site, second, job)).toMatchObject({ exitCode: null, status })
          expect(read(join(root, external, 'ran'))).toBe('ran\n')
          await isTidy(root)
        }
      )
    }))

  test('fails a build whose checkout fills it, and the checkout is removed', () =>
    withSite(
      async (site) => {
        const { root } = site
        await withFullDisk(
          () => existsSync(root) && hasBig(root),
          async () => {
            const provider = await site.restart()
            const job = jobOf(BUILD, steps('true'))
            await begun(site, provider, job)
            expect(await ended(site, provider, job)).toMatchObject({ error: 'The files could not be checked out: no room', status: 'failed' })
            await isTidy(root)
          }
        )
      },
      {},
      async (_job, folder) => {
        await writeFile(join(folder, 'big'), '')
        throw new Error('no room')
      }
    ))

  test('leaves even an unrecordable build to begin anew when there is room', async () => {
    let isFull = false
    let checkouts = 0
    await withSite(
      async (site) => {
        const { root, until } = site
        await withFullDisk(
          () => isFull,
          async () => {
            const provider = await site.restart()
            const job = jobOf(BUILD, steps('echo ran >> "$HOME/../../ran"'))
            const external = await begun(site, provider, job)
            await until(() => isFull && !existsSync(join(root, external, 'claim.json')))
            isFull = false
            expect(await ended(site, provider, job)).toMatchObject({ status: 'success' })
            expect([checkouts, read(join(root, external, 'ran'))]).toEqual([2, 'ran\n'])
            await isTidy(root)
            expect(readdirSync(join(root, external)).filter((one) => one.startsWith('log-'))).toHaveLength(1)
          }
        )
      },
      { concurrent: 1 },
      () => {
        isFull = ++checkouts === 1
        return isFull ? Promise.reject(new Error('no room')) : Promise.resolve()
      }
    )
  })

  test('is relieved of what a tack was checking out when it was killed, if there is no room to begin anew', () =>
    withSite(async (site) => {
      const { root } = site
      const job = jobOf(BUILD, steps('true'))
      const filling = `async (_job, folder) => { (await import('node:fs')).writeFileSync(folder + '/big', ''); await new Promise(() => {}) }`
      await killedAfter(root, job, () => hasBig(root), filling)
      await withFullDisk(
        () => hasBig(root),
        async () => {
          expect(await ended(site, await site.restart(), job)).toMatchObject({ status: 'success' })
          await isTidy(root)
        }
      )
    }))

  test('keeps nothing of a build that is not accepted', () =>
    withSite(async (site) => {
      const { answer, root } = site
      let isFull = true
      await withFullDisk(
        () => isFull,
        async () => {
          const provider = await site.restart()
          const job = jobOf(BUILD, steps('true'))
          expect(await answer(provider.start(job))).toMatchObject({ _tag: 'Uncertain', error: expect.stringContaining('ENOSPC') as unknown })
          expect(readdirSync(root)).toEqual([])
          isFull = false
          await begun(site, provider, job)
          expect(await ended(site, provider, job)).toMatchObject({ status: 'success' })
        }
      )
    }))

  test('ends a build whose log its runner cannot write, and says why', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tack-runner-'))
    const { build: of, key, plan } = jobOf(BUILD, steps('while :; do echo a line of some length; done'))
    await writeFile(join(folder, 'request.json'), JSON.stringify({ build: of, createdMs: 0, key, plan }))
    await mkdir(join(folder, 'work-x', 'source'), { recursive: true })
    // No file may be longer than 8 or 16 KiB, as the unit is: to the writer that is like a disk that is full.
    const child = spawn('sh', ['-c', 'ulimit -f 16 && exec "$0" "$@"', process.execPath, RUNNER, folder, 'x', '200', '1000000'], { detached: true, stdio: 'ignore' })
    await once(child, 'exit')
    expect(JSON.parse(read(join(folder, 'result.json')) || 'null')).toMatchObject({
      error: expect.stringMatching(/^The build could not go on: EFBIG/) as unknown,
      exitCode: null,
      status: 'failed'
    })
    await rm(folder, { recursive: true })
  })

  test.runIf(canMount)('ends a build that fills a real one as its step did, and leaves the room to others (needs root, for a tmpfs)', async () => {
    const [job, next] = [jobOf(named('big'), steps('head -c 100000000 /dev/zero > big')), jobOf(named('next'), steps('echo hello'))]
    const script = `
      import { readdirSync, statfsSync } from 'node:fs'
      import { createLocal } from ${JSON.stringify(pathToFileURL(RUNNER.replace('-runner', '')).href)}
      import { systemClock } from ${JSON.stringify(pathToFileURL(join(RUNNER, '../../lib/clock.js')).href)}
      import { silentLog } from ${JSON.stringify(pathToFileURL(join(RUNNER, '../../lib/log.js')).href)}
      const provider = createLocal(${JSON.stringify({ ...SETTINGS, concurrent: 1 })}, { checkout: async () => {}, clock: systemClock(), folder: '/mnt/builds', log: silentLog, name: 'local' })
      const ends = []
      const isFinal = ({ status }) => status !== 'pending' && status !== 'running'
      const jobs = JSON.parse(process.argv[1])
      for (const job of jobs) {
        while ((await provider.start(job))._tag !== 'Accepted') await new Promise((resolve) => setTimeout(resolve, 50))
        provider.follow(job, '', (progress) => isFinal(progress) && ends.push([job.build.workflow, progress.status, progress.error]))
      }
      // A build has ended before its files go, and a folder may go while it is read.
      const hasLitter = () => {
        try {
          return readdirSync('/mnt/builds', { recursive: true }).some((path) => /new-|\\.json\\.|work-/.test(path))
        } catch {
          return true
        }
      }
      while (ends.length < jobs.length || hasLitter()) await new Promise((resolve) => setTimeout(resolve, 50))
      await provider.close()
      const { bavail, bsize } = statfsSync('/mnt')
      console.log(JSON.stringify({ ends: ends.sort(), isRoomy: bavail * bsize > 12e6 }))
      process.exit()`
    const inside = 'mount -t tmpfs -o size=16m none /mnt && exec "$0" "$@"'
    const child = spawn('unshare', ['-m', 'sh', '-c', inside, process.execPath, '--input-type=module', '-e', script, JSON.stringify([job, next])], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [said] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    expect(JSON.parse(said)).toEqual({
      ends: [['big', 'failed', 'The step "step 1" ended with exit code 1.'], ['next', 'success', null]],
      isRoomy: true
    })
  })
})

// ---------------------------------------------------------------------------------------- what is kept

const surroundings = (clock: Workshop['clock'], folder: string): Surroundings => ({
  checkout: () => Promise.resolve(),
  clock,
  environment: {},
  fetch: () => Promise.reject(new Error('nobody is asked')),
  folder,
  log: silentLog,
  name: 'local'
})

interface Folders {
  readonly clock: Workshop['clock']
  readonly make: () => Provider
  /** Makes the folder of a build, and says its name. */
  readonly put: (workflow: string, files: { readonly [name: string]: unknown }) => Promise<string>
  readonly root: string
}

/** A provider by settings as the operator writes them, over folders of builds that are there already. Time stands still. */
const withFolders = (
  settings: { readonly [name: string]: number },
  use: (folders: Folders) => Promise<void>
): Promise<void> =>
  withSite(async ({ clock, root }) => {
    const made: Array<Provider> = []
    await mkdir(root, { recursive: true })
    await use({
      clock,
      make: () => {
        const { right: provider } = local.make(settings, surroundings(clock, root)) as { readonly right: Provider }
        made.push(provider)
        return provider
      },
      put: async (name, files) => {
        const { build, key, plan } = jobOf(named(name), {})
        await mkdir(join(root, idOf(key)))
        for (const [file, value] of Object.entries({ 'request.json': { build, createdMs: 0, key, plan }, ...files })) await writeFile(join(root, idOf(key), file), JSON.stringify(value))
        return idOf(key)
      },
      root
    })
    await Promise.all(made.map((provider) => provider.close()))
  })

const [HOUR_MS, DAY_MS] = [3_600_000, 86_400_000]

describe('files of ended builds', () => {
  test.each<[{ readonly [name: string]: number }, ReadonlyArray<number>, ReadonlyArray<number>]>([
    [{}, [14 * DAY_MS - 1], [14 * DAY_MS]],
    [{ keepDays: 1 }, [DAY_MS - 1], [DAY_MS, 2 * DAY_MS]],
    [{ keepDays: 0 }, [HOUR_MS - 1], [HOUR_MS]],
    [{ keepBuilds: 2 }, [2 * HOUR_MS, 3 * HOUR_MS], [4 * HOUR_MS, 5 * HOUR_MS]],
    [{ keepBuilds: 1 }, [HOUR_MS - 2, HOUR_MS - 1], [HOUR_MS]]
  ])('files of ended builds are, with %j, kept after %j ms, and removed after %j ms', (settings, kept, removed) =>
    withFolders(settings, async ({ clock, make, put, root }) => {
      const endedFor = (agoMs: number) => put(`ended ${String(agoMs)}`, { 'result.json': { endedMs: clock.now() / 1000 - agoMs, error: null, exitCode: 0, status: 'success' } })
      const ids = await Promise.all(kept.map(endedFor))
      await Promise.all(removed.map(endedFor))
      await make().check()
      expect(readdirSync(root).sort()).toEqual([...ids].sort())
    })
  )

  test('are removed when half made or half removed, once nobody can use them; others stay', () =>
    withFolders({}, async ({ make, root }) => {
      for (const [name, agoMs] of [['new-a', 0], ['gone-a', HOUR_MS - 60_000], ['new-b', HOUR_MS + 60_000], ['gone-b', DAY_MS], ['other', DAY_MS]] as const) {
        await mkdir(join(root, name))
        const at = new Date(Date.now() - agoMs)
        await utimes(join(root, name), at, at)
      }
      await make().check()
      expect(readdirSync(root).sort()).toEqual(['gone-a', 'new-a', 'other'])
    }))

  test('are left to the next start by a stop that comes before they have been looked at', () =>
    withFolders({}, async ({ make, root }) => {
      const names = Array.from({ length: 20 }, (_, i) => `gone-${String(i)}`)
      for (const name of names) {
        await mkdir(join(root, name))
        const at = new Date(Date.now() - DAY_MS)
        await utimes(join(root, name), at, at)
      }
      await make().close()
      expect(readdirSync(root)).toHaveLength(20)
    }))
})

test.each([
  [{}, 20_000],
  [{ graceSeconds: 5 }, 15_000]
])('with %j, a runner that was told to end is killed %i ms later', (settings, afterMs) =>
  withFolders(settings, async ({ clock, make, put }) => {
    const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' })
    const gone = once(child, 'exit')
    const hand = { process: { hostname: hostname(), pid: child.pid, startedAt: null }, token: 'x' }
    await put('deaf', { 'cancel.json': { atMs: clock.now() / 1000 }, 'claim.json': hand, 'runner.json': hand })
    clock.advance(afterMs - 1)
    const job = jobOf(named('deaf'), {})
    await make().check()
    expect(isRunning(child.pid ?? 0)).toBe(true)
    clock.advance(1)
    const provider = make()
    await provider.check()
    await gone
    expect(await provider.find(job)).toMatchObject({ _tag: 'Accepted' })
  })
)

// ---------------------------------------------------------------------------------------- settings

describe('settings', () => {
  test.each([
    [{}, null],
    [{ concurrent: 1, graceSeconds: 0, keepBuilds: 0, keepDays: 0, logBytes: 1024 }, null],
    [{ concurrent: 100, graceSeconds: 300, keepBuilds: 10_000, keepDays: 3650, logBytes: 1_073_741_824 }, null],
    [{ concurrent: 0 }, '"concurrent" must be a whole number from 1 to 100; it is 0.'],
    [{ concurrent: 101 }, '"concurrent" must be a whole number from 1 to 100; it is 101.'],
    [{ graceSeconds: -1 }, '"graceSeconds" must be a number from 0 to 300; it is -1.'],
    [{ graceSeconds: Number.NaN }, '"graceSeconds" must be a number from 0 to 300; it is NaN.'],
    [{ keepBuilds: -1 }, '"keepBuilds" must be a whole number from 0 to 10000; it is -1.'],
    [{ keepDays: 3651 }, '"keepDays" must be a number from 0 to 3650; it is 3651.'],
    [{ logBytes: 1023 }, '"logBytes" must be a whole number from 1024 to 1073741824; it is 1023.']
  ])('%j', async (settings, wrong) => {
    await withSite(async ({ clock, root }) => {
      const made = local.make(settings, surroundings(clock, root))
      expect(made._tag === 'Left' ? made.left : null).toBe(wrong)
      if (made._tag === 'Right') await made.right.close()
    })
  })

  test('keep names apart, whatever they are', () => expect(new Set(ODD.map(({ knot, rkey, workflow }) => idOf(`${knot}/${rkey}/${workflow}`))).size).toBe(ODD.length))
})
