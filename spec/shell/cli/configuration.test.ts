/** The configuration file: what is allowed in it, what is said of what is not, what counts for more, and what is never given away. */
import { readdirSync } from 'node:fs'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command, Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Did, type HostName, type Natural, REPO, type Rkey, type TimeUs } from '../../../core/index.js'
import { assemble } from '../../../shell/cli/assemble.js'
import { applyTo, type Configuration, configurationPath, environmentOf, NO_CONFIGURATION, parseConfiguration, readConfiguration } from '../../../shell/cli/configuration.js'
import { runOptions, type RunOptions } from '../../../shell/cli/options.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { silentLog } from '../../../shell/lib/log.js'
import { startPds } from '../../../shell/demo-network/index.js'
import type { Progress } from '../../../shell/providers/provider.js'
import { BUILD, jobOf } from '../providers/contract.js'
import type { Clock } from '../../../shell/ports.js'
import { hasGit, WITHOUT_GIT } from '../support/git.js'
import { inFolder, tack } from '../support/process.js'
import { httpServer, tcpServer } from '../support/sockets.js'

const OWNER = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const SECRET = 'canary-0123456789abcdef'
/** How often, and for how long, a checkout tries a knot that is away. */
const AWAY = { everyMs: 5_000, forMs: 90_000 }
const NAMES = runOptions()
  .map((option) => option.attributeName())
  .filter((name) => name !== 'config' && name !== 'cursor')

const parse = (text: string): E.Either<string, Configuration> => parseConfiguration(text, NAMES)

// ---------------------------------------------------------------------------------------- what is allowed

const WHOLE = `
hostname: ci.example.com
owner: ${OWNER}
rewind: 2.5
dev: true
builds:
  keepStatuses: 500
  pendingMinutes: 10
  runningMinutes: 0.5
providers:
  local: { concurrent: 1 }
  our-ci: &ci
    kind: webhook
    url: https://x.example
  other: *ci
allow:
  - repos: ${OWNER}/*
    provider: local
  - repos: "**"
    provider: our-ci
    pipelines: "{build,test}"
`

const READ: Configuration = {
  allow: [
    { pipelines: '**', provider: 'local', repos: `${OWNER}/*` },
    { pipelines: '{build,test}', provider: 'our-ci', repos: '**' }
  ],
  builds: { keepStatuses: 500, pendingMinutes: 10, runningMinutes: 0.5 },
  options: new Map<string, unknown>([['hostname', 'ci.example.com'], ['owner', OWNER], ['rewind', 2.5], ['dev', true]]),
  providers: new Map([
    ['local', { kind: 'local', settings: { concurrent: 1 } }],
    ['our-ci', { kind: 'webhook', settings: { url: 'https://x.example' } }],
    ['other', { kind: 'webhook', settings: { url: 'https://x.example' } }]
  ])
}

describe('a configuration file', () => {
  test('can set everything in YAML, aliases included', () => expect(parse(WHOLE)).toEqual(E.right(READ)))

  test('can set the same in JSON, with tabs as well', () => {
    const { allow, builds, options, providers } = READ
    const written = {
      ...Object.fromEntries(options),
      allow,
      builds,
      providers: Object.fromEntries([...providers].map(([name, { kind, settings }]) => [name, { kind, ...settings }]))
    }
    expect(parse(JSON.stringify(written))).toEqual(E.right(READ))
    expect(parse(JSON.stringify(written, null, '\t'))).toEqual(E.right(READ))
  })

  test('may name a provider without settings', () =>
    expect(parse('providers:\n  local:\n')).toEqual(E.right({ ...NO_CONFIGURATION, providers: new Map([['local', { kind: 'local', settings: {} }]]) })))

  test.each(['', '# nothing yet\n', '{}', 'null', '---\n'])('sets nothing when it is as good as empty: %j', (text) => expect(parse(text)).toEqual(E.right(NO_CONFIGURATION)))
})

// ---------------------------------------------------------------------------------------- what is not

const bombs = (levels: number): string =>
  Array.from({ length: levels }, (_, n) => `  a${String(n)}: &a${String(n)} [${Array.from({ length: 10 }, () => (n === 0 ? 'x' : `*a${String(n - 1)}`)).join(', ')}]\n`).join('')

