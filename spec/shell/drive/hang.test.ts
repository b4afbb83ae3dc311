/**
 * A step that does not end, in a real process: its end leaves a note, the watchdog hears nothing, and what the operator has passed over is
 * passed over once. The fold of these tests hangs by a hook of theirs, which stands before the machine as it is loaded.
 */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, readFile, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { expect, onTestFinished, test } from 'vitest'
import { type Natural, OrderedMap as M, REPO, type State } from '../../../core/index.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { refUpdate, rfc3339, startNetwork, startPds, tid } from '../../../shell/demo-network/index.js'
import { readStore } from '../../../shell/store/index.js'
import { systemDisk } from '../../../shell/store/disk.js'
import { eventName, lastHung } from '../../../shell/store/steps.js'
import { OWNER } from '../inbound/support.js'
import { hasGit, WITHOUT_GIT } from '../support/git.js'
import { commandHere } from '../support/in-process.js'
import { eventually, inFolder, type Running, start } from '../support/process.js'

const REPO_DID = 'did:plc:rrrrrrrrrrrrrrrrrrrrrrrr'
const clock = systemClock()
const WORKFLOW = 'when: [{event: push, branch: ["**"]}]\nengine: tack\ntack: {local: {}}\nsteps:\n  - {name: hello, command: "true"}\n'

/** A file with a character for each process that has come to a step that does not end. */
const hangsOf = (folder: string): string => join(folder, 'hangs')

/**
 * What has Node load the machine with a step that does not end for events of which `condition` holds: a module of that name that exports all
 * of the real one, but for its two ways to take a step. It goes by the name of the module alone, however that is compiled and wherever it lies.
 */
const hanging = async (folder: string, condition: string): Promise<string> => {
  // It holds up its thread for good, as a loop would, and leaves the processor to others.
  const wait = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'
  const hung = `appendFileSync(${JSON.stringify(hangsOf(folder))}, 'x')`
  const stuck = (name: string): string =>
    `export const ${name} = (state, event) => { if (${condition}) { ${hung}; ${wait} } return real.${name}(state, event) }\n` +
    `if (real.${name} === undefined) throw new Error('the machine has no ${name}')`
  const hook = `export const load = (url, context, next) => {
    if (!url.endsWith('/core/machine.js')) return next(url, context)
    const from = JSON.stringify(url + '?real')
    const source = 'import { appendFileSync } from "node:fs"\\nexport * from ' + from + '\\nimport * as real from ' + from + '\\n' + ${JSON.stringify(`${stuck('step')}\n${stuck('reduce')}`)}
    return { format: 'module', shortCircuit: true, source }
  }`
  const path = join(folder, 'hang.mjs')
  await writeFile(path, `import { register } from 'node:module'\nregister('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}))\n`)
  return `--import ${pathToFileURL(path).href}`
}

/** A spindle with a knot, a repository of the owner's, and pushes to it. */
const world = async (folder: string) => {
  const network = await startNetwork({ clock, generation: 'v2', knots: 1, seed: 3 })
  const pds = await startPds()
  onTestFinished(async () => {
    await Promise.all([network.stop(), pds.stop()])
  })
  const [knot] = network.knots
  if (knot === undefined) throw new Error('the network has a knot')
  pds.putRecord(OWNER, REPO, 'app', { $type: REPO, createdAt: rfc3339(clock.now()), knot: knot.host, name: 'app', repoDid: REPO_DID, spindle: 'localhost' })
  const repo = await knot.git.createRepository({ did: REPO_DID, name: 'app', owner: OWNER })
  const [store, path] = [join(folder, 'store'), join(folder, 'tack.yaml')]
  await writeFile(
    path,
    `hostname: localhost\nowner: ${OWNER}\ndev: true\nlisten: 127.0.0.1:0\nstore: ${store}\njetstream: ${network.jetstreamUrl}\nplc: ${pds.url}\nmaxBackoff: 0.2\nlog: json\nproviders:\n  local:\n`
  )
  const run = (env: Readonly<Record<string, string>> = {}): Running => {
    const running = start(['run', '--config', path], { env })
    onTestFinished(() => running.end('SIGKILL').then(() => undefined))
    return running
  }
  const state = async (): Promise<State | null> => {
    const read = await readStore(store)()
    return E.isRight(read) ? read.right.state : null
  }
  const push = async (rkey: string): Promise<void> => {
    const moved = await repo.commitAndPush([{ content: `${WORKFLOW}# ${rkey}\n`, path: '.tangled/workflows/ci.yml' }])
    knot.publish(refUpdate(rkey, { committerDid: OWNER, ownerDid: OWNER, repo: REPO_DID, ...moved }))
  }
  return {
    check: () => commandHere(['check', '--config', path]),
    inspect: () => commandHere(['inspect', '--config', path]),
    passOver: (event: string) => commandHere(['pass-over', event, '--config', path]),
    push,
    rkey: (n: number) => tid(clock.now(), n),
    run,
    state,
    /** The status of the only build of a push. */
    statusOf: async (rkey: string): Promise<string | null> => {
      const now = await state()
      const found = now === null ? undefined : M.toEntries(now.builds.runs).find(([key]) => key.endsWith(`/${rkey}`))
      return found === undefined ? null : (M.toEntries(found[1].builds)[0]?.[1].status ?? null)
    },
    passed: async () => M.toEntries((await state())?.counters.reports ?? M.empty<string, Natural>()).find(([kind]) => kind === 'PassedOver')?.[1] ?? 0,
    host: knot.host
  }
}

