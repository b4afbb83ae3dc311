/**
 * What an operator does, all of it for real: a configuration file, `tack check`, `tack run`, a push to a real repository, and then `builds`,
 * `cancel`, `retry` and `inspect` beside the running program.
 */
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { REPO } from '../../../core/index.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { refUpdate, rfc3339, startNetwork, startPds, tid } from '../../../shell/demo-network/index.js'
import type { ShownBuild } from '../../../shell/inbound/shown-builds.js'
import { OWNER } from '../inbound/support.js'
import { eventually, inFolder, start, tack } from '../support/process.js'
import { hasGit, WITHOUT_GIT } from '../support/git.js'
import { waitUntil } from '../support/steps.js'

const TOKEN = 'canary-0123456789abcdef'
const HOSTNAME = 'localhost'
const REPO_DID = 'did:plc:rrrrrrrrrrrrrrrrrrrrrrrr'

const clock = systemClock()

/** A workflow whose step waits for a file, and says how it was told to end. */
const waits = (file: string): string =>
  ['when: [{event: push, branch: ["**"]}]', 'engine: tack', 'tack: {local: {}}', 'steps:', `  - {name: wait, command: "${waitUntil(`[ -e '${file}' ]`)}"}`, ''].join('\n')

test.skipIf(!hasGit)(`an operator gets from a configuration to a build that is cancelled, and one that repeats it${WITHOUT_GIT}`, () =>
  inFolder(async (folder) => {
    const network = await startNetwork({ clock, generation: 'v2', knots: 1, seed: 3 })
    const pds = await startPds()
    onTestFinished(async () => {
      await Promise.all([network.stop(), pds.stop()])
    })
    const [knot] = network.knots
    if (knot === undefined) throw new Error('the network has a knot')
    pds.putRecord(OWNER, REPO, 'app', { $type: REPO, createdAt: rfc3339(clock.now()), knot: knot.host, name: 'app', repoDid: REPO_DID, spindle: HOSTNAME })
    const repo = await knot.git.createRepository({ did: REPO_DID, name: 'app', owner: OWNER })
    const goOn = join(folder, 'go-on')
    const moved = await repo.commitAndPush([{ content: waits(goOn), path: '.tangled/workflows/ci.yml' }])

    const [path, secret] = [join(folder, 'tack.yaml'), join(folder, 'admin-token')]
    await writeFile(secret, `${TOKEN}\n`)
    await writeFile(
      path,
      `hostname: ${HOSTNAME}\nowner: ${OWNER}\ndev: true\nlisten: 127.0.0.1:0\nstore: ${join(folder, 'store')}\n` +
        `jetstream: ${network.jetstreamUrl}\nplc: ${pds.url}\nmaxBackoff: 0.2\nlog: json\nproviders:\n  local:\n`
    )
    const configured = ['--config', path]
    // Where the name leads, nobody listens at this moment: the server of the check has whatever port was free.
    const checked = await tack(['check', ...configured], { TACK_ADMIN_TOKEN_FILE: secret })
    expect(checked.out.split('\n').filter((line) => line.startsWith('NOT')).map((line) => line.split(/ +/)[1])).toEqual(['registration', 'health', 'websocket'])

    const running = start(['run', ...configured], { env: { TACK_ADMIN_TOKEN_FILE: secret } })
    onTestFinished(() => running.end('SIGKILL').then(() => undefined))
    await running.says('"event":"Serving"')
    const { port } = JSON.parse(running.lines.find((line) => line.includes('"event":"Serving"')) ?? '{}') as { readonly port: number }
    await running.says('"event":"KnotOpened"')
    const rkey = tid(clock.now(), 1)
    knot.publish(refUpdate(rkey, { committerDid: OWNER, ownerDid: OWNER, repo: REPO_DID, ...moved }))

    const builds = async (): Promise<ReadonlyArray<ShownBuild>> => JSON.parse((await tack(['builds', ...configured, '--json'])).out) as ReadonlyArray<ShownBuild>
    const statuses = async (): Promise<ReadonlyArray<string>> => (await builds()).map(({ status }) => status)
    await eventually(async () => (await statuses()).join() === 'running')
    expect(await builds()).toMatchObject([{ knot: knot.host, provider: 'local', repository: { name: 'app', owner: OWNER }, rkey, workflow: 'ci.yml' }])
    expect((await tack(['inspect', ...configured])).out).toMatch(/Running builds\n.*\n {2}running .*Following/)

    const orders = { TACK_ADMIN_TOKEN_FILE: secret, TACK_SERVER: `http://127.0.0.1:${String(port)}` }
    expect(await tack(['cancel', ...configured, knot.host, rkey], orders)).toMatchObject({ code: 0, err: '' })
    await eventually(async () => (await statuses()).join() === 'cancelled')

    expect(await tack(['retry', ...configured, knot.host, rkey, 'ci.yml'], orders)).toMatchObject({ code: 0, err: '' })
    await eventually(async () => (await statuses()).join() === 'running,cancelled')
    expect((await builds())[0]?.retryOf).toBe(rkey)
    await writeFile(goOn, '')
    await eventually(async () => (await statuses()).join() === 'success,cancelled')
    expect(existsSync(join(folder, 'store', 'providers', 'local'))).toBe(true)

    expect(await running.end('SIGTERM')).toBe(0)
    expect(running.lines.join('\n')).not.toContain(TOKEN)
  }))
