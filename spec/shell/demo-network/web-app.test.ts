/**
 * The web application of the embedded network, against a bridge that runs as a process: a real push to a repository of SHA-256, calls by tokens that accounts
 * signed, logs, and hashes of definitions. And the same by hand, in a real browser, where there is one.
 */
import { decodeFirst } from '@atcute/cbor'
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { type Did, REPO } from '../../../core/index.js'
import { type KnotServer, plc, refUpdate, rfc3339, seeded, startNetwork, startPds, startWebApp, tid, type WebApp } from '../../../shell/demo-network/index.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { hashOfFiles } from '../../../shell/outbound/definitions.js'
import { isDefinitionOutput, isErrorOutput, isLogFrame, isPipelineOutput, isQueryOutput, isTriggerOutput } from '../../suite/laws/lexicon.js'
import { CHROMIUM, launchChromium } from '../support/browser.js'
import { hasGit, WITHOUT_GIT } from '../support/git.js'
import { eventually, inFolder, start } from '../support/process.js'
import { waitUntil } from '../support/steps.js'

const OWNER = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' as Did
const STRANGER = plc(seeded(6))
const REPO_DID = plc(seeded(5))
const HOSTNAME = 'ci.example.com'
const CANCEL = 'sh.tangled.ci.cancelPipeline'
const TRIGGER = 'sh.tangled.ci.triggerPipeline'

const clock = systemClock()
// Programs take their time on a busy machine.
vi.setConfig({ testTimeout: 180_000 })

