/**
 * The typical mistakes of operators, as the table in shell/deploy/troubleshooting.md has them: each is made at the real command line, and what comes of it
 * is what the table says: the message, with cause, place and remedy, and the exit code. The table and the mistakes made here are the same.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { initial } from '../../../core/index.js'
import { openStore } from '../../../shell/store/index.js'
import { createWorld, KNOT, OWNER, serve } from '../inbound/support.js'
import { config } from '../support/bridge.js'
import { commandHere } from '../support/in-process.js'
import { inFolder } from '../support/process.js'
import { tcpServer } from '../support/sockets.js'

const PAGE = await readFile(fileURLToPath(new URL('../../../shell/deploy/troubleshooting.md', import.meta.url)), 'utf8')

// ---------------------------------------------------------------------------------------- the table

interface Row {
  readonly code: number
  readonly did: string
  readonly says: ReadonlyArray<string>
}

const [, TABLE = ''] = /^\| you did \| tack says \| exit code \| do \|\n\|[-|]+\|\n((?:\|.*\n)+)/m.exec(PAGE) ?? []

const ROWS: ReadonlyArray<Row> = TABLE.trimEnd()
  .split('\n')
  .map((line) => line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim()))
  .map(([did = '', says = '', code = '', remedy = '']) => {
    if (remedy === '') throw new Error(`no remedy for: ${did}`)
    return { code: Number(code), did, says: [...says.matchAll(/`([^`]+)`/g)].map(([, one = '']) => one) }
  })

/** A message of the table as a pattern: `…` is anything. */
const patternOf = (says: string): RegExp => new RegExp(`^${says.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}`, 'm')

// ---------------------------------------------------------------------------------------- the mistakes

interface Mistake {
  readonly args: ReadonlyArray<string>
  readonly environment?: Readonly<Record<string, string>>
  /** What the message must name: the file with the line, the flag, the variable, the address. */
  readonly place: string
}

type Make = (folder: string) => Mistake | Promise<Mistake>

/** What a configuration file begins with; nobody is there to answer. */
const BASE = [`hostname: ci.example.com`, `owner: ${OWNER}`, 'listen: 127.0.0.1:0', 'jetstream: ws://127.0.0.1:1/', 'plc: http://127.0.0.1:1', 'providers:', '  local: {}']

const written = async (folder: string, lines: ReadonlyArray<string> = BASE, name = 'tack.yaml'): Promise<string> => {
  const path = join(folder, name)
  await writeFile(path, `${lines.join('\n')}\n`)
  return path
}

/** `tack run` with the file of these lines; the place is the line that ends with `at`. */
const running =
  (lines: ReadonlyArray<string>, at: string, name = 'tack.yaml'): Make =>
  async (folder) => {
    const path = await written(folder, lines, name)
    return { args: ['run', '--config', path], place: `${path}${at}` }
  }

/** `BASE` with this line instead of the one of its key. */
const instead = (line: string): ReadonlyArray<string> => BASE.map((one) => (one.split(':')[0] === line.split(':')[0] ? line : one))

const ofProvider = (...lines: ReadonlyArray<string>): ReadonlyArray<string> => [...BASE.slice(0, -1), ...lines]

/** `tack run` with a sound file, and these flags and variables. */
const otherwise =
  (place: string, args: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}): Make =>
  async (folder) => ({ args: ['run', '--config', await written(folder), '--store', join(folder, 'store'), ...args], environment, place })

/** A running tack with one build. */
const served = async () => {
  const world = createWorld()
  world.openStream()
  world.publishRepo()
  world.openKnot()
  const [build] = world.push()
  if (build === undefined) throw new Error('a push has builds')
  return { build, url: (await serve(world, { adminToken: 'the-right-0123456789abcdef' })).url }
}

const TOKEN = { TACK_ADMIN_TOKEN: 'another-0123456789abcdef' }