describe('a configuration error names the place and what is allowed', () => {
  test.each<[string, string, string]>([
    ['a list', '- a\n', 'not a mapping of settings, like "hostname: ci.example.com"'],
    ['a text', 'hello', 'not a mapping of settings, like "hostname: ci.example.com"'],
    ['a key that there is not', 'hostnam: x\n', `the file has no "hostnam"; there are: ${NAMES.join(', ')}, allow, builds, providers`],
    ['a key with the prefix of the environment', 'TACK_HOSTNAME: x\n', `the file has no "TACK_HOSTNAME"; there are: ${NAMES.join(', ')}, allow, builds, providers`],
    ['a key as long as can be', `${'x'.repeat(1_000)}: 1\n`, `the file has no "${'x'.repeat(120)}…"; there are: ${NAMES.join(', ')}, allow, builds, providers`],
    ['where the file is', 'config: x\n', `the file has no "config"; there are: ${NAMES.join(', ')}, allow, builds, providers`],
    ['__proto__', '__proto__: {a: 1}\n', `the file has no "__proto__"; there are: ${NAMES.join(', ')}, allow, builds, providers`],
    ['builds that are none', 'builds: 7\n', '"builds": expected settings, "name: value", found 7'],
    ['an unknown limit', 'builds: {forever: 1}\n', '"builds" has no "forever"; there are: keepStatuses, keepUnits, owedUnits, pendingMinutes, runningMinutes'],
    ['too few statuses', 'builds: {keepStatuses: 99}\n', '"builds": at keepStatuses: expected a whole number from 100 to 1000000, found 99'],
    ['too little room', 'builds: {owedUnits: 4194303}\n', '"builds": at owedUnits: expected a whole number from 4194304 to 1073741824, found 4194303'],
    ['no time at all', 'builds: {pendingMinutes: 0}\n', '"builds": at pendingMinutes: expected minutes, more than 0, at most 43200 (30 days), found 0'],
    ['infinite time', 'builds: {runningMinutes: .inf}\n', '"builds": at runningMinutes: expected minutes, more than 0, at most 43200 (30 days), found Infinity'],
    ['providers as a list', 'providers: [local]\n', '"providers": expected names, each with settings, found an array'],
    ['a provider whose settings are none', 'providers: {local: yes}\n', '"providers": at local: expected settings, "name: value", found "yes"'],
    ['lines that are no list', 'allow: {repos: x}\n', '"allow": expected a list, found an object'],
    ['a provider of a bad name', 'providers: {Local CI: {}}\n', '"providers": "Local CI" is not a valid name: use up to 40 lower-case letters, digits and hyphens'],
    ['a kind that is no text', 'providers: {ci: {kind: [local]}}\n', '"providers.ci": its "kind" is not text'],
    ['a line that is none', 'allow: [x]\n', '"allow": at 0: expected settings, "name: value", found "x"'],
    ['a line with an unknown key', 'allow: [{repo: x, provider: y}]\n', '"allow[0]" has no "repo"; there are: pipelines, provider, repos'],
    ['a line without a provider', 'allow: [{repos: x, provider: y}, {repos: x}]\n', '"allow[1]": at provider: expected string, found undefined'],
    ['repositories that are no pattern', 'allow: [{repos: "did:plc:a/{a", provider: y}]\n', '"allow[0]": did:plc:a/{a is not a pattern'],
    ['pipelines that are no pattern', 'allow: [{repos: x, provider: y, pipelines: "a["}]\n', '"allow[0]": a[ is not a pattern'],
    ['a key that comes twice', `adminToken: ${SECRET}\nadminToken: ${SECRET}\n`, 'line 2: duplicated mapping key'],
    ['the same in JSON', '{"hostname":"a","hostname":"b"}', 'line 1: duplicated mapping key'],
    ['two documents', 'a: 1\n---\nb: 2\n', 'expected a single document in the stream, but found more'],
    ['a NUL', 'a: \0', 'line 1: null byte is not allowed in input'],
    ['no YAML', `adminToken: "${SECRET}\n`, 'line 2: unexpected end of the stream within a double quoted scalar'],
    ['a tag', 'hostname: !!js/function "x"\n', 'line 1: unknown tag !<tag:yaml.org,2002:js/function>'],
    ['a depth without end', '['.repeat(100_000), 'line 1: nesting exceeded maxDepth (100)'],
    ['aliases to aliases to aliases', `providers:\n  x: {y: 1}\nallow:\n${bombs(12)}`, 'it comes to more than 100000 values'],
    ['an alias to itself', 'providers: &a {b: *a}\n', 'it comes to more than 100000 values']
  ])('%s', (_, text, said) => expect(parse(text)).toEqual(E.left(said)))

  test('the prototype of all objects stays as it is', () => {
    parse('providers: {__proto__: {polluted: 1}}\nallow: [{__proto__: {polluted: 1}}]\n')
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test('a file that cannot be read, is too long, or is not text, is reported with its path', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'tack.yaml')
      expect(readConfiguration(path, NAMES)).toEqual(E.left(expect.stringMatching(/tack\.yaml: it cannot be read: ENOENT/)))
      expect(readConfiguration(folder, NAMES)).toEqual(E.left(expect.stringMatching(/: it cannot be read: EISDIR/)))
      expect(readConfiguration('/dev/zero', NAMES)).toEqual(E.left('/dev/zero: larger than 1048576 bytes'))
      await writeFile(path, Buffer.from([0x61, 0x3a, 0x20, 0xff]))
      expect(readConfiguration(path, NAMES)).toEqual(E.left(`${path}: not UTF-8`))
      await writeFile(path, `hostname: ci.example.com\n${'# a long comment\n'.repeat(60_000)}`)
      expect(readConfiguration(path, NAMES)).toMatchObject(E.right({ options: new Map([['hostname', 'ci.example.com']]) }))
      await writeFile(path, 'x: 1\n')
      expect(readConfiguration(path, NAMES)).toEqual(E.left(expect.stringContaining(`${path}: the file has no "x"`)))
    }))
})

