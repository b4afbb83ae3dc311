/** The configuration file: what is allowed in it, what is said of what is not, what counts for more, and what is never given away. */
import { readdirSync } from 'node:fs'
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command, Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Did, type HostName, type Natural, REPO, type Rkey, type TimeUs } from '../../../core/index.js'
import { assemble } from '../../../shell/cli/assemble.js'
import { type Configuration, configurationPath, NO_CONFIGURATION, parseConfiguration, readConfiguration } from '../../../shell/cli/configuration.js'
import { environmentOf, exposure } from '../../../shell/cli/environment.js'
import { applyTo } from '../../../shell/cli/option-values.js'
import { lineOf } from '../../../shell/cli/faults.js'
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

/** The configuration, or what is wrong with it, each with line and column. */
const parse = (text: string, mustBeJson = false): E.Either<ReadonlyArray<string>, Configuration> => {
  const { configuration, faults } = parseConfiguration(text, NAMES, mustBeJson)
  const said = faults.map(({ position, sentence }) => `${position === null ? '' : `${String(position.line)}:${String(position.column)} `}${sentence}`)
  return said.length === 0 ? E.right(configuration) : E.left(said)
}

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

const THERE_ARE = `There are: ${NAMES.join(', ')}, allow, builds, providers.`
const BUILDS = 'keepStatuses, keepUnits, owedUnits, pendingMinutes, runningMinutes'