/** Resolves when so many processes have come to a step that does not end, and that of this event is noted, and goes on. */
const noted = (folder: string, name: string, times: number): Promise<void> =>
  eventually(async () => {
    // Until a process has come so far, what the one before it noted still lies there.
    if ((await readFile(hangsOf(folder), 'utf8').catch(() => '')).length < times) return false
    const hung = await lastHung(systemDisk, join(folder, 'store'))
    const isGoingOn = (await readFile(join(folder, 'store', 'step.jsonl'), 'utf8').catch(() => '')).endsWith('\n')
    return isGoingOn && hung !== null && eventName(hung) === name
  })

for (const [of, name] of [
  ['KnotReceived', (host: string, rkey: string) => `KnotReceived sh.tangled.git.refUpdate ${host}/${rkey}`],
  ['WorkflowsRead', (host: string, rkey: string) => `WorkflowsRead ${host}/${rkey}`]
] as const)
  test.skipIf(!hasGit)(`${of}: noted, again after a restart, passed over once; what comes after it is built${WITHOUT_GIT}`, () =>
    inFolder(async (folder) => {
      const { check, host, inspect, passed, passOver, push, rkey, run, statusOf } = await world(folder)
      const [before, bad, good] = [rkey(1), rkey(2), rkey(3)]
      const env = { NODE_OPTIONS: await hanging(folder, `event._tag === '${of}' && event.rkey === '${bad}' && event.payload?._tag !== 'Unreadable' && event.workflows?.length !== 0`) }
      const event = name(host, bad)

      const first = run(env)
      await first.says('"event":"KnotOpened"')
      // A knot of which nothing was heard yet is asked from now on, and would not send the next one again.
      await push(before)
      await eventually(async () => (await statusOf(before)) === 'success')
      await push(bad)
      await noted(folder, event, 1)
      await first.end('SIGKILL')

      // Most processes end for another reason: what was noted is tried again.
      const second = run(env)
      await second.says(`the last process ended while processing \\"${event}\\"`)
      await noted(folder, event, 2)
      expect((await check()).out).toMatch(/NOT {2}store .*ended while it did/)
      expect((await inspect()).out).toContain(`tack is processing "${event}", or ended while it did; if that happens again`)
      expect(await passOver('KnotReceived x')).toMatchObject({ code: 1 })
      expect(await passOver(event)).toMatchObject({ code: 0 })
      await second.end('SIGKILL')

      const third = run(env)
      await third.says('"event":"KnotOpened"')
      await eventually(async () => (await passed()) === 1)
      await push(good)
      await eventually(async () => (await statusOf(good)) === 'success')
      expect(await statusOf(bad)).toBeNull()
      expect(await third.end('SIGTERM')).toBe(0)

      // It does not come again, and nothing is left to decide.
      const fourth = run(env)
      await fourth.says('"event":"KnotOpened"')
      expect(await fourth.end('SIGTERM')).toBe(0)
      expect(await passed()).toBe(1)
      expect((await inspect()).out).not.toContain('ended while it did')
    }))