// ---------------------------------------------------------------------------------------- what counts for more

/** The options of `run`, as the program understands them with this file, these variables and these flags. */
const understood = (file: string, args: ReadonlyArray<string> = [], environment: Readonly<Record<string, string>> = {}): RunOptions => {
  const read = parse(file)
  if (E.isLeft(read)) throw new Error(read.left)
  const options = runOptions()
  applyTo(read.right, options)
  const command = new Command('run').exitOverride().configureOutput({ writeErr: () => undefined })
  for (const option of options) command.addOption(option)
  const before = { ...process.env }
  try {
    Object.assign(process.env, environment)
    return command.parse(args, { from: 'user' }).opts()
  } finally {
    for (const name of Object.keys(environment)) if (!(name in before)) Reflect.deleteProperty(process.env, name)
  }
}

describe('a flag overrides the environment, which overrides the file, which overrides the default', () => {
  const basics = `hostname: file.example\nowner: ${OWNER}\n`
  test.each<[string, ReadonlyArray<string>, Readonly<Record<string, string>>, Partial<RunOptions>]>([
    ['', [], {}, { admission: 'members', listen: { port: 8080 }, store: resolve('.tack') }],
    ['listen: 127.0.0.1:1\nadmission: open\nstore: /file\n', [], {}, { admission: 'open', hostname: 'file.example', listen: { host: '127.0.0.1', port: 1 }, store: '/file' }],
    ['listen: 127.0.0.1:1\n', [], { TACK_LISTEN_ADDR: ':2' }, { listen: { port: 2 } }],
    ['listen: 127.0.0.1:1\n', ['--listen', ':3'], { TACK_LISTEN_ADDR: ':2' }, { listen: { port: 3 } }],
    ['rewind: 7\n', [], {}, { rewind: 7 }],
    ['rewind: "7"\n', ['--rewind', '8'], {}, { rewind: 8 }],
    ['dev: true\n', [], {}, { dev: true }],
    ['', [], { TACK_DEV: 'any value' }, { dev: true }],
    ['backfill: off\n', [], {}, { backfill: 'off' }],
    ['', [], { TACK_DB_PATH: '/env', TACK_HOSTNAME: 'env.example', TACK_JETSTREAM_URL: 'wss://env.example/x', TACK_OWNER_DID: OWNER }, { hostname: 'env.example', store: '/env' }]
  ])('%j %j %j', (file, args, environment, expected) => expect(understood(`${basics}${file}`, args, environment)).toMatchObject(expected))

  test('settings that nobody sets have their default', () =>
    expect(understood(basics)).toEqual({
      admission: 'members',
      backfill: 'on',
      collaborators: 'knots',
      handles: 'on',
      hostname: 'file.example',
      jetstream: new URL('wss://jetstream1.us-east.bsky.network/subscribe'),
      listen: { port: 8080 },
      logLevel: 'info',
      owner: OWNER,
      plc: new URL('https://plc.directory'),
      rewind: 5,
      store: resolve('.tack'),
      tolerance: 60
    }))

  test('every environment variable counts', () =>
    expect(
      understood('', [], {
        TACK_ADMIN_TOKEN: SECRET.slice(0, 16),
        TACK_ADMISSION: 'open',
        TACK_ALLOW_LOOPBACK: '1',
        TACK_BACKFILL: 'off',
        TACK_CONFIG: '/file',
        TACK_DB_PATH: '/store',
        TACK_DEV: '1',
        TACK_HANDLES: 'off',
        TACK_HOSTNAME: 'ci.example:8080',
        TACK_JETSTREAM_URL: 'ws://stream.example/x',
        TACK_LISTEN_ADDR: ':1',
        TACK_LOG: 'pretty',
        TACK_LOG_LEVEL: 'debug',
        TACK_MAX_BACKOFF: '30',
        TACK_OWNER_DID: OWNER,
        TACK_PLC_URL: 'http://plc.example',
        TACK_REWIND: '0',
        TACK_TOLERANCE: '9999999.123456'
      })
    ).toEqual({
      adminToken: SECRET.slice(0, 16),
      admission: 'open',
      allowLoopback: true,
      backfill: 'off',
      collaborators: 'knots',
      config: '/file',
      dev: true,
      handles: 'off',
      hostname: 'ci.example:8080',
      jetstream: new URL('ws://stream.example/x'),
      listen: { port: 1 },
      log: 'pretty',
      logLevel: 'debug',
      maxBackoff: 30,
      owner: OWNER,
      plc: new URL('http://plc.example'),
      rewind: 0,
      store: '/store',
      tolerance: 9_999_999.123456
    }))

  test.each([
    ['2026-01-31T12:00:00Z', 1_769_860_800_000_000],
    ['2026-01-31', 1_769_817_600_000_000],
    ['1769860800000001', 1_769_860_800_000_001],
    ['1000000000000000', 1_000_000_000_000_000],
    ['0999999999999999', null],
    ['176986080000000', null],
    ['2001-09-08', null],
    ['2026-13-01', null],
    ['yesterday', null]
  ])('a moment %s is %s', (text, us) => {
    if (us === null) expect(() => understood(basics, ['--cursor', text])).toThrow(/Allowed: microseconds since 1970 \(16 digits\), or a date like/)
    else expect(understood(basics, ['--cursor', text]).cursor).toBe(us)
  })

  test.each([
    ['--plc', 'ftp://x'],
    ['--plc', 'plc.directory'],
    ['--jetstream', 'stream.example'],
    ['--rewind', '12345678'],
    ['--tolerance', '1.0000001'],
    ['--max-backoff', '1e3'],
    ['--max-backoff', '0'],
    ['--max-backoff', '0.009'],
    ['--hostname', 'CI.example.com'],
    ['--hostname', 'ci.example.com/'],
    ['--admin-token', 'one two three four']
  ])('%s %s is not allowed', (flag, text) => expect(() => understood(basics, [flag, text])).toThrow(/Allowed: /))

  test('false counts as absent', () => expect(understood(`${basics}dev: false\n`)).not.toHaveProperty('dev'))

  test.each<[string, string]>([
    ['listen: here', '"listen" "here": Allowed: an address to listen on, like :8080 or 127.0.0.1:8080.'],
    ['admission: all', '"admission" "all": Allowed choices are members, open.'],
    ['dev: 1', '"dev": expected true or false'],
    ['hostname: [a]', '"hostname": expected a text or a number'],
    ['hostname: true', '"hostname": expected a text or a number'],
    [`adminToken: ${SECRET.slice(0, 15)}`, '"adminToken": the admin token is not allowed. Allowed: at least 16 visible ASCII characters.']
  ])('%s is said with its name', (file, said) => {
    const read = parse(file)
    if (E.isLeft(read)) throw new Error(read.left)
    expect(() => applyTo(read.right, runOptions())).toThrow(new Error(said))
  })

  test('the help shows the description of a default, and no secret', () => {
    const [listen, token] = [new Option('--listen <x>'), new Option('--admin-token <x>')]
    applyTo({ ...NO_CONFIGURATION, options: new Map([['listen', ':1'], ['adminToken', SECRET]]) }, [listen, token])
    expect([listen.defaultValueDescription, token.defaultValueDescription, token.defaultValue]).toEqual([':1', 'from the configuration file', SECRET])
  })
})

