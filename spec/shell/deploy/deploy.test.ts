/**
 * What is in shell/deploy, as far as it can be tried without Docker, systemd and a proxy, and the operator's guide: they name what is there, and
 * what they say is so.
 */
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { assemble } from '../../../shell/cli/assemble.js'
import { readConfiguration } from '../../../shell/cli/configuration.js'
import { applyTo } from '../../../shell/cli/option-values.js'
import { neverMatches } from '../../../shell/cli/check-allowed.js'
import { STOP_MS } from '../../../shell/cli/run.js'
import { runOptions } from '../../../shell/cli/options.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { silentLog } from '../../../shell/lib/log.js'
import { defaultServerLimits } from '../../../shell/inbound/server.js'
import { pack } from '../../kit/packages.js'
import { inFolder } from '../support/process.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const DEPLOY = join(ROOT, 'shell', 'deploy')

const textOf = (name: string): string => readFileSync(join(DEPLOY, name), 'utf8')

/** The lines of a Dockerfile, those that go on as one. */
const instructions = textOf('Dockerfile')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

const copied = (isFromBuild: boolean): ReadonlyArray<readonly [sources: ReadonlyArray<string>, target: string]> =>
  instructions
    .filter((line) => line.startsWith('COPY ') && line.startsWith('COPY --from=build ') === isFromBuild)
    .map((line) => {
      const words = line.split(/ +/).slice(isFromBuild ? 2 : 1)
      return [words.slice(0, -1), words.at(-1) ?? '']
    })

// ---------------------------------------------------------------------------------------- the image

/** The packages that are left when those for development are taken away, as the lock file has them. */
const production = (): ReadonlyArray<string> => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>
  }
  return Object.entries(packages)
    .filter(([path, { dev, optional }]) => path !== '' && dev !== true && (optional !== true || existsSync(join(ROOT, path))))
    .map(([path]) => path)
}

/** The program as the image has it. */
const image = (folder: string): string => {
  execFileSync('tar', ['-xzf', pack(ROOT, folder), '-C', folder, '--strip-components=1'])
  for (const path of production()) cpSync(join(ROOT, path), join(folder, path), { filter: (file) => !file.endsWith('node_modules'), recursive: true })
  return join(folder, 'dist', 'shell', 'main.js')
}

interface Out {
  readonly code: number | null
  readonly text: string
}

const runProgram = (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}) => {
  const child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const chunks: Array<string> = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  const ended: Promise<Out> = once(child, 'close').then(() => ({ code: child.exitCode, text: chunks.join('') }))
  return { child, ended }
}

describe('the Dockerfile', () => {
  test('copies only what exists, and nothing that is excluded', () => {
    const ignored = textOf('Dockerfile.dockerignore')
    for (const [sources] of copied(false))
      for (const source of sources) {
        expect(existsSync(join(ROOT, source)), source).toBe(true)
        expect(ignored.split('\n')).toContain(`!${source}`)
      }
  })

  test('takes from its build the package, and nothing else', () => {
    expect(copied(true)).toEqual([[['/build/package'], './']])
    expect(instructions.filter((line) => line.startsWith('RUN') && line.includes('npm pack'))).toHaveLength(1)
  })

  test('runs as a user other than root, with git, a volume and a health check', () => {
    const last = instructions.slice(instructions.lastIndexOf('FROM node:22-bookworm-slim'))
    for (const line of ['USER node', 'VOLUME /store', 'EXPOSE 8080', 'CMD ["run"]']) expect(last).toContain(line)
    // Without the certificates git trusts no knot.
    for (const name of ['git', 'ca-certificates']) expect(last.some((line) => line.startsWith('RUN apt-get') && line.split(' ').includes(name)), name).toBe(true)
    expect(last.findIndex((line) => line.startsWith('USER'))).toBeLessThan(last.findIndex((line) => line.startsWith('ENTRYPOINT')))
  })

  test('makes an image that runs, answers, reports that it is healthy, and ends', () =>
    inFolder(async (folder) => {
      const main = image(folder)
      expect(readdirSync(join(folder, 'node_modules'))).not.toContain('vitest')
      const help = await runProgram([main, '--help']).ended
      expect([help.code, help.text]).toEqual([0, expect.stringContaining('tack check --config tack.yaml')])

      const { child, ended } = runProgram([main, 'run'], {
        TACK_DB_PATH: join(folder, 'store'),
        TACK_DEV: '1',
        TACK_HOSTNAME: 'ci.example.com',
        TACK_JETSTREAM_URL: 'ws://localhost:1/',
        TACK_LISTEN_ADDR: '127.0.0.1:0',
        TACK_LOG: 'json',
        TACK_OWNER_DID: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
      })
      const port = await new Promise<number>((resolve, reject) => {
        void ended.then(({ text }) => reject(new Error(text)))
        createInterface({ input: child.stdout }).on('line', (line) => {
          const said = JSON.parse(line) as { readonly event?: string; readonly port?: number }
          if (said.event === 'Serving') resolve(said.port ?? 0)
        })
      })
      expect((await fetch(`http://127.0.0.1:${String(port)}/`)).status).toBe(200)

      const check = /CMD (\["node", "-e".*\])$/.exec(instructions.find((line) => line.startsWith('HEALTHCHECK')) ?? '')?.[1] ?? '[]'
      const [, ...args] = JSON.parse(check) as ReadonlyArray<string>
      expect((await runProgram(args, { TACK_LISTEN_ADDR: `127.0.0.1:${String(port)}` }).ended).code).toBe(0)
      child.kill('SIGTERM')
      expect((await ended).code).toBe(0)
      expect((await runProgram(args, { TACK_LISTEN_ADDR: `127.0.0.1:${String(port)}` }).ended).code).toBe(1)
    }))
})