describe('a configuration error names the place, what is allowed, and what to do', () => {
  test.each<[string, string, ReadonlyArray<string>]>([
    ['a list', '- a\n', ['1:1 the file must consist of settings, "name: value", like "hostname: ci.example.com"; it is a list.']],
    ['a text', 'hostname=ci.example.com\nadminToken=x\n', ['1:1 the file must consist of settings, "name: value", like "hostname: ci.example.com"; it is text.']],
    ['an unknown key', '\nhostnam: x\n', [`2:1 unknown setting "hostnam". Did you mean "hostname"? ${THERE_ARE}`]],
    ['an unknown key with settings', 'dev: true\nlocal: {}\n', [`2:1 unknown setting "local". Did you mean "log"? A provider goes under "providers", indented. ${THERE_ARE}`]],
    ['a key with the prefix of the environment', 'TACK_HOSTNAME: x\n', [expect.stringMatching(/^1:1 unknown setting "TACK_HOSTNAME"/) as string]],
    ['a key as long as can be', `${'x'.repeat(1_000)}: 1\n`, [expect.stringContaining(`unknown setting "${'x'.repeat(120)}…". Did you mean `) as string]],
    ['where the file is', 'config: x\n', [expect.stringMatching(/^1:1 unknown setting "config"/) as string]],
    ['__proto__', '__proto__: {a: 1}\n', [expect.stringMatching(/^1:1 unknown setting "__proto__"/) as string]],
    ['builds that are none', 'builds: 7\n', ['1:1 "builds" must have settings, "name: value", indented; it is 7.']],
    ['an unknown limit', 'builds: {forever: 1}\n', [`1:10 unknown setting "forever" in "builds". Did you mean "owedUnits"? There are: ${BUILDS}.`]],
    ['a setting that has slipped', 'builds:\n  pendingMinutes: 1\n  providers: {}\n', ['3:3 unknown setting "providers" in "builds". It is a setting of the whole file: do not indent it.']],
    ['too few statuses', 'builds: {keepStatuses: 99}\n', ['1:10 "keepStatuses" must be a whole number from 100 to 1000000; it is 99.']],
    ['too little room', 'builds: {owedUnits: 4194303}\n', ['1:10 "owedUnits" must be a whole number from 4194304 to 1073741824; it is 4194303.']],
    ['room in parts', 'builds: {keepUnits: 4194304.5}\n', ['1:10 "keepUnits" must be a whole number from 4194304 to 1073741824; it is 4194304.5.']],
    ['no time at all', 'builds: {pendingMinutes: 0}\n', ['1:10 "pendingMinutes" must be minutes: a number above 0, at most 43200 (30 days); it is 0.']],
    ['infinite time', 'builds: {runningMinutes: .inf}\n', ['1:10 "runningMinutes" must be minutes: a number above 0, at most 43200 (30 days); it is Infinity.']],
    ['time in words', 'builds: {runningMinutes: 1h}\n', ['1:10 "runningMinutes" must be minutes: a number above 0, at most 43200 (30 days); it is "1h".']],
    ['providers as a list', 'providers:\n  - local: {}\n', ['1:1 "providers" must be a map of names to settings, without "- " before them; it is a list.']],
    ['a provider whose settings are none', `providers: {github: ${SECRET}}\n`, ['1:13 the provider "github" must have settings, "name: value", indented, or {}; it is text.']],
    ['lines that are no list', 'allow: {repos: x}\n', ['1:1 "allow" must be a list: each line begins with "- repos:"; it is settings.']],
    ['a provider of a bad name', 'providers: {Local CI: {}}\n', ['1:13 "Local CI" cannot be the name of a provider: use up to 40 lower-case letters, digits and hyphens.']],
    ['a kind that is no text', 'providers: {ci: {kind: [local]}}\n', ['1:18 "kind" must be the name of a kind of provider; it is a list.']],
    ['a line that is none', 'allow: [x]\n', ['1:9 a line of "allow" must have the settings "repos: …" and "provider: …"; it is text.']],
    ['a line with a misspelt key', 'allow: [{repo: x, provider: y}]\n', ['1:10 unknown setting "repo" in "allow[0]". Did you mean "repos"? There are: pipelines, provider, repos.']],
    ['a line without a provider', 'allow: [{repos: x, provider: y}, {repos: x}]\n', ['1:34 this line of "allow" has no "provider": the name of a provider, as under "providers".']],
    ['a provider that is no text', 'allow: [{repos: x, provider: [y]}]\n', ['1:20 "provider" must be the name of a provider, as under "providers"; it is a list.']],
    ['repositories that are no pattern', 'allow: [{repos: "did:plc:a/{a", provider: y}]\n', ['1:10 did:plc:a/{a is not a pattern. Is a bracket or brace left open?']],
    ['pipelines that are no pattern', 'allow: [{repos: x, provider: y, pipelines: "a["}]\n', ['1:33 a[ is not a pattern. Is a bracket or brace left open?']],
    ['keys that come twice', `adminToken: ${SECRET}\nlog: json\nadminToken: ${SECRET}\nlog: json\n`, [
      '3:1 "adminToken" is set twice, here and in line 1. Keep one of them.',
      '4:1 "log" is set twice, here and in line 2. Keep one of them.'
    ]],
    ['a key that comes twice further down', 'providers:\n  local:\n    concurrent: 1\n    concurrent: 2\n', ['4:5 "concurrent" is set twice, here and in line 3. Keep one of them.']],
    ['the same in JSON', '{"hostname":"a","hostname":"b"}', ['1:17 "hostname" is set twice, here and in line 1. Keep one of them.']],
    ['two documents', 'dev: true\n---\ndev: true\n', ['it has a second document. Remove the line "---" between them.']],
    ['a NUL', 'a: \0', ['1:1 a character that cannot be in a text file.']],
    ['a quote left open', `adminToken: "${SECRET}\n`, ['2:1 something is missing: the closing quote, bracket or brace of something above, or the "- " of an item.']],
    ['a tab', 'dev: true\nproviders:\n\tlocal: {}\n', ['3:1 a tab. Indent with spaces.']],
    [
      'indentation that differs', 'providers:\n  local:\n    concurrent: 2\n   graceSeconds: 3\n',
      ['4:1 wrong indentation. What belongs together begins in the same column, and what is inside it two spaces further to the right. Or a bracket or brace above is not closed.']
    ],
    ['indentation after a value', 'dev: true\n  log: json\n', [expect.stringMatching(/^1:6 two settings in one, by wrong indentation or a second colon/) as string]],
    ['a name without a colon', 'dev true\nlog: json\n', ['1:1 not a setting. Settings are written "name: value", with a colon and a space.']],
    ['stars without quotes', 'allow:\n  - repos: **\n    provider: local\n', ['2:1 a value that begins with *. Put it in quotes, like "**".']],
    ['one star without quotes', 'allow:\n  - repos: *\n    provider: local\n', ['2:12 a value cannot begin like this. Put it in quotes, like "**" or "@name".']],
    ['a handle with its sign', 'owner: @alice.example\n', ['1:8 a value cannot begin like this. Put it in quotes, like "**" or "@name".']],
    ['a token that begins with a star', `adminToken: *${SECRET}\n`, ['1:1 a value that begins with *. Put it in quotes, like "**".']],
    ['a token that begins with an exclamation mark', `adminToken: !${SECRET}\n`, ['1:13 a value that begins with "!". Put it in quotes.']],
    ['a backslash in double quotes', 'store: "C:\\data"\n', [expect.stringMatching(/^1:11 an unknown escape/) as string]],
    ['a brace too many', 'providers: {local: {}}}\n', [expect.stringMatching(/^1:23 something unexpected/) as string]],
    ['two mistakes', 'owner: @a\nhostname: @b\n', [expect.stringMatching(/^1:8 /) as string, expect.stringMatching(/^2:11 /) as string]],
    ['a depth without end', '['.repeat(100_000), ['1:1 brackets are nested too deeply.']],
    ['aliases to aliases to aliases', `providers:\n  x: {y: 1}\nallow:\n${bombs(12)}`, ['it has more than 100000 values.']],
    ['an alias to itself', 'providers: &a {b: *a}\n', ['it has more than 100000 values.']]
  ])('%s', (_, text, said) => {
    expect(parse(text)).toEqual(E.left(said))
    expect(JSON.stringify(parse(text))).not.toContain(SECRET)
  })

  test('all of them are told at once, and what is right is read', () => {
    const { configuration, faults } = parseConfiguration(
      'hostnam: a\nlog: json\nbuilds: {forever: 1, pendingMinutes: 2}\nproviders: {local: {}, X: {}}\nallow:\n  - provider: local\n  - repos: "**"\n    provider: local\n',
      NAMES
    )
    expect(faults.map(({ position }) => position?.line)).toEqual([1, 6, 3, 4])
    expect(configuration).toEqual({
      allow: [{ pipelines: '**', provider: 'local', repos: '**' }],
      builds: { pendingMinutes: 2 },
      options: new Map([['log', 'json']]),
      providers: new Map([['local', { kind: 'local', settings: {} }]])
    })
  })

  test.each<[string, string]>([
    ['{"dev": true,\n}', '2:1 not JSON: expected the name of a setting, in double quotes; there is no comma after the last one.'],
    ['{"dev": true\n "log": "json"}', '2:2 not JSON: expected a comma, or the closing bracket or brace.'],
    ['{"dev" true}', '1:8 not JSON: expected a colon between name and value.'],
    ['{"dev": yes}', '1:9 not JSON: expected a value: text in double quotes, a number, true, false, null, [ or {; there is no comma after the last one.'],
    ['{"allow": [1,]}', '1:14 not JSON: expected a value: text in double quotes, a number, true, false, null, [ or {; there is no comma after the last one.'],
    ['{"dev": true}}', '1:14 not JSON: expected nothing more.'],
    ['{"dev": true', '1:13 not JSON: the text ends too soon; expected a comma, or the closing bracket or brace.'],
    ['', '1:1 not JSON: the text ends too soon; expected a value: text in double quotes, a number, true, false, null, [ or {; there is no comma after the last one.'],
    ['// none\n{}', '1:1 not JSON: expected a value: text in double quotes, a number, true, false, null, [ or {; there is no comma after the last one.'],
    ['{"a": "tab\there"}', '1:7 not JSON: expected a value: text in double quotes, a number, true, false, null, [ or {; there is no comma after the last one.'],
    ['{"a": 01}', '1:7 not JSON: expected a value: text in double quotes, a number, true, false, null, [ or {; there is no comma after the last one.'],
    ['{"a": [}', '1:8 not JSON: expected a value: text in double quotes, a number, true, false, null, [ or {; there is no comma after the last one.'],
    ['hostname: x', '1:1 not JSON: expected a value: text in double quotes, a number, true, false, null, [ or {; there is no comma after the last one.']
  ])('%j, which is to be JSON, is called bad JSON', (text, said) => expect(parse(text, true)).toEqual(E.left([said])))

  test('JSON is read as JSON, whatever is in it', () =>
    expect(parse('\n{"providers": {"local": {}}, "allow": [], "builds": {"pendingMinutes": 1.5e1}, "log": "\\u006ason"}\n', true)).toEqual(
      E.right({ allow: [], builds: { pendingMinutes: 15 }, options: new Map([['log', 'json']]), providers: new Map([['local', { kind: 'local', settings: {} }]]) })
    ))

  test('the prototype of all objects stays as it is', () => {
    parse('providers: {__proto__: {polluted: 1}}\nallow: [{__proto__: {polluted: 1}}]\n')
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test('a file that cannot be read, is too long, or is not text, is reported with its path', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'tack.yaml')
      const told = (file: string): ReadonlyArray<string> => readConfiguration(file, NAMES).faults.map(lineOf)
      expect(told(path)).toEqual([`${path}: the configuration file cannot be read: there is no such file: set its path with --config or TACK_CONFIG.`])
      expect(told(folder)).toEqual([`${folder}: the configuration file cannot be read: it is a folder: name the file in it.`])
      expect(told('/dev/zero')).toEqual(['/dev/zero: this is not a configuration file: it is larger than 1048576 bytes.'])
      await writeFile(path, Buffer.from([0x61, 0x3a, 0x20, 0xff]))
      expect(told(path)).toEqual([`${path}: this is not a configuration file: it is not UTF-8.`])
      await writeFile(path, `hostname: ci.example.com\n${'# a long comment\n'.repeat(60_000)}`)
      expect(readConfiguration(path, NAMES)).toMatchObject({ configuration: { options: new Map([['hostname', 'ci.example.com']]) }, faults: [] })
      await writeFile(path, 'log: json\nx: 1\n')
      expect(told(path)).toEqual([expect.stringContaining(`${path}:2:1: unknown setting "x".`)])
      const json = join(folder, 'tack.json')
      await writeFile(json, 'log: json\n')
      expect(told(json)).toEqual([expect.stringContaining(`${json}:1:1: not JSON: `)])
    }))

  test('a file with secrets that everybody may read is remarked on, and no other', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'tack.yaml')
      const remarked = async (text: string, mode: number): Promise<ReadonlyArray<string>> => {
        await writeFile(path, text)
        await chmod(path, mode)
        return readConfiguration(path, NAMES).remarks
      }
      const said = [`${path} holds a secret, and every user of this machine can read it: chmod o= ${path}`]
      expect(await remarked(`adminToken: ${SECRET}\n`, 0o644)).toEqual(said)
      expect(await remarked(`providers: {ci: {secret: ${SECRET}}}\n`, 0o604)).toEqual(said)
      expect(await remarked(`adminToken: ${SECRET}\n`, 0o640)).toEqual([])
      expect(await remarked('log: json\n', 0o644)).toEqual([])
    }))
})