describe('the path of the file', () => {
  test.each<[ReadonlyArray<string>, NodeJS.ProcessEnv, string | null]>([
    [['run'], {}, null],
    [['run'], { TACK_CONFIG: '/e' }, '/e'],
    [['run', '--config', '/f'], { TACK_CONFIG: '/e' }, '/f'],
    [['run', '--config=/f', '--dev'], {}, '/f'],
    [['run', '--config'], {}, null],
    [['conform', '--', 'x', '--config', '/f'], {}, null]
  ])('%j %j', (args, environment, path) => expect(configurationPath(args, environment)).toBe(path))
})

// ---------------------------------------------------------------------------------------- the environment

describe('the environment', () => {
  test('counts as absent where our variables are empty; others’ count', () =>
    expect(environmentOf({ EMPTY: '', TACK_DEV: '', TACK_HOSTNAME: 'x' })).toEqual(E.right({ EMPTY: '', TACK_HOSTNAME: 'x' })))

  test('reads a secret from a file, without the final line feed; the variable itself overrides it', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'secret')
      for (const end of ['', '\r\n', '\n']) {
        await writeFile(path, `${SECRET}${end}`)
        expect(environmentOf({ OTHER_FILE: path, TACK_ADMIN_TOKEN_FILE: path }), JSON.stringify(end)).toEqual(E.right({ OTHER_FILE: path, TACK_ADMIN_TOKEN: SECRET }))
      }
      expect(environmentOf({ TACK_ADMIN_TOKEN: 'other', TACK_ADMIN_TOKEN_FILE: '/none' })).toEqual(E.right({ TACK_ADMIN_TOKEN: 'other' }))
      expect(environmentOf({ TACK_X_FILE: join(folder, 'none') })).toEqual(E.left(expect.stringMatching(/^TACK_X_FILE: .*none cannot be read: ENOENT/)))
      for (const [content, said] of [
        ['\n', 'is empty'],
        ['\r\n', 'is empty'],
        [`${SECRET}\nmore\n`, 'has more than one line'],
        [`${SECRET}\n\n`, 'has more than one line'],
        [SECRET.repeat(10_000), 'is longer than 65536 characters']
      ] as const) {
        await writeFile(path, content)
        expect(environmentOf({ TACK_X_FILE: path })).toEqual(E.left(`TACK_X_FILE: ${path} ${said}`))
      }
    }))

  const parts = (environment: NodeJS.ProcessEnv, configuration = NO_CONFIGURATION) =>
    inFolder(async (folder) => {
      const options = { ...understood(`hostname: x.example\nowner: ${OWNER}\n`), store: folder }
      const made = await assemble(options, configuration, { clock: systemClock(), environment, log: silentLog })
      if (E.isLeft(made)) return made.left
      const { close, providers, records, workflows } = made.right
      await Promise.all([...providers.map((provider) => provider.close()), records.close(), workflows.close(), close()])
      return providers.map(({ name }) => name)
    })

  test('sets up Buildkite when its token and organizations are there', async () => {
    expect(await parts({ TACK_BUILDKITE_ORGANIZATIONS: 'acme, other', TACK_BUILDKITE_TOKEN: SECRET })).toEqual(['buildkite'])
    const said = await parts({ TACK_BUILDKITE_TOKEN: SECRET })
    expect(said).toMatch(/^"providers\.buildkite" \(from the environment: TACK_BUILDKITE_TOKEN, TACK_BUILDKITE_ORGANIZATIONS\): "organizations" /)
    expect(said).not.toContain(SECRET)
  })

  test('does not set up Buildkite beside an entry of that kind in the file, under whatever name', async () => {
    const providers = new Map([['ours', { kind: 'buildkite', settings: { organizations: ['acme'] } }]])
    expect(await parts({ TACK_BUILDKITE_TOKEN: SECRET }, { ...NO_CONFIGURATION, providers })).toEqual(['ours'])
  })

  test('lets the operator name CI and directory on this machine, but not what those name', () =>
    inFolder(async (folder) => {
      const pds = await startPds()
      onTestFinished(pds.stop)
      pds.putAccount(OWNER)
      const ci = await httpServer((_, response) => response.writeHead(404).end())
      const url = `http://127.0.0.1:${String(ci.port)}`
      const options = { ...understood(`hostname: x.example\nowner: ${OWNER}\nplc: ${pds.url}\n`), store: folder }
      const providers = new Map([['ci', { kind: 'webhook', settings: { secret: SECRET, url } }]])
      const made = await assemble(options, { ...NO_CONFIGURATION, providers }, { clock: systemClock(), environment: {}, log: silentLog })
      if (E.isLeft(made)) throw new Error(made.left)
      const { close, providers: [provider], records, workflows } = made.right
      expect(await provider?.check()).toMatchObject({ isFine: true })
      const read = await new Promise((resolve) =>
        records.read({ _tag: 'ReadRecords', collection: REPO, cursor: null, did: OWNER as Did, number: 1 as Natural }, resolve)
      )
      expect(read).toMatchObject({ _tag: 'RequestFailed', error: expect.stringMatching(/the address is not https$/) as string })
      expect(pds.asked).toEqual([`GET /${OWNER}`])
      await Promise.all([provider?.close(), records.close(), workflows.close(), close()])
    }))

  test.skipIf(!hasGit)(`never reads workflow files, checks out or looks up accounts on this machine because a stranger’s record leads there${WITHOUT_GIT}`, () =>
    inFolder(async (folder) => {
      const server = await tcpServer((socket) => socket.destroy())
      const knot = `localhost:${String(server.port)}` as HostName
      const options = { ...understood(`hostname: x.example\nowner: ${OWNER}\n`), store: folder }
      const providers = new Map([['local', { kind: 'local', settings: {} }]])
      // A knot that cannot be reached is tried again for a while, which passes at the first pause.
      let skippedUs = 0
      const { after, now } = systemClock()
      const clock: Clock = {
        after: (ms, then) => {
          if (ms !== AWAY.everyMs) return after(ms, then)
          skippedUs += AWAY.forMs * 1_000
          return after(0, then)
        },
        now: () => (now() + skippedUs) as TimeUs
      }
      const made = await assemble(options, { ...NO_CONFIGURATION, providers }, { clock, environment: {}, log: silentLog })
      if (E.isLeft(made)) throw new Error(made.left)
      const { close, providers: [local], records, workflows } = made.right
      if (local === undefined) throw new Error('there is a provider')

      const told = await new Promise((resolve) =>
        workflows.read(
          {
            _tag: 'ReadWorkflows',
            knot,
            number: 1 as Natural,
            repository: { did: '', name: 'thing', owner: OWNER as Did, rkey: 'r' as Rkey },
            rkey: 'k' as Rkey,
            sha: null,
            workflows: null
          },
          resolve
        )
      )
      expect.soft(told).toMatchObject({ _tag: 'RequestFailed', error: expect.stringContaining('forbidden address: 127.0.0.1') as string })

      const job = jobOf({ ...BUILD, knot }, { steps: [{ command: 'true', environment: [], name: 'step' }] })
      const started = await local.start(job)
      if (started._tag !== 'Accepted') throw new Error(JSON.stringify(started))
      const end = await new Promise<Progress>((resolve) => {
        local.follow(job, started.external, (progress) => {
          if (progress.status !== 'pending' && progress.status !== 'running') resolve(progress)
        })
      })
      expect.soft(end).toMatchObject({ error: expect.stringContaining('forbidden address: 127.0.0.1') as string, status: 'failed' })

      const read = await new Promise((resolve) =>
        records.read({ _tag: 'ReadRecords', collection: REPO, cursor: null, did: `did:web:localhost%3A${String(server.port)}` as Did, number: 1 as Natural }, resolve)
      )
      expect.soft(read).toMatchObject({ _tag: 'RequestFailed' })

      expect(server.connections()).toBe(0)
      await Promise.all([local.close(), records.close(), workflows.close(), close()])
    }))

  test.skipIf(!hasGit)(`has the temporary files of tack and its providers in the store, and those of a killed process are removed${WITHOUT_GIT}`, () =>
    inFolder(async (folder) => {
      const tmp = join(folder, 'tmp')
      await mkdir(join(tmp, 'tack-git-left', '0'), { recursive: true })
      const there: Array<ReadonlyArray<string>> = []
      const knot = await httpServer((_, response) => {
        there.push(readdirSync(tmp))
        response.writeHead(404).end()
      })
      const options = { ...understood(`hostname: x.example\nowner: ${OWNER}\ndev: true\n`), store: folder }
      const made = await assemble(options, NO_CONFIGURATION, { clock: systemClock(), environment: {}, log: silentLog })
      if (E.isLeft(made)) throw new Error(made.left)
      const { close, records, workflows } = made.right
      expect(await readdir(tmp)).toEqual([])
      expect((await stat(tmp)).mode & 0o777).toBe(0o700)
      const told = await new Promise((resolve) =>
        workflows.read(
          {
            _tag: 'ReadWorkflows',
            knot: `localhost:${String(knot.port)}` as HostName,
            number: 1 as Natural,
            repository: { did: '', name: 'thing', owner: OWNER as Did, rkey: 'r' as Rkey },
            rkey: 'k' as Rkey,
            sha: null,
            workflows: null
          },
          resolve
        )
      )
      expect(told).toMatchObject({ _tag: 'RequestFailed', error: 'no such repository on the knot' })
      expect(there[0]).toEqual([expect.stringMatching(/^tack-git-/)])
      expect(await readdir(tmp)).toEqual([])
      await Promise.all([records.close(), workflows.close(), close()])
    }))

  test('reports a store that cannot hold temporary files', () =>
    inFolder(async (folder) => {
      const store = join(folder, 'file')
      await writeFile(store, '')
      const options = { ...understood(`hostname: x.example\nowner: ${OWNER}\n`), store }
      const made = await assemble(options, NO_CONFIGURATION, { clock: systemClock(), environment: {}, log: silentLog })
      expect(made).toEqual(E.left(expect.stringMatching(/file\/tmp: ENOTDIR/)))
    }))

  test('reports an unknown kind of provider with the known ones', async () =>
    expect(await parts({}, { ...NO_CONFIGURATION, providers: new Map([['x', { kind: 'jenkins', settings: {} }]]) })).toMatch(
      /^"providers\.x": unknown kind of provider "jenkins": expected one of .*local.*$/
    ))
})