// ---------------------------------------------------------------------------------------- the example

describe('the example tack.yaml', () => {
  const written = (text: string) =>
    inFolder(async (folder) => {
      const path = join(folder, 'tack.yaml')
      await writeFile(path, text)
      const options = runOptions()
      const read = readConfiguration(
        path,
        options.map((option) => option.attributeName())
      )
      expect([...read.faults, ...applyTo(read.configuration, options)]).toEqual([])
      const value = (name: string): unknown => options.find((option) => option.attributeName() === name)?.defaultValue
      const made = await assemble(
        {
          admission: 'members',
          collaborators: 'knots',
          hostname: String(value('hostname')),
          jetstream: new URL(String(value('jetstream'))),
          listen: { port: 0 },
          logLevel: 'info',
          owner: String(value('owner')),
          plc: new URL(String(value('plc'))),
          rewind: 5,
          store: folder,
          tolerance: 60
        },
        read.configuration,
        { clock: systemClock(), environment: { TACK_BUILDKITE_ORGANIZATIONS: 'acme', TACK_BUILDKITE_TOKEN: 'x'.repeat(20), TACK_WEBHOOK_SECRET: 'x'.repeat(20) }, log: silentLog }
      )
      if (E.isLeft(made)) throw new Error(made.left)
      const { close, providers, records, workflows } = made.right
      await Promise.all([...providers.map((provider) => provider.close()), records.close(), workflows.close(), close()])
      return { allow: read.configuration.allow, names: [...read.configuration.options.keys()], providers: [...read.configuration.providers.keys()] }
    })

  test('is a valid configuration as it stands, with no line of its allow-list in vain', async () => {
    const { allow, names, providers } = await written(textOf('tack.yaml'))
    expect(names).toEqual(['hostname', 'owner', 'listen'])
    expect(providers).toEqual(['local'])
    expect(allow.map(({ repos }) => neverMatches(repos))).toEqual([null])
  })

  test('is a valid configuration with everything that it offers', async () => {
    const { names, providers } = await written(textOf('tack.yaml').replaceAll(/^( *)#(?! \S)(?=.)/gm, '$1'))
    for (const name of ['store', 'adminToken', 'admission', 'backfill', 'handles', 'jetstream', 'plc', 'log', 'logLevel']) expect(names).toContain(name)
    expect(providers).toEqual(['local', 'buildkite', 'our-ci'])
  })
})

// ---------------------------------------------------------------------------------------- the unit and the proxies

/** Whether there is the program that reads units as systemd does. */
const hasVerify = spawnSync('systemd-analyze', ['--version']).status === 0

describe('the systemd unit', () => {
  const unit = textOf('tack.service')
    .split('\n')
    .filter((line) => !line.startsWith('#'))

  test('runs an existing program with existing options', () => {
    expect(unit.find((line) => line.startsWith('ExecStart='))).toBe('ExecStart=/usr/bin/node /opt/tack/dist/shell/main.js run --config /etc/tack/tack.yaml')
    const known = new Set(runOptions().map((option) => option.envVar))
    for (const line of unit) {
      const [, name = ''] = /^Environment=(TACK_[A-Z_]+?)(?:_FILE)?=/.exec(line) ?? []
      if (name !== '') expect(known).toContain(name)
    }
  })

  test('allows the time that a stop takes', () => {
    const seconds = unit.flatMap((line) => /^TimeoutStopSec=([0-9]+)$/.exec(line)?.[1] ?? []).map(Number)
    expect(seconds).toHaveLength(1)
    expect(seconds[0]).toBeGreaterThanOrEqual((2 * STOP_MS) / 1_000)
  })

  const valueOf = (name: string): string | undefined => unit.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1)

  test('lets systemd hear the watchdog, which is a process beside the main one, and starts tack again when it is ended for silence', () => {
    expect(Number(valueOf('WatchdogSec'))).toBeGreaterThanOrEqual(60)
    expect(valueOf('NotifyAccess')).toBe('all')
    expect(valueOf('RestrictAddressFamilies')?.split(' ')).toEqual(expect.arrayContaining(['AF_INET', 'AF_INET6', 'AF_UNIX']))
    expect(['on-failure', 'on-watchdog', 'on-abnormal', 'always']).toContain(valueOf('Restart'))
    // A loop that does not end hears no other signal.
    expect(valueOf('WatchdogSignal')).toBe('SIGKILL')
  })

  test('allows as many files and processes as tack has connections and builds', () => {
    expect(Number(valueOf('LimitNOFILE'))).toBeGreaterThanOrEqual(2 * defaultServerLimits.http.connections)
    expect(Number(valueOf('TasksMax'))).toBeGreaterThanOrEqual(512)
  })

  test('keeps the store and the admin token where tack looks for them, out of the sight of others', () => {
    expect(unit).toContain(`Environment=TACK_DB_PATH=/var/lib/${valueOf('StateDirectory') ?? ''}`)
    const [name = '', source = ''] = (valueOf('LoadCredential') ?? '').split(':')
    expect(unit).toContain(`Environment=TACK_ADMIN_TOKEN_FILE=/run/credentials/tack.service/${name}`)
    expect(source).toMatch(/^\/etc\/tack\//)
    expect([valueOf('StateDirectoryMode'), valueOf('UMask')]).toEqual(['0700', '0077'])
  })

  test.skipIf(!hasVerify)(`is without fault to systemd itself${hasVerify ? '' : ' (skipped: there is no systemd-analyze)'}`, () =>
    inFolder(async (folder) => {
      const verify = async (text: string): Promise<string> => {
        const path = join(folder, 'tack.service')
        // The program and the user are there once tack is installed.
        await writeFile(path, text.replace('/usr/bin/node /opt/tack/dist/shell/main.js', process.execPath).replaceAll(/^(User|Group)=tack$/gm, '$1=root'))
        const { stderr, stdout } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' })
        return `${stdout}${stderr}`.split('\n').filter((line) => line.includes('tack.service')).join('\n')
      }
      const text = textOf('tack.service')
      expect(await verify(text.replace('WatchdogSec=', 'WatchDogSeconds='))).toContain('WatchDogSeconds')
      expect(await verify(text)).toBe('')
    }))

  test('confines the program as far as possible, and no further: /proc tells who has the lock, and Node makes code', () => {
    for (const line of ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'ProtectHome=yes', 'PrivateTmp=yes', 'CapabilityBoundingSet=', 'User=tack']) expect(unit).toContain(line)
    expect(unit.filter((line) => /^(?:ProtectProc|ProcSubset|MemoryDenyWriteExecute)=/.test(line))).toEqual([])
  })
})

describe('a proxy configuration', () => {
  test('the configuration for nginx passes upgrades on, and waits longer than a ping takes', () => {
    const text = textOf('nginx.conf')
    for (const line of ['proxy_http_version 1.1;', 'proxy_set_header Upgrade $http_upgrade;', 'proxy_set_header Connection $tack_connection;', 'proxy_read_timeout 120s;'])
      expect(text).toContain(line)
    expect(text.split('{').length).toBe(text.split('}').length)
    const seconds = Number(/proxy_read_timeout ([0-9]+)s;/.exec(text)?.[1])
    expect(seconds * 1_000).toBeGreaterThanOrEqual(2 * defaultServerLimits.http.pingMs)
  })

  test('passes on webhooks as long as tack takes them, and every line of a log as it comes', () => {
    const unit = { k: 2 ** 10, m: 2 ** 20 } as const
    const [, size = '', letter = 'k'] = /client_max_body_size ([0-9]+)([km]);/.exec(textOf('nginx.conf')) ?? []
    expect(Number(size) * unit[letter as keyof typeof unit]).toBe(defaultServerLimits.webhookBytes)
    expect(textOf('nginx.conf')).toContain('proxy_buffering off;')
    // To Caddy, MB is a million bytes.
    const [, mebibytes = ''] = /max_size ([0-9]+)MiB/.exec(textOf('Caddyfile')) ?? []
    expect(Number(mebibytes) * 2 ** 20).toBe(defaultServerLimits.webhookBytes)
    expect(textOf('Caddyfile')).toContain('flush_interval -1')
  })

  test.each(['nginx.conf', 'Caddyfile'])('the configuration for %s leads to where the example listens, and keeps metrics and admin requests inside', (name) => {
    const text = textOf(name)
    expect(text).toContain('127.0.0.1:8080')
    expect(textOf('tack.yaml')).toContain('listen: 127.0.0.1:8080')
    for (const path of ['/metrics', '/builds/']) expect(text).toContain(path)
  })
})

// ---------------------------------------------------------------------------------------- the guide

/** All that is written in a folder of sources, in one text. */
const sourcesIn = (folder: string): string =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n')

/** What stands in the text where the pattern's group is, each once. */
const every = (text: string, pattern: RegExp): ReadonlyArray<string> => [...new Set([...text.matchAll(pattern)].map(([, found = '']) => found))]

describe('the operator’s guide', () => {
  const guide = ['README.md', 'access.md', 'tangled.md', 'operations.md', 'troubleshooting.md', 'limits.md'].map(textOf).join('\n')
  const shell = sourcesIn(join(ROOT, 'shell'))

  test('quotes the log as it is written', () => {
    const said = every(guide, /"msg":"([^"]+)"/g)
    expect(said.length).toBeGreaterThan(15)
    for (const message of said) expect(shell).toContain(message.replace(/…$/, ''))
  })

  test('quotes the messages that authors of workflows read', () => {
    const core = sourcesIn(join(ROOT, 'core'))
    for (const [, quoted = ''] of guide.matchAll(/status `failed`: `([^`]+)`/g)) {
      const [beginning = ''] = quoted.split(/ "x"| …/)
      expect(core, quoted).toContain(beginning)
    }
  })

  test('names existing metrics, variables and options', () => {
    for (const name of every(guide, /`?tack_([a-z_]+)/g)) expect(shell, name).toMatch(new RegExp(`['_]${name.replace(/_total$/, '')}`))
    for (const name of every(guide.replaceAll(/\w+ is not a setting/g, ''), /\b(TACK_[A-Z_]*[A-WYZ])\b/g)) expect(shell, name).toContain(name.replace(/_FILE$/, ''))
    const flags = new Set([...runOptions().map(({ long }) => long ?? ''), '--from', '--html', '--json', '--limit', '--server', '--to', '--trace', '--version', '--help', '--once'])
    for (const [, line = ''] of guide.matchAll(/^ *(?:.*&& )?tack ((?:run|check|builds|inspect|cancel|retry|replay)\b.*)$/gm))
      for (const flag of every(line, /(--[a-z-]+)/g)) expect(flags, line).toContain(flag)
  })

  test('shows a valid configuration', () =>
    inFolder(async (folder) => {
      for (const [, block = ''] of readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)) {
        const path = join(folder, 'tack.yaml')
        await writeFile(path, block)
        expect(readConfiguration(path, ['hostname', 'owner', 'listen']).faults).toEqual([])
      }
    }))
})