/** Nothing of whoever runs the tests. */
const GIT = { GIT_AUTHOR_EMAIL: 'a@example', GIT_AUTHOR_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example', GIT_COMMITTER_NAME: 'A', GIT_CONFIG_NOSYSTEM: '1', HOME: '/nonexistent', PATH: process.env['PATH'] ?? '' }

const git = (...args: ReadonlyArray<string>): string => execFileSync('git', args, { encoding: 'utf8', env: GIT }).trim()

interface Pipeline {
  readonly commit: string
  readonly id: string
  readonly workflows: ReadonlyArray<{ readonly error?: string; readonly id: string; readonly status: string }>
}

interface Place {
  readonly app: WebApp
  readonly knot: KnotServer
  /** Lets the step of the workflow end. */
  readonly goOn: () => Promise<void>
  readonly pipelines: () => Promise<ReadonlyArray<Pipeline>>
  readonly sha: string
  readonly url: string
  readonly workflow: string
}

/** A bridge that has been told of a push to a repository of SHA-256, and runs its workflow until it is let go on. */
const place = async (folder: string): Promise<Place> => {
  const network = await startNetwork({ clock, generation: 'v2', keepLists: true, knots: 1, seed: 3 })
  const pds = await startPds()
  onTestFinished(async () => {
    await Promise.all([network.stop(), pds.stop()])
  })
  const [knot] = network.knots
  if (knot === undefined) throw new Error('the network has a knot')
  pds.putAccount(STRANGER)
  pds.putRepository(REPO_DID, `http://${knot.host}`)
  pds.putRecord(OWNER, REPO, 'app', { $type: REPO, createdAt: rfc3339(clock.now()), knot: knot.host, name: 'app', repoDid: REPO_DID, spindle: HOSTNAME })
  const bare = await knot.git.createRepository({ did: REPO_DID, format: 'sha256', name: 'app', owner: OWNER })

  const marker = join(folder, 'go-on')
  const workflow = ['when: [{event: push, branch: ["**"]}]', 'engine: tack', 'tack: {local: {}}', 'steps:', `  - {name: wait, command: "git rev-parse HEAD; ${waitUntil(`[ -e '${marker}' ]`)}"}`, ''].join('\n')
  const work = join(folder, 'work')
  git('init', '--quiet', '--object-format=sha256', '--initial-branch=main', work)
  await mkdir(join(work, '.tangled/workflows'), { recursive: true })
  await writeFile(join(work, '.tangled/workflows/ci.yml'), workflow)
  git('-C', work, 'add', '.')
  git('-C', work, 'commit', '--quiet', '--message', 'Build')
  git('-C', work, 'push', '--quiet', bare.folder, 'main')
  const sha = git('-C', work, 'rev-parse', 'HEAD')
  expect(sha).toMatch(/^[0-9a-f]{64}$/)

  const path = join(folder, 'tack.yaml')
  await writeFile(
    path,
    `hostname: ${HOSTNAME}\nowner: ${OWNER}\ndev: true\nlisten: 127.0.0.1:0\nstore: ${join(folder, 'store')}\n` +
      `jetstream: ${network.jetstreamUrl}\nplc: ${pds.url}\nmaxBackoff: 0.2\nlog: json\nproviders:\n  local:\n`
  )
  const running = start(['run', '--config', path])
  onTestFinished(() => running.end('SIGKILL').then(() => undefined))
  await running.says('"event":"Serving"')
  const { port } = JSON.parse(running.lines.find((line) => line.includes('"event":"Serving"')) ?? '{}') as { readonly port: number }
  const url = `http://127.0.0.1:${String(port)}`
  const app = await startWebApp({
    accounts: [{ did: OWNER, name: 'owner' }, { did: STRANGER, name: 'stranger' }],
    pds,
    repositories: [{ did: REPO_DID, name: 'app' }],
    spindle: { hostname: HOSTNAME, url }
  })
  onTestFinished(app.stop)
  const pipelines = async (): Promise<ReadonlyArray<Pipeline>> => {
    const page = (await (await fetch(`${url}/xrpc/sh.tangled.ci.queryPipelines?repo=${REPO_DID}`)).json()) as { readonly pipelines: ReadonlyArray<Pipeline> }
    expect(isQueryOutput(page)).toBe(true)
    return page.pipelines
  }

  await running.says('"event":"KnotOpened"')
  knot.publish(refUpdate(tid(clock.now(), 1), { committerDid: OWNER, newSha: sha, oldSha: '0'.repeat(64), ownerDid: OWNER, ref: 'refs/heads/main', repo: REPO_DID }))
  await eventually(async () => (await pipelines())[0]?.workflows[0]?.status === 'running')
  return { app, knot, goOn: () => writeFile(marker, ''), pipelines, sha, url, workflow }
}

const statuses = async ({ pipelines }: Place): Promise<string> => (await pipelines()).flatMap(({ workflows }) => workflows.map(({ status }) => status)).join()

/** The log of a pipeline, as a client of another make decodes it: to its end, or until it says what is awaited. */
const logOf = (url: string, id: string, awaited?: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    const socket = new WebSocket(`${url.replace('http', 'ws')}/xrpc/sh.tangled.ci.subscribePipelineLogs?pipeline=${id}`)
    socket.on('message', (data: Buffer) => {
      const [header, rest] = decodeFirst(data) as [{ readonly t?: string }, Uint8Array]
      const [body, nothing] = decodeFirst(rest) as [{ readonly content: string }, Uint8Array]
      const verdict = nothing.length === 0 ? isLogFrame(header, body) : 'more than two maps'
      if (verdict !== true) reject(new Error(String(verdict)))
      if (header.t === '#data') text += body.content
      if (awaited !== undefined && text.includes(awaited)) socket.close()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })

/** What the program answers to a query. */
const answerOf = async (url: string, method: string, query: string): Promise<unknown> => (await fetch(`${url}/xrpc/${method}?${query}`)).json()

test.skipIf(!hasGit)(`a repository of SHA-256 goes from a push to a log, and is cancelled and retried by signed tokens${WITHOUT_GIT}`, () =>
  inFolder(async (folder) => {
    const at = await place(folder)
    const { app, goOn, knot, pipelines, sha, url, workflow } = at
    const post = async (body: unknown, headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' }): Promise<readonly [number, unknown]> => {
      const response = await fetch(`${app.url}/call`, { body: typeof body === 'string' ? body : JSON.stringify(body), headers, method: 'POST' })
      const said = (await response.json()) as { readonly error?: string }
      if (said.error !== undefined) expect(isErrorOutput(said)).toBe(true)
      return [response.status, said.error]
    }
    const [first] = await pipelines()
    const cancel = { pipeline: first?.id, repo: REPO_DID }
    const retry = { repo: REPO_DID, trigger: { $type: 'sh.tangled.ci.trigger#manual', sha }, workflows: ['ci.yml'] }
    expect(first?.commit).toBe(sha)
    // It runs from its start on, checkout included: what is cancelled has a log once its step has written.
    expect(await logOf(url, first?.id ?? '', sha)).toContain(sha)

    expect(await post({ as: STRANGER, body: cancel, method: CANCEL })).toEqual([403, 'AccessControl'])
    expect(await post({ as: STRANGER, body: retry, method: TRIGGER })).toEqual([403, 'AccessControl'])
    expect((await post({ as: plc(seeded(8)), body: cancel, method: CANCEL }))[0]).toBe(400)
    expect((await post({ as: OWNER, body: {}, method: 'sh.tangled.repo.delete' }))[0]).toBe(400)
    expect((await post('x'.repeat(70_000)))[0]).toBe(413)
    expect((await post('{}', {}))[0]).toBe(415)

    // The knot says who may push, from one moment to the next; no record does.
    knot.changeCollaborator('add', REPO_DID, STRANGER)
    await eventually(async () => (await post({ as: STRANGER, body: cancel, method: CANCEL }))[0] === 200)
    await eventually(async () => (await statuses(at)) === 'cancelled')
    knot.changeCollaborator('remove', REPO_DID, STRANGER)
    await eventually(async () => (await post({ as: STRANGER, body: cancel, method: CANCEL }))[1] === 'AccessControl')
    expect(await post({ as: STRANGER, body: retry, method: TRIGGER })).toEqual([403, 'AccessControl'])
    expect(await post({ as: OWNER, body: cancel, method: CANCEL })).toEqual([409, 'PipelineEnded'])

    await goOn()
    const again = await app.call(OWNER, TRIGGER, retry)
    expect([again.status, isTriggerOutput(again.body)]).toEqual([200, true])
    await eventually(async () => (await statuses(at)) === 'success,cancelled')
    const [second] = await pipelines()
    expect([second?.commit, again.body['pipeline']]).toEqual([sha, expect.stringMatching(new RegExp(`/${second?.id ?? ''}$`))])
    expect(await logOf(url, second?.id ?? '')).toContain(sha)

    expect(await logOf(url, first?.id ?? '')).toContain(sha)
    for (const { id } of [first, second].flatMap((pipeline) => pipeline ?? []))
      expect(isPipelineOutput(await answerOf(url, 'sh.tangled.ci.getPipeline', `pipeline=${id}`))).toBe(true)

    const described = await answerOf(url, 'sh.tangled.ci.describeWorkflowDefinition', `repo=${REPO_DID}&sha=${sha}`)
    expect(isDefinitionOutput(described)).toBe(true)
    expect(described).toEqual({ derived: true, hash: hashOfFiles([{ bytes: Buffer.from(workflow), name: 'ci.yml' }]), workflows: ['ci.yml'] })
  }))

test.skipIf(!hasGit || CHROMIUM === undefined)(`the web application lists, reads a log, cancels and retries in a browser${WITHOUT_GIT}${CHROMIUM === undefined ? ' (skipped: there is no Chromium)' : ''}`, () =>
  inFolder(async (folder) => {
    const { app, goOn, sha } = await place(folder)
    const browser = await launchChromium()
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    page.setDefaultTimeout(150_000)
    const faults: Array<string> = []
    page.on('pageerror', (error) => faults.push(error.message))
    await page.goto(app.url)
    await page.getByText(sha.slice(0, 10)).waitFor()
    await page.getByText('running', { exact: true }).waitFor()

    await page.getByLabel('signed in as').selectOption('stranger')
    await page.getByRole('button', { name: /^cancel/ }).click()
    await page.getByText(/^refused: AccessControl/).waitFor()
    await page.getByLabel('signed in as').selectOption('owner')
    await page.getByRole('button', { name: /^cancel/ }).click()
    await page.locator('.cancelled', { hasText: 'cancelled' }).first().waitFor()

    await goOn()
    await page.getByRole('button', { name: /^retry/ }).click()
    await page.locator('.success').waitFor()
    await page.getByText('2 in all').waitFor()
    await page.getByRole('button', { name: /^logs/ }).first().click()
    await page.getByLabel('logs', { exact: true }).getByText(sha).waitFor()
    await page.getByText('the end').waitFor()
    await page.locator('td code[title^="sha256:"]').first().waitFor()
    expect(faults).toEqual([])
  }))