const MISTAKES: Readonly<Record<string, Make>> = {
  'named a configuration file that is not there': (folder) => ({ args: ['run', '--config', join(folder, 'tack.yml')], place: join(folder, 'tack.yml') }),
  'named the folder of the configuration file': (folder) => ({ args: ['check', '--config', folder], place: folder }),
  'started it without a configuration': () => ({ args: ['run'], place: '--hostname' }),
  'indented YAML with a tab': running([...BASE.slice(0, -1), '\tlocal: {}'], ':7:1'),
  'left a comma at the end of JSON': running(['{"hostname": "ci.example.com",}'], ':1:31', 'tack.json'),
  'mistyped a setting': running(['hostnam: ci.example.com', ...BASE.slice(1)], ':1:1'),
  'wrote a setting twice': running([...BASE, 'listen: 127.0.0.1:8080'], ':8:1'),
  'wrote `hostname` as a URL': running(instead('hostname: https://ci.example.com'), ':1:1'),
  'wrote the handle of the owner': running(instead('owner: alice.example.com'), ':2:1'),
  'wrote a port alone for `listen`': running(instead('listen: 8080'), ':3:1'),
  'wrote `https://` for the stream': running(instead('jetstream: https://jetstream1.us-east.bsky.network/subscribe'), ':4:1'),
  'named a kind of provider that is not there': running(ofProvider('  gitlab: {}'), ':7:3'),
  'mistyped a setting of a provider': running(ofProvider('  local: {concurrency: 2}'), ':7:11'),
  'set up Buildkite without its token': running(ofProvider('  buildkite: {organizations: [acme]}'), ':7:3'),
  'allowed a provider that is not configured': running([...BASE, 'allow:', '  - repos: "*"', '    provider: buildkite'], ':10:5'),
  'allowed no provider at all': running([...BASE, 'allow:', '  - repos: "*"'], ':9:5'),
  'allowed repositories by a handle': async (folder) => {
    const path = await written(folder, [...BASE, 'allow:', '  - repos: alice.example.com/*', '    provider: local'])
    return { args: ['check', '--config', path, '--store', join(folder, 'store')], place: `${path}:9:5` }
  },
  'mistyped a variable': async (folder) => ({
    args: ['check', '--config', await written(folder), '--store', join(folder, 'store')], environment: { TACK_LOGLEVEL: 'debug' }, place: 'TACK_LOGLEVEL'
  }),
  'chose a short admin token': otherwise('TACK_ADMIN_TOKEN', [], { TACK_ADMIN_TOKEN: 'secret' }),
  'named a file for the admin token that is not there': otherwise('TACK_ADMIN_TOKEN_FILE', [], { TACK_ADMIN_TOKEN_FILE: '/nowhere/admin-token' }),
  'kept a short admin token in a file': async (folder) => {
    const secret = await written(folder, ['secret'], 'admin-token')
    return { ...(await otherwise(secret, [])(folder)), environment: { TACK_ADMIN_TOKEN_FILE: secret } }
  },
  'kept a secret where everybody can read it': async (folder) => {
    const secret = await written(folder, ['0123456789abcdef'], 'admin-token')
    const args = ['check', '--config', await written(folder), '--store', join(folder, 'store')]
    return { args, environment: { TACK_ADMIN_TOKEN_FILE: secret }, place: secret }
  },
  'mistyped a command': () => ({ args: ['chek'], place: 'chek' }),
  'mistyped an option': () => ({ args: ['run', '--confg', 'tack.yaml'], place: '--confg' }),
  'left out an argument': () => ({ args: ['logs', KNOT], place: 'rkey' }),
  'took a port that another program has': async (folder) => {
    const { port } = await tcpServer(() => undefined)
    const listen = `127.0.0.1:${String(port)}`
    return { args: ['run', '--config', await written(folder), '--store', join(folder, 'store'), '--listen', listen, '--log-level', 'error'], place: listen }
  },
  'listened at an address of another machine': otherwise('192.0.2.1:8080', ['--listen', '192.0.2.1:8080', '--log-level', 'error']),
  'started it without git': async (folder) => ({ ...(await otherwise('git', [])(folder)), environment: { PATH: folder } }),
  'started it twice on one store': async (folder) => {
    const store = join(folder, 'store')
    await mkdir(store)
    const opened = await openStore({ folder: store, initial: () => initial(config) })()
    if (E.isLeft(opened)) throw new Error(opened.left.message)
    onTestFinished(async () => {
      await opened.right.close()()
    })
    return otherwise(join(store, 'lock'), [])(folder)
  },
  'went back to a version before an upgrade': async (folder) => {
    await mkdir(join(folder, 'store'))
    await writeFile(join(folder, 'store', 'state.json'), '{"format":"tack-state","version":99,"seq":1}')
    return otherwise(join(folder, 'store', 'state.json'), [])(folder)
  },
  'named a file for the store': async (folder) => {
    await writeFile(join(folder, 'store'), '')
    return otherwise(join(folder, 'store'), [])(folder)
  },
  'looked for builds in the wrong folder': (folder) => ({ args: ['builds', '--store', join(folder, 'elsewhere')], place: join(folder, 'elsewhere') }),
  'asked for a log while tack does not run': () => ({ args: ['logs', KNOT, 'x', '--listen', '127.0.0.1:1'], place: 'http://127.0.0.1:1' }),
  'asked for the log of a build that is not there': async () => {
    const { url } = await served()
    return { args: ['logs', KNOT, '3mbd354mf2222', '--server', url], place: `${KNOT} 3mbd354mf2222` }
  },
  'gave an address without `https://`': () => ({ args: ['builds', '--server', 'ci.example.com'], place: '--server' }),
  'cancelled without the admin token': () => ({ args: ['cancel', KNOT, 'x'], place: 'TACK_ADMIN_TOKEN' }),
  'cancelled with another admin token': async () => {
    const { build, url } = await served()
    return { args: ['cancel', KNOT, build.rkey, '--server', url], environment: TOKEN, place: url }
  },
  'restored over a store': async (folder) => {
    const [store, saved] = [join(folder, 'store'), join(folder, 'saved')]
    for (const made of [store, saved]) {
      await mkdir(made)
      const opened = await openStore({ folder: made, initial: () => initial(config) })()
      if (E.isLeft(opened)) throw new Error(opened.left.message)
      await opened.right.snapshot(opened.right.state)()
      await opened.right.close()()
    }
    return { args: ['restore', '--store', store, saved], place: store }
  },
  'backed up into a folder that is there': async (folder) => {
    await writeFile(join(folder, 'x'), '')
    return { args: ['backup', '--store', join(folder, 'store'), folder], place: folder }
  },
  'replayed what is no journal': async (folder) => {
    const path = await written(folder)
    return { args: ['replay', path], place: path }
  },
  'checked a workflow file that is not there': (folder) => ({ args: ['lint', join(folder, 'ci.yml')], place: join(folder, 'ci.yml') })
}

// ---------------------------------------------------------------------------------------- are told

describe('the mistakes of the table', () => {
  test('are those that are made here, at least thirty', () => {
    expect(ROWS.map(({ did }) => did)).toEqual(Object.keys(MISTAKES))
    expect(ROWS.length).toBeGreaterThanOrEqual(30)
  })

  test.each(ROWS.map((row) => [row.did, row] as const))('%s', (did, { code, says }) =>
    inFolder(async (folder) => {
      const made = await MISTAKES[did]?.(folder)
      if (made === undefined) throw new Error('nobody makes this mistake here')
      const said = await commandHere(made.args, made.environment)
      const all = `${said.err}\n${said.out}`
      expect(says).not.toEqual([])
      for (const one of says) expect(all).toMatch(patternOf(one.replaceAll('FOLDER', folder)))
      expect(all).toContain(made.place)
      expect(said.code).toBe(code)
    })
  )
})