// ---------------------------------------------------------------------------------------- the program

describe('the program', () => {
  test('exits with 2 and one line that names the file, and leaks no secret', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'tack.yaml')
      const attempt = async (text: string, args: ReadonlyArray<string> = [], environment: Readonly<Record<string, string>> = {}) => {
        await writeFile(path, text)
        const { code, err, out } = await tack(['run', '--config', path, ...args], environment)
        expect([code, out]).toEqual([2, ''])
        expect(err).not.toContain(SECRET.slice(0, 15))
        return err
      }
      expect(await attempt('nonsense: 1\n')).toMatch(/^error: .*tack\.yaml: the file has no "nonsense"; there are: .*\n$/)
      expect(await attempt('listen: here\n')).toMatch(/^error: .*tack\.yaml: "listen" "here": Allowed: .*\n$/)
      expect(await attempt(`adminToken: ${SECRET.slice(0, 15)}\n`)).toMatch(/^error: .*tack\.yaml: "adminToken": .*Allowed: at least 16 visible ASCII characters\.\n$/)
      expect(await attempt('', ['--admin-token', SECRET.slice(0, 15)])).toMatch(/^error: the admin token is not allowed\. Allowed: .*\n$/)
      expect(await attempt('', [], { TACK_ADMIN_TOKEN: SECRET.slice(0, 15) })).toMatch(/^error: the admin token is not allowed\. Allowed: .*\n$/)
      expect(await attempt('', [], { TACK_ADMIN_TOKEN_FILE: join(folder, 'none') })).toMatch(/^error: TACK_ADMIN_TOKEN_FILE: .*none cannot be read: .*\n$/)
      expect(await attempt(`hostname: x.example\nowner: ${OWNER}\nproviders: {local: {concurrent: 0}}\n`)).toBe('error: "providers.local": "concurrent" must be from 1 to 100\n')
    }))

  test('shows with run --help what the file says, but no secret', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'tack.json')
      await writeFile(path, JSON.stringify({ adminToken: SECRET, listen: ':4711' }))
      const { code, out } = await tack(['run', '--help'], { TACK_CONFIG: path })
      expect(code).toBe(0)
      expect(out).toContain(':4711')
      expect(out).not.toContain(SECRET)
    }))
})
