/**
 * The page, in a real browser: it shows what happens while it happens, opens logs, fits a phone, and takes nothing that strangers
 * wrote for anything but text. Where there is no Chromium, these tests are skipped.
 */
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer } from 'node:tls'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { BuildName } from '../../../core/index.js'
import { VERSION } from '../../../shell/lib/version.js'
import type { LogLine } from '../../../shell/providers/provider.js'
import { manualClock } from '../support/bridge.js'
import { CHROMIUM, launchChromium, visitPage } from '../support/browser.js'
import { CERTIFICATE, KEY } from '../support/certificate.js'
import { createWorld, fakeProvider, HOSTNAME, KNOT, OWNER, serve, type World } from './support.js'

// A browser takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const AT = 1_767_225_600_000
const step = (step: number, status: 'start' | 'end', name: string, kind: 'system' | 'user' = 'user', command = ''): LogLine & { readonly _tag: 'Step' } => ({
  _tag: 'Step',
  command,
  kind,
  name,
  status,
  step,
  timeMs: AT + step * 2_000 + (status === 'end' ? 1_500 : 0)
})
const said = (step: number, text: string, stream: 'stdout' | 'stderr' = 'stdout'): LogLine => ({ _tag: 'Text', step, stream, text, timeMs: AT })

const started = (): World => {
  const world = createWorld()
  world.openStream()
  return world
}

const one = (builds: ReadonlyArray<BuildName>): BuildName => {
  const [build] = builds
  if (build === undefined) throw new Error('no build')
  return build
}

it('the pages have scripts that compile', () => {
  const scripts = ['cli/steps-page/steps.js', 'inbound/page/page.js', 'demo-network/web-app/app.js'].map((path) => new URL(`../../../shell/${path}`, import.meta.url).pathname)
  const program = ts.createProgram(scripts, {
    allowJs: true,
    checkJs: true,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    module: ts.ModuleKind.ES2022,
    moduleDetection: ts.ModuleDetectionKind.Force,
    noEmit: true,
    noUncheckedIndexedAccess: true,
    strict: true,
    target: ts.ScriptTarget.ES2022,
    types: []
  })
  expect(ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
})

/** The server at `url` as a reverse proxy has it: by TLS, below `/ci/`. @returns the address of the proxy */
const behindTls = async (url: string): Promise<string> => {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Duplex>()
  const proxy = createServer({ cert: CERTIFICATE, key: KEY }, (socket) => {
    const server = connect(Number(port), hostname)
    for (const one of [socket, server]) sockets.add(one.on('error', () => one.destroy()))
    // One request on each connection, whose first line comes first.
    socket.once('data', (first: Buffer) => {
      server.write(first.toString('latin1').replace(/^(\w+) \/ci\//, '$1 /').replace(/\r\nconnection: keep-alive/i, '\r\nconnection: close'), 'latin1')
      socket.pipe(server)
    })
    server.pipe(socket)
  })
  await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => proxy.close(resolve))
  })
  return `https://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`
}