// ---------------------------------------------------------------------------------------- what counts for more

/** The options of `run`, as the program understands them with this file, these variables and these flags. */
const understood = (file: string, args: ReadonlyArray<string> = [], environment: Readonly<Record<string, string>> = {}): RunOptions => {
  const read = parse(file)
  if (E.isLeft(read)) throw new Error(read.left.join(' '))
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
    ['listen: h?re', '"listen": "h?re" is not allowed. Allowed: an address to listen on, like :8080 or 127.0.0.1:8080.'],
    ['listen: 127.0.0.1', '"listen": "127.0.0.1" is not allowed. Allowed: an address to listen on, like :8080 or 127.0.0.1:8080. Write 127.0.0.1:8080, with a port.'],
    ['listen: 8080', '"listen": "8080" is not allowed. Allowed: an address to listen on, like :8080 or 127.0.0.1:8080. Write :8080, or 127.0.0.1:8080 for this machine alone.'],
    ['hostname: https://ci.example.com/x', expect.stringMatching(/^"hostname": "https:\/\/ci\.example\.com\/x" is not allowed\. .* Write ci\.example\.com\.$/) as string],
    ['hostname: CI.example.com', expect.stringMatching(/ Write ci\.example\.com\.$/) as string],
    ['owner: plc:abc', expect.stringMatching(/^"owner": "plc:abc" is not allowed\. Allowed: a DID, .* Write did:plc:abc\.$/) as string],
    ['owner: "@alice.example"', expect.stringMatching(/ This is a handle; its DID is at https:\/\/.*handle=alice\.example$/) as string],
    ['owner: alice', '"owner": "alice" is not allowed. Allowed: a DID, like did:plc:ewvi7nxzyoun6zhxrhs64oiz.'],
    ['jetstream: https://x/subscribe', '"jetstream": "https://x/subscribe" is not allowed. Allowed: a URL that begins with wss:// or ws://. Write wss://x/subscribe'],
    ['hostname: “ci.example.com”', expect.stringMatching(/ Write ci\.example\.com\.$/) as string],
    ['backfill: false', '"backfill": "false" is not allowed. Allowed choices are on, off.'],
    ['admission: all', '"admission": "all" is not allowed. Allowed choices are members, open.'],
    ['dev: 1', '"dev": this must be true or false; it is 1.'],
    ['hostname: [a]', '"hostname": this must be text or a number; it is a list.'],
    ['hostname: true', '"hostname": this must be text or a number; it is true.'],
    [`adminToken: ${SECRET.slice(0, 15)}`, '"adminToken": this is not allowed. Allowed: at least 16 visible ASCII characters, without spaces.']
  ])('%s is said with its name', (file, said) => {
    const read = parse(file)
    if (E.isLeft(read)) throw new Error(read.left.join(' '))
    expect(applyTo(read.right, runOptions()).map(({ sentence }) => sentence)).toEqual([said])
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
    expect(environmentOf({ EMPTY: '', TACK_DEV: '', TACK_HOSTNAME: 'x' })).toEqual({ faults: [], remarks: [], variables: { EMPTY: '', TACK_HOSTNAME: 'x' } }))

  test('reads a secret from a file, without the final line feed; the variable itself overrides it', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'secret')
      for (const end of ['', '\r\n', '\n']) {
        await writeFile(path, `${SECRET}${end}`, { mode: 0o600 })
        // The file is remembered beside its value, for messages about it.
        const variables = { OTHER_FILE: path, TACK_ADMIN_TOKEN: SECRET, TACK_ADMIN_TOKEN_FILE: path }
        expect(environmentOf({ OTHER_FILE: path, TACK_ADMIN_TOKEN_FILE: path }), JSON.stringify(end)).toEqual({ faults: [], remarks: [], variables })
      }
      expect(environmentOf({ TACK_ADMIN_TOKEN: 'other', TACK_ADMIN_TOKEN_FILE: '/none' })).toEqual({ faults: [], remarks: [], variables: { TACK_ADMIN_TOKEN: 'other' } })
      const told = (variables: NodeJS.ProcessEnv): ReadonlyArray<string> => environmentOf(variables).faults.map(lineOf)
      const none = join(folder, 'none')
      expect(told({ TACK_X_FILE: none, TACK_Y_FILE: folder })).toEqual([
        `TACK_X_FILE: ${none} cannot be read: there is no such file: create it, or unset the variable.`,
        `TACK_Y_FILE: ${folder} cannot be read: it is a folder.`
      ])
      for (const [content, said] of [
        ['\n', 'is empty. It must contain the value of TACK_X, on one line.'],
        ['\r\n', 'is empty. It must contain the value of TACK_X, on one line.'],
        [`${SECRET}\n\n`, 'has more than one line. It must contain only the value of TACK_X.'],
        [`${SECRET}\nmore\n`, 'has more than one line. It must contain only the value of TACK_X.'],
        [SECRET.repeat(10_000), 'is longer than 65536 characters. It must contain only the value of TACK_X.']
      ] as const) {
        await writeFile(path, content)
        expect(told({ TACK_X_FILE: path })).toEqual([`TACK_X_FILE: ${path} ${said}`])
        expect(environmentOf({ TACK_X_FILE: path }).variables).toEqual({})
      }
    }))

  test('remarks on a file with a secret that everybody may read, unless a container has it from outside', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'secret')
      await writeFile(path, SECRET, { mode: 0o600 })
      await chmod(path, 0o644)
      const { faults, remarks, variables } = environmentOf({ TACK_X_FILE: path })
      expect([faults, remarks, variables]).toEqual([[], [`TACK_X_FILE: ${path} holds a secret, and every user of this machine can read it: chmod o= ${path}`], { TACK_X: SECRET, TACK_X_FILE: path }])
      expect([exposure('/run/secrets/admin', 0o644), exposure('/etc/x', 0o640)]).toEqual([null, null])
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
      const ci = await httpServer(({ headers }, response) => response.writeHead(headers['x-tack-signature'] === undefined ? 401 : 404).end())
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
  test('exits with 2 and a line for each error, which names file and place, variable or flag, and leaks no secret', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'tack.yaml')
      const attempt = async (text: string, args: ReadonlyArray<string> = [], environment: Readonly<Record<string, string>> = {}) => {
        await writeFile(path, text)
        const { code, err, out } = await tack(['run', '--config', path, ...args], environment)
        expect([code, out]).toEqual([2, ''])
        expect(err).not.toContain(SECRET.slice(0, 15))
        return err.replaceAll(path, 'FILE').trimEnd().split('\n')
      }
      const text = `nonsense: 1\nlisten: h?re\nadminToken: ${SECRET.slice(0, 15)}\nproviders:\n  local: {concurent: 0, graceSeconds: 900}\n  ours: {kind: jenkins}\nallow:\n  - {repos: x, provider: locl}\n`
      const [token, none] = [SECRET.slice(0, 15), join(folder, 'none')]
      expect(await attempt(text, ['--rewind', 'x', '--log', 'loud'], { TACK_ADMIN_TOKEN: token, TACK_BUILDKITE_TOKEN: token, TACK_OWNER_DID: 'alice.example', TACK_WEBHOOK_SECRET_FILE: none })).toEqual([
        expect.stringMatching(/^error: FILE:1:1: unknown setting "nonsense"\. /),
        'error: FILE:2:1: "listen": "h?re" is not allowed. Allowed: an address to listen on, like :8080 or 127.0.0.1:8080.',
        'error: FILE:3:1: "adminToken": this is not allowed. Allowed: at least 16 visible ASCII characters, without spaces.',
        'error: FILE:5:11: "concurent" of the provider "local" is not a setting of this kind of provider. Did you mean "concurrent"? There are: concurrent, graceSeconds, keepBuilds, keepDays, logBytes.',
        'error: FILE:5:25: "graceSeconds" of the provider "local" must be a number from 0 to 300; it is 900.',
        'error: FILE:6:10: there is no kind of provider "jenkins". Did you mean "webhook"? There are: buildbot, buildkite, gitea, github, local, webhook.',
        'error: FILE:8:16: there is no provider "locl" under "providers". Did you mean "local"? There are: buildkite, local, ours.',
        `error: TACK_WEBHOOK_SECRET_FILE: ${none} cannot be read: there is no such file: create it, or unset the variable.`,
        'error: --rewind: "x" is not allowed. Allowed: seconds, 0 to 9999999, with or without a fraction.',
        'error: --log: "loud" is not allowed. Allowed choices are json, pretty.',
        expect.stringMatching(/^error: TACK_OWNER_DID: "alice\.example" is not allowed\. Allowed: a DID, .* This is a handle; /),
        'error: TACK_ADMIN_TOKEN: this is not allowed. Allowed: at least 16 visible ASCII characters, without spaces.',
        expect.stringMatching(/^error: FILE: "hostname" is missing: .*\. Set it in the configuration file, as --hostname, or as TACK_HOSTNAME\.$/),
        'error: TACK_BUILDKITE_TOKEN, TACK_BUILDKITE_ORGANIZATIONS: "organizations" of the provider "buildkite" must be a list of slugs of Buildkite organizations, at least one; it is an empty list.'
      ])
      expect(await attempt('dev: true\n\tlog: json\n')).toEqual(['error: FILE:2:1: a tab. Indent with spaces.'])
    }))

  test.each(['run', 'check'])('calls a setting without a value missing, and says where: %s', (command) =>
    inFolder(async (folder) => {
      const path = join(folder, 'tack.yaml')
      await writeFile(path, 'listen:\nowner: did:plc:aaaaaaaaaaaaaaaaaaaaaaaa\nhostname:\n')
      const { code, err } = await tack([command, '--config', path])
      expect([code, err]).toEqual([2, expect.stringMatching(`^error: ${path}:3:1: "hostname" is missing: .*\n$`)])
    }))

  test('names the file of a value that was refused, and the variable that names the file', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'tack.yaml')
      await writeFile(path, 'hostname: ci.example.com\nproviders: {ours: {kind: webhook, url: "https://ci.example"}}\n')
      const [short, owner] = [join(folder, 'short'), join(folder, 'owner')]
      await writeFile(short, `${SECRET.slice(0, 15)}\n`, { mode: 0o600 })
      await writeFile(owner, 'alice.example\n', { mode: 0o600 })
      const environment = { TACK_ADMIN_TOKEN_FILE: short, TACK_ADMIN_TOKN_FILE: short, TACK_OWNER_DID_FILE: owner, TACK_WEBHOOK_SECRET_FILE: short }
      const { code, err } = await tack(['run', '--config', path], environment)
      expect(err).not.toContain(SECRET.slice(0, 15))
      expect([code, ...err.trimEnd().split('\n')]).toEqual([
        2,
        `error: ${path}:2:13: "secret" of the provider "ours" must be text of at least 16 characters (it is from TACK_WEBHOOK_SECRET_FILE: ${short}).`,
        expect.stringMatching(`^error: TACK_OWNER_DID_FILE: ${owner}: "alice\\.example" is not allowed\\. `),
        `error: TACK_ADMIN_TOKEN_FILE: ${short}: this is not allowed. Allowed: at least 16 visible ASCII characters, without spaces.`,
        'warning: TACK_ADMIN_TOKN_FILE is not a setting, and is ignored. Did you mean TACK_ADMIN_TOKEN_FILE?'
      ])
      // What a flag or the variable itself says does not come from the file.
      const direct = await tack(['run', '--config', path, '--owner', 'bob'], { ...environment, TACK_ADMIN_TOKEN: 'short', TACK_WEBHOOK_SECRET: 'short' })
      expect(direct.err).toMatch(/\(it is from TACK_WEBHOOK_SECRET\)\.\nerror: --owner: "bob" .*\nerror: TACK_ADMIN_TOKEN: this /)
    }))

  test('ends "check" so as well, but for what is wrong with providers alone, and other commands for what they read', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'tack.yaml')
      await writeFile(path, 'nonsense: 1\nproviders: {local: {concurrent: 0}}\n')
      for (const [command, lines] of [['check', 4], ['builds', 1]] as const) {
        const { code, err, out } = await tack([command, '--config', path])
        expect([code, out, err.trimEnd().split('\n').length]).toEqual([2, '', lines])
      }
      const { code, err } = await tack(['builds', '--config', path, '--server', 'nowhere'])
      expect([code, err]).toEqual([2, expect.stringMatching(/^error: .*nonsense.*\nerror: --server: "nowhere" is not allowed\. Allowed: a URL that begins with https:\/\/ or http:\/\/\.\n$/)])
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