test.skipIf(!hasGit)(`an event of the journal whose step does not end at a start: noted with its place, passed over once, and all else is as it was${WITHOUT_GIT}`, () =>
  inFolder(async (folder) => {
    const { check, host, inspect, passed, passOver, push, rkey, run, state, statusOf } = await world(folder)
    const [before, bad, good] = [rkey(1), rkey(2), rkey(3)]
    const first = run()
    await first.says('"event":"KnotOpened"')
    for (const one of [before, bad, good]) {
      await push(one)
      await eventually(async () => (await statusOf(one)) === 'success')
    }
    // What it has done is in its journal alone.
    await first.end('SIGKILL')
    const others = async () => M.toEntries((await state())?.builds.runs ?? M.empty<string, never>()).filter(([key]) => !key.endsWith(`/${bad}`))
    const built = await others()
    expect(built).toHaveLength(2)

    const env = { NODE_OPTIONS: await hanging(folder, `event._tag === 'WorkflowsRead' && event.rkey === '${bad}' && event.workflows.length !== 0`) }
    const event = `WorkflowsRead ${host}/${bad}`
    const second = run(env)
    await noted(folder, event, 1)
    await second.end('SIGKILL')

    // Most processes end for another reason: what was noted is tried again.
    const third = run(env)
    await third.says(`the last process ended while processing \\"${event}\\" from batch`)
    await noted(folder, event, 2)
    expect((await check()).out).toMatch(/NOT {2}store .*ended while it did/)
    expect(await passOver('WorkflowsRead x')).toMatchObject({ code: 1 })
    expect(await passOver(event)).toMatchObject({ code: 0 })
    await third.end('SIGKILL')
    // Nobody who reads the store hangs from now on.
    expect((await inspect()).out).toContain('it will be passed over once')
    expect(await passed()).toBe(1)

    const fourth = run(env)
    await fourth.says('was passed over, as requested')
    await fourth.says('"event":"KnotOpened"')
    expect(await passOver(event)).toMatchObject({ code: 1 })
    expect(await fourth.end('SIGKILL')).toBeNull()
    expect(await passed()).toBe(1)
    expect(await statusOf(bad)).toBeNull()
    // The same builds, of which none was begun again.
    const outline = (runs: typeof built) => runs.map(([key, { builds }]) => [key, M.toEntries(builds).map(([name, { phase, status, statusUs }]) => [name, phase, status, statusUs])])
    expect(outline(await others())).toEqual(outline(built))

    const fifth = run(env)
    await fifth.says('"event":"KnotOpened"')
    const next = rkey(4)
    await push(next)
    await eventually(async () => (await statusOf(next)) === 'success')
    expect(await fifth.end('SIGTERM')).toBe(0)
    expect(await passed()).toBe(1)
  }))

test.skipIf(!hasGit)(`the watchdog hears that tack is alive, even while nothing happens, and nothing more once a step hangs${WITHOUT_GIT}`, () =>
  inFolder(async (folder) => {
    const { host, push, rkey, run } = await world(folder)
    const told = join(folder, 'told')
    await writeFile(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> '${told}'\n`)
    await chmod(join(folder, 'systemd-notify'), 0o755)
    const lines = async (): Promise<ReadonlyArray<string>> => (await readFile(told, 'utf8').catch(() => '')).split('\n').slice(0, -1)
    const bad = rkey(1)
    const running = run({
      NODE_OPTIONS: await hanging(folder, `event._tag === 'KnotReceived' && event.rkey === '${bad}'`),
      NOTIFY_SOCKET: '/run/notify',
      PATH: `${folder}:${process.env['PATH'] ?? ''}`,
      WATCHDOG_USEC: '400000'
    })
    await running.says('"event":"KnotOpened"')
    const begun = (await lines()).length
    await eventually(async () => (await lines()).length >= begun + 3)
    expect(new Set(await lines())).toEqual(new Set(['/run/notify WATCHDOG=1']))
    await push(bad)
    await noted(folder, `KnotReceived sh.tangled.git.refUpdate ${host}/${bad}`, 1)
    // The one that was under way may still be written; then there are no more, for as long as ten would take.
    await new Promise((resolve) => setTimeout(resolve, 300))
    const after = (await lines()).length
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect((await lines()).length).toBe(after)
  }))

test('a missing systemd-notify is reported, and ends nothing: systemd’s watchdog is all that goes without', () =>
  inFolder(async (folder) => {
    // Git alone is on the path: without it, nothing begins.
    const git = (process.env['PATH'] ?? '').split(delimiter).map((place) => join(place, 'git')).find((path) => existsSync(path))
    await symlink(git ?? expect.fail('there is no git'), join(folder, 'git'))
    const running = start(
      ['run', '--hostname', 'localhost', '--owner', OWNER, '--dev', '--listen', '127.0.0.1:0', '--jetstream', 'ws://localhost:1/', '--backfill', 'off', '--store', join(folder, 'store')],
      { env: { NOTIFY_SOCKET: '/run/notify', PATH: folder, TACK_LOG: 'json', WATCHDOG_USEC: '40000' } }
    )
    onTestFinished(() => running.end('SIGKILL').then(() => undefined))
    const died = once(running.child, 'exit').then(() => 'it ended')
    const first = await Promise.race([running.says('systemd watchdog cannot be notified').then(() => 'said'), died])
    expect(first).toBe('said')
    expect(await Promise.race([running.says('"event":"OpenJetstream"').then(() => 'going on'), died])).toBe('going on')
    expect(running.lines.find((line) => line.includes('systemd watchdog cannot be notified'))).toContain('ENOENT')
    expect(await running.end('SIGTERM')).toBe(0)
    expect(running.lines.filter((line) => line.includes('systemd watchdog cannot be notified'))).toHaveLength(1)
  }))