describe.skipIf(CHROMIUM === undefined)(CHROMIUM === undefined ? 'in a browser (skipped: there is no Chromium)' : 'in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  /** A page at `url`, with all that the browser finds fault with. */
  const visit = (url: string, options: BrowserContextOptions = {}): ReturnType<typeof visitPage> =>
    visitPage(browser, { options, own: new URL(url).origin, timeoutMs: 240_000, url })

  it('says in one sentence what the spindle does, and in lists for whom', async () => {
    const world = started()
    const { url } = await serve(world)
    world.publishRepo({ name: 'site' })
    world.publishRepo({ name: 'app' })
    world.openKnot()
    const { faults, page } = await visit(url)
    await page.getByText('Listening to 1 knot for 2 repositories. Nothing is being built.').waitFor()
    expect(await page.title()).toBe(HOSTNAME)
    await page.getByRole('contentinfo').getByText(`tack ${VERSION}`).waitFor()
    await page.getByRole('region', { name: /^Knots/ }).getByText(/^held by site and app of /).waitFor()
    await page.getByRole('region', { name: /^Knots/ }).getByText(/^connected for/).waitFor()
    expect(await page.getByRole('region', { name: /^Repositories/ }).getByRole('listitem').count()).toBe(2)
    expect(faults).toEqual([])
  })

  it('shows a new build, how it goes on, and how it ends, without a reload', async () => {
    const world = started()
    const { url } = await serve(world)
    const { faults, page } = await visit(url)
    await page.getByText('Nothing is being built.').first().waitFor()
    world.pushUnread()
    const underway = page.getByRole('region', { name: 'Under way' })
    await underway.getByText('reading').waitFor()
    world.apply({ _tag: 'StopRequested', at: world.clock.now() })
    world.openStream()
    const build = one(world.push())
    await underway.getByText('pending').waitFor()
    await page.evaluate("document.body.setAttribute('data-same', 'yes')")
    world.accept(build, 'n1')
    world.report(build, 'n1', 'running')
    await underway.getByText('running').waitFor()
    world.report(build, 'n1', 'failed', { error: 'exit code 2', exitCode: 2 })
    await page.getByRole('region', { name: 'Recent builds' }).getByText('exit code 2').waitFor()
    await expect.poll(() => page.locator('#news').textContent()).toBe('app ci.yml: failed')
    expect(await page.locator('body').getAttribute('data-same')).toBe('yes')
    expect(faults).toEqual([])
  })

  it('says how long a build ran, as "tack builds" does: the wait before it is no part of that', async () => {
    const clock = manualClock()
    const world = createWorld({ clock })
    world.openStream()
    const { url } = await serve(world)
    const build = one(world.push())
    world.accept(build, 'n1')
    clock.advance(300_000)
    world.report(build, 'n1', 'running')
    clock.advance(127_000)
    world.report(build, 'n1', 'success')
    const { faults, page } = await visit(url)
    const recent = page.getByRole('region', { name: 'Recent builds' })
    await recent.getByText('took').waitFor()
    expect(await recent.getByText('took').textContent()).toMatch(/, took 2 min 07 s$/)
    expect(faults).toEqual([])
  })

  it('calls accounts by their handles once they are known, and links a build to its CI', async () => {
    const world = started()
    const known = new Map<string, string>()
    const handles = { close: () => Promise.resolve(), of: (did: string) => known.get(did) ?? null, version: () => known.size }
    const provider = { ...fakeProvider(), pageOf: (external: string) => `https://ci.example/${external}?a="><b>` }
    const { url } = await serve(world, { handles, providers: [provider] })
    world.publishRepo({ name: 'app' })
    world.openKnot()
    const build = one(world.push())
    world.accept(build, 'n1')
    world.report(build, 'n1', 'running')
    const { faults, page } = await visit(url)
    const repositories = page.getByRole('region', { name: /^Repositories/ })
    await repositories.getByText(/^did:plc:/).first().waitFor()
    known.set(OWNER, 'alice.xn--bcher-kva.example')
    world.openStream()
    await repositories.getByText(/^alice\.xn--bcher-kva\.example on /).waitFor()
    await page.getByRole('region', { name: 'Under way' }).getByText('alice.xn--bcher-kva.example').waitFor()
    await page.getByRole('link', { name: /app ci\.yml/ }).click()
    const link = page.getByRole('dialog', { name: 'ci.yml' }).getByTitle('the build at its CI')
    await link.waitFor()
    expect([await link.getAttribute('href'), await link.getAttribute('rel')]).toEqual(['https://ci.example/n1?a=%22%3E%3Cb%3E', 'noopener noreferrer'])
    expect(faults).toEqual([])
  })

  it('shows colours of a log, marks the step that failed, says why above it, and saves the log as it came', async () => {
    const world = started()
    const provider = fakeProvider()
    const { url } = await serve(world, { providers: [provider] })
    const build = one(world.push())
    world.accept(build, 'n1')
    const lines = ['\u001b[1;32mok\u001b[0m and \u001b[38;5;9mnot', 'still red\u001b[39m, no more', 'lost\r\u001b[38;2;1;2;3;4mover\u001b[m \u001b[48;5;1;94mblue']
    provider.say(step(0, 'start', 'clone', 'system'), step(0, 'end', 'clone', 'system'), step(1, 'start', 'test'), ...lines.map((line) => said(1, line)), {
      ...step(1, 'end', 'test'),
      hasFailed: true
    })
    provider.say(null)
    world.report(build, 'n1', 'failed', { error: 'The job "test" failed.', exitCode: 2 })
    const { faults, page } = await visit(url)
    await page.getByRole('link', { name: /app ci\.yml/ }).click()
    const dialog = page.getByRole('dialog', { name: 'ci.yml' })
    await dialog.getByText('The log is complete.').waitFor()
    const shown = "[...document.querySelectorAll('.line')].map((line) => [...line.childNodes].map((node) => [node.textContent, node.className ?? '']))"
    expect(await page.evaluate(shown)).toEqual([
      [['ok', 'ansi-2 bold'], [' and ', ''], ['not', 'ansi-9']],
      [['still red', 'ansi-9'], [', no more', '']],
      [['over', 'underline'], [' ', ''], ['blue', 'ansi-12']]
    ])
    expect(await page.evaluate("[...document.querySelectorAll('.step')].map((step) => step.classList.contains('broke'))")).toEqual([false, true])
    await dialog.locator('summary').getByText('failed', { exact: true }).waitFor()
    expect((await dialog.locator('#log-reason').textContent())?.replace('\u00a0', ' ')).toBe('The job "test" failed. · exit code 2')
    const [download] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: 'Save the log' }).click()])
    expect(download.suggestedFilename()).toBe('app-ci.yml.log')
    expect(readFileSync(await download.path(), 'utf8')).toBe(lines.map((line) => `${line}\n`).join(''))
    expect(faults).toEqual([])
  })

  it('shows the builds of a repository alone, and says in a sentence what was noticed', async () => {
    const world = started()
    const { url } = await serve(world)
    for (const name of ['app', 'site']) world.refuse(one(world.push({ name })), 'no such pipeline')
    world.apply({ _tag: 'PassedOver', about: 'a frame', at: world.clock.now(), of: 'CommitReceived' })
    const { faults, page } = await visit(url)
    const recent = page.getByRole('region', { name: 'Recent builds' })
    await expect.poll(() => recent.getByRole('listitem').count()).toBe(2)
    const filter = page.getByRole('searchbox', { name: 'Filter builds by repository' })
    await filter.fill('SIT')
    await expect.poll(() => recent.getByRole('listitem').allTextContents()).toEqual([expect.stringContaining('site')])
    await filter.fill('nobody')
    await recent.getByText('None of these is of a repository of that name.').waitFor()
    await page.getByRole('region', { name: 'Noticed lately' }).getByText('Event passed over: its step did not end.').waitFor()
    await filter.fill('')
    await expect.poll(() => recent.getByRole('listitem').count()).toBe(2)
    expect(faults).toEqual([])
  })

  it('opens a log, follows it, and goes back', async () => {
    const world = started()
    const provider = fakeProvider()
    const { url } = await serve(world, { providers: [provider] })
    const build = one(world.push())
    world.accept(build, 'n1')
    provider.say(step(0, 'start', 'clone', 'system'), said(0, 'Cloning…'), step(0, 'end', 'clone', 'system'), step(1, 'start', 'test', 'user', 'npm test'), said(1, '\u001b[32mok\u001b[0m 1 <script>alert(1)</script>'))
    const { faults, page } = await visit(url)
    const link = page.getByRole('link', { name: /app ci\.yml/ })
    await link.focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'ci.yml' })
    await dialog.getByText('ok 1 <script>alert(1)</script>').waitFor()
    await dialog.getByText('$ npm test').waitFor()
    expect(await dialog.getByText('Cloning…').isVisible()).toBe(false)
    await dialog.getByText('clone').click()
    expect(await dialog.getByText('Cloning…').isVisible()).toBe(true)
    provider.say(...Array.from({ length: 200 }, (_, n) => said(1, `line ${String(n)}`)), step(1, 'end', 'test'), null)
    await dialog.getByText('The log is complete.').waitFor()
    await expect.poll(() => dialog.getByText('line 199', { exact: true }).isVisible()).toBe(true)
    const below = "(({ clientHeight, scrollHeight, scrollTop }) => scrollHeight - scrollTop - clientHeight)(document.getElementById('log-lines'))"
    await expect.poll(() => page.evaluate<number>(below)).toBeLessThan(48)
    expect(await dialog.getByTitle('the repository at Tangled').getAttribute('href')).toBe(`https://tangled.org/${OWNER}/app`)
    expect(await dialog.getByTitle('the commit at Tangled').getAttribute('href')).toBe(`https://tangled.org/${OWNER}/app/commit/00000001${'b'.repeat(32)}`)
    expect(new URL(page.url()).hash).toBe(`#/${[build.knot, build.rkey, build.workflow].map(encodeURIComponent).join('/')}`)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    expect(new URL(page.url()).hash).toBe('')
    await page.goBack()
    await dialog.getByText('The log is complete.').waitFor()
    await dialog.getByRole('button', { name: 'Close' }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(faults).toEqual([])
  })

  it('opens logs by TLS where it came by TLS, below whatever path a reverse proxy has it at', async () => {
    const world = started()
    const provider = fakeProvider()
    const { url } = await serve(world, { providers: [provider] })
    const build = one(world.push())
    world.accept(build, 'n1')
    provider.say(step(0, 'start', 'test'), said(0, 'ok 1'), step(0, 'end', 'test'), null)
    const { faults, page } = await visit(`${await behindTls(url)}/ci/`, { ignoreHTTPSErrors: true })
    await page.getByRole('link', { name: /app ci\.yml/ }).click()
    const dialog = page.getByRole('dialog', { name: 'ci.yml' })
    await dialog.getByText('The log is complete.').waitFor()
    await dialog.getByText('ok 1').waitFor()
    expect(faults).toEqual([])
  })

  it('follows the log that is shown, and none before it', async () => {
    const world = started()
    const provider = fakeProvider()
    const { url } = await serve(world, { providers: [provider] })
    const [first, second] = world.push({ workflows: ['a.yml', 'b.yml'] })
    if (first === undefined || second === undefined) throw new Error('no builds')
    for (const [n, build] of [first, second].entries()) world.accept(build, `n${String(n)}`)
    const hashOf = (build: BuildName): string => `#/${[build.knot, build.rkey, build.workflow].map(encodeURIComponent).join('/')}`
    provider.say(step(0, 'start', 'test'), said(0, 'hello'))
    const { faults, page } = await visit(url)
    // What the browser opens from here on, and how many of them have told the page that they are over.
    await page.evaluate(`
      window.sockets = []
      window.over = 0
      window.WebSocket = class extends WebSocket {
        constructor(url) {
          super(url)
          window.sockets.push(this)
          this.addEventListener('close', () => { window.over += 1 })
        }
      }
    `)
    const dialog = page.getByRole('dialog')
    for (const build of [first, second]) {
      await page.evaluate(`location.hash = ${JSON.stringify(hashOf(build))}`)
      await page.getByRole('dialog', { name: build.workflow }).getByText('hello').waitFor()
    }
    await expect.poll(() => page.evaluate<number>('window.over')).toBe(1)
    expect(await dialog.locator('#log-state').textContent()).toBe('Following.')
    expect(await dialog.locator('#log-again').isVisible()).toBe(false)
    await page.evaluate("window.sockets[0].dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ kind: 'data', content: 'of another', step_id: 0, stream: 'stdout' }) }))")
    provider.say(said(0, 'goodbye'), null)
    await dialog.getByText('The log is complete.').waitFor()
    expect(await dialog.getByText('goodbye').count()).toBe(1)
    expect(await dialog.getByText('of another').count()).toBe(0)
    expect(faults).toEqual([])
  })

  it('sounds an alarm while the stream has been lost for minutes, or nothing can be saved, and no longer', async () => {
    const clock = manualClock()
    const world = createWorld({ clock })
    world.openStream()
    const { setSaving, url } = await serve(world)
    const { page } = await visit(url)
    const alarm = page.getByRole('alert')
    await page.getByText('Nothing is being built.').first().waitFor()
    expect(await alarm.isVisible()).toBe(false)
    world.loseStream()
    clock.advance(300_000)
    await alarm.getByText('The stream has been lost for some minutes.').waitFor()
    world.openStream()
    clock.advance(250)
    await alarm.waitFor({ state: 'hidden' })
    setSaving(false)
    clock.advance(250)
    await alarm.getByText('What happens cannot be saved.').waitFor()
    setSaving(true)
    clock.advance(250)
    await alarm.waitFor({ state: 'hidden' })
  })

  it('says when there is no such log', async () => {
    const { url } = await serve(started())
    const { page } = await visit(`${url}/#/${KNOT}/3mbd3542k2222/ci.yml`)
    await page.getByText('This log cannot be read now').waitFor()
    await page.getByRole('button', { name: 'Read again' }).waitFor()
  })

  it('shows hostile names as text, even on a phone, where nothing is wider than the screen', async () => {
    const world = started()
    const provider = fakeProvider()
    const { url } = await serve(world, { providers: [provider] })
    const hostile = '<img src=x onerror=alert(document.domain)>'
    const long = `${'w'.repeat(90)}.yml`
    const name = `${hostile}\u202e${'n'.repeat(300)}`
    const [build] = world.push({ faulty: { [long]: `${hostile} ${'e'.repeat(2_000)}` }, name, workflows: ['"><svg onload=alert(1)>.yml'] })
    if (build === undefined) throw new Error('no build')
    world.accept(build, 'n1')
    world.push({ knot: `${'k'.repeat(60)}.${'o'.repeat(60)}.example`, name: 'b', owner: `did:plc:${'b'.repeat(24)}` })
    provider.say(step(0, 'start', hostile), said(0, 'x'.repeat(5_000)), said(0, hostile, 'stderr'))
    for (const colorScheme of ['light', 'dark'] as const) {
      const { faults, page } = await visit(url, { colorScheme, viewport: { height: 740, width: 360 } })
      await page.getByText(hostile).first().waitFor()
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
      expect(await page.locator('img, svg').count()).toBe(0)
      await page.getByRole('link', { name: /onload/ }).click()
      await page.getByRole('dialog').getByText(hostile).first().waitFor()
      for (const element of ['document.documentElement', "document.getElementById('log')", "document.getElementById('log-lines')"])
        expect(await page.evaluate<number>(`${element}.scrollWidth`)).toBeLessThanOrEqual(360)
      expect(faults).toEqual([])
    }
  })

  it('folds long lists, and shows older builds on request', async () => {
    const world = started()
    const { url } = await serve(world)
    for (let n = 0; n < 130; n++) world.refuse(one(world.push({ name: `r${String(n % 30)}` })), 'no')
    const { faults, page } = await visit(url)
    const repositories = page.getByRole('region', { name: /^Repositories/ })
    const recent = page.getByRole('region', { name: 'Recent builds' })
    await expect.poll(() => repositories.getByRole('listitem').count()).toBe(12)
    await repositories.getByRole('button', { name: 'Show 18 more' }).click()
    await expect.poll(() => repositories.getByRole('listitem').count()).toBe(30)
    await expect.poll(() => recent.getByRole('listitem').count()).toBe(100)
    await recent.getByRole('button', { name: 'Older builds' }).click()
    await expect.poll(() => recent.getByRole('listitem').count()).toBe(130)
    expect(await recent.getByRole('button', { name: 'Older builds' }).isVisible()).toBe(false)
    // What is new comes on top, and nothing comes twice or goes.
    world.refuse(one(world.push({ name: 'newest' })), 'no')
    await recent.getByText('newest').waitFor()
    await expect.poll(() => recent.getByRole('listitem').count()).toBe(131)
    expect(faults).toEqual([])
  })

  it('says that the spindle does not answer, and goes on when it does again', async () => {
    const world = started()
    const first = await serve(world)
    const { page } = await visit(first.url)
    await page.getByText('Nothing is being built.').first().waitFor()
    await first.server.close()
    await page.getByText('The spindle does not answer.').waitFor()
    await serve(world, { port: first.server.port })
    world.push()
    await page.getByRole('region', { name: 'Under way' }).getByText('pending').waitFor()
    expect(await page.getByText('The spindle does not answer.').isVisible()).toBe(false)
  })

  it('asks every second, less and less often while there is no answer, and every second again afterwards', async () => {
    const { url } = await serve(started())
    const { page } = await visit(url)
    await page.getByText('Nothing is being built.').first().waitFor()
    // Every pause is noted, and cut short.
    await page.evaluate('{ const wait = setTimeout; globalThis.pauses = []; globalThis.setTimeout = (then, ms) => (pauses.push(ms), wait(then, 10)) }')
    const pauses = (): Promise<ReadonlyArray<number>> => page.evaluate('pauses')
    await expect.poll(async () => (await pauses()).slice(0, 3)).toEqual([1_000, 1_000, 1_000])
    await page.route('**/api/overview.json', (route) => route.abort())
    await expect.poll(async () => (await pauses()).slice(-2)).toEqual([15_000, 15_000])
    expect((await pauses()).filter((ms) => ms !== 1_000).slice(0, 4)).toEqual([2_000, 4_000, 8_000, 15_000])
    await page.unroute('**/api/overview.json')
    await expect.poll(async () => (await pauses()).slice(-2)).toEqual([1_000, 1_000])
    expect(await page.getByText('The spindle does not answer.').isVisible()).toBe(false)
  })

  it('can be used from the keyboard, and names what it shows', async () => {
    const world = started()
    const { url } = await serve(world)
    world.push()
    const { page } = await visit(url)
    await page.getByText('pending').first().waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('To the builds')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await page.evaluate<string>('document.activeElement.textContent')).toContain('app ci.yml')
    expect(await page.getByRole('main').count()).toBe(1)
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
    expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual(['Under way', 'Recent builds', 'Knots 1', 'Repositories 1', 'Members 0'])
  })
})
