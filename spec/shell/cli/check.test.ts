/** `tack check` against real servers on this machine: what is fine is said to be, and each thing that is wrong is found, and alone. */
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { initial } from '../../../core/index.js'
import { findings } from '../../../shell/cli/check.js'
import { neverMatches } from '../../../shell/cli/check-allowed.js'
import { checkGit, checkStore } from '../../../shell/cli/check-machine.js'
import type { Finding } from '../../../shell/cli/finding.js'
import { type Configuration, NO_CONFIGURATION, NOTHING_READ } from '../../../shell/cli/configuration.js'
import type { RunOptions } from '../../../shell/cli/options.js'
import { adviceOnUpgrade, adviceOnWayIn } from '../../../shell/cli/way-in.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { startJetstream, startPds } from '../../../shell/demo-network/index.js'
import { openStore } from '../../../shell/store/index.js'
import { FORMAT } from '../../../shell/store/snapshot.js'
import { createWorld, OWNER, serve } from '../inbound/support.js'
import { config } from '../support/bridge.js'
import { CERTIFICATE, KEY } from '../support/certificate.js'
import { inFolder, tack } from '../support/process.js'
import { freePort, httpServer } from '../support/sockets.js'
import { hasGit, WITHOUT_GIT } from '../support/git.js'

const SECRET = 'canary-0123456789abcdef'

// ---------------------------------------------------------------------------------------- set up

interface Around {
  readonly configuration: Configuration
  readonly folder: string
  readonly options: RunOptions
}

/** Options with which nothing is wrong: a stream, a directory, a server of accounts, and a CI, on this machine. */
const around = async (folder: string): Promise<Around> => {
  const jetstream = await startJetstream({ clock: systemClock(), generation: 'v2', seed: 1 })
  const pds = await startPds()
  const ci = await httpServer(({ headers }, response) => response.writeHead(headers['x-tack-signature'] === undefined ? 401 : 404).end())
  onTestFinished(async () => {
    await Promise.all([jetstream.stop(), pds.stop()])
  })
  pds.putAccount(OWNER)
  const port = await freePort()
  return {
    configuration: {
      ...NO_CONFIGURATION,
      allow: [{ pipelines: '**', provider: 'our-ci', repos: `${OWNER}/*` }],
      providers: new Map([
        ['ci', { kind: 'webhook', settings: { secret: SECRET, url: `http://127.0.0.1:${String(ci.port)}` } }],
        ['our-ci', { kind: 'webhook', settings: { secret: SECRET, url: `http://127.0.0.1:${String(ci.port)}` } }]
      ])
    },
    folder,
    options: {
      adminToken: SECRET,
      admission: 'members',
      collaborators: 'knots',
      dev: true,
      hostname: `localhost:${String(port)}`,
      jetstream: new URL(jetstream.url),
      listen: { host: '127.0.0.1', port },
      logLevel: 'info',
      owner: OWNER,
      plc: new URL(pds.url),
      rewind: 5,
      store: join(folder, 'store'),
      tolerance: 60
    }
  }
}

const found = async ({ configuration, options }: Around): Promise<ReadonlyArray<Finding>> => {
  const told: Array<Finding> = []
  const all = await findings(options, { ...NOTHING_READ, configuration }, [], {}, (finding) => told.push(finding))
  expect(told).toEqual(all)
  expect(JSON.stringify(all)).not.toContain(SECRET)
  return all
}

const faults = (all: ReadonlyArray<Finding>): ReadonlyArray<readonly [what: string, sentence: string]> =>
  all.filter(({ isFine }) => !isFine).map(({ sentence, what }) => [what, sentence])

/** What is wrong after a change, where nothing was before. */
const after = (change: (before: Around) => Partial<Around> | Promise<Partial<Around>>): Promise<ReadonlyArray<readonly [what: string, sentence: string]>> =>
  inFolder(async (folder) => {
    const before = await around(folder)
    return faults(await found({ ...before, ...(await change(before)) }))
  })

const withOptions =
  (change: Partial<RunOptions>) =>
  ({ options }: Around): Partial<Around> => ({ options: { ...options, ...change } })

/** As on the real network, where nothing here is allowed. */
const forReal = ({ options: { dev, ...options } }: Around): Partial<Around> => {
  expect(dev).toBe(true)
  return { options: { ...options, hostname: 'localhost' } }
}

const sentenceOf = (all: ReadonlyArray<Finding>, what: string): string | undefined => all.find((one) => one.what === what)?.sentence

// ---------------------------------------------------------------------------------------- all is well

describe.skipIf(!hasGit)(`a sound installation${WITHOUT_GIT}`, () => {
  test('has everything checked, nothing wrong, and nothing left behind', () =>
    inFolder(async (folder) => {
      const before = await around(folder)
      const all = await found(before)
      expect(faults(all)).toEqual([])
      expect(all.map(({ what }) => what)).toEqual([
        'configuration',
        'allow-list',
        'store',
        'git',
        'owner',
        'stream',
        'clock',
        'provider ci',
        'provider our-ci',
        'address',
        'name',
        'registration',
        'health',
        'websocket'
      ])
      expect(sentenceOf(all, 'configuration')).toBe('Valid; providers: ci, our-ci. --dev is on; do not use it on the real network.')
      const { adminToken, dev, ...others } = before.options
      expect([adminToken, dev]).toEqual([SECRET, true])
      expect(sentenceOf(await found({ ...before, options: { ...others, allowLoopback: true } }), 'configuration')).toBe(
        'Valid; providers: ci, our-ci. Without an admin token nobody can cancel or retry builds.'
      )
      expect(await readdir(folder)).toEqual([])
    }))

  test('is checked beside a running tack: address and store are its own, and it is asked as others would ask it', () =>
    inFolder(async (folder) => {
      const before = await around(folder)
      const world = createWorld()
      const running = await serve(world)
      world.openStream()
      const opened = await openStore({ folder: join(folder, 'store'), initial: () => initial(config) })()
      if (E.isLeft(opened)) throw new Error(opened.left.message)
      const { port } = running.server
      const options = { ...before.options, hostname: `localhost:${String(port)}`, listen: { host: '127.0.0.1', port } }
      const all = await found({ ...before, options })
      expect(faults(all)).toEqual([])
      expect(sentenceOf(all, 'address')).toContain('is in use by a running tack of yours')
      expect(sentenceOf(all, 'store')).toContain(`is in order (version ${String(FORMAT.version)}): 0 accounts, 0 runs. Until now it belonged to ci.example.com`)
      expect(sentenceOf(all, 'store')).toContain(`A running tack uses it (process ${String(process.pid)} on host ${hostname()}).`)
      running.setSaving(false)
      expect(faults(await found({ ...before, options }))).toEqual([
        ['health', `http://localhost:${String(port)}/healthz answered 503: the state cannot be saved: see the log.`]
      ])
      await opened.right.close()()
      expect((await readdir(join(folder, 'store'))).filter((name) => name.startsWith('check-'))).toEqual([])
    }))
})

// ---------------------------------------------------------------------------------------- the configuration

describe.skipIf(!hasGit)(`the configuration${WITHOUT_GIT}`, () => {
  test('names the entry of a provider that cannot be created, and checks the rest all the same', async () => {
    const wrong = await after(() => ({ configuration: { ...NO_CONFIGURATION, providers: new Map([['x', { kind: 'webhook', settings: { secret: SECRET, url: 'ftp://x' } }]]) } }))
    expect(wrong).toEqual([
      ['configuration', '"url" of the provider "x" must be a URL that begins with https:// or http://; it is "ftp://x".'],
      ['address', expect.stringContaining('was not checked: fix the configuration first')],
      ['registration', expect.any(String)],
      ['health', expect.any(String)],
      ['websocket', expect.any(String)]
    ])
  })

  test('is reported when it has no provider', async () =>
    expect(await after(({ configuration }) => ({ configuration: { ...configuration, allow: [], providers: new Map() } }))).toEqual([
      ['configuration', expect.stringMatching(/^No provider is configured, so nothing can be built: add one under "providers"/)]
    ]))

  test('lets the owner in with an empty allow-list', () =>
    inFolder(async (folder) => {
      const before = await around(folder)
      const all = await found({ ...before, configuration: { ...before.configuration, allow: [] } })
      expect(sentenceOf(all, 'allow-list')).toBe('Empty: only repositories of the owner are built.')
    }))

  test('is reported when allow lines name no provider, or nobody', async () =>
    expect(
      await after(({ configuration }) => ({
        configuration: {
          ...configuration,
          allow: [
            { pipelines: '**', provider: 'their-ci', repos: '**' },
            { pipelines: '**', provider: 'ci', repos: 'alice.example/app' }
          ]
        }
      }))
    ).toEqual([
      ['allow[0]', 'there is no provider "their-ci" under "providers". Did you mean "our-ci"? There are: ci, our-ci.'],
      ['allow[1]', expect.stringMatching(/^"alice\.example\/app" never matches: repositories are named by their owner’s DID, not by a handle or a host\./)]
    ]))

  test.each<[string, boolean]>([
    [`${OWNER}/app`, true],
    [`${OWNER}/*`, true],
    ['**', true],
    ['*/app', true],
    ['did:*/app', true],
    ['d*/app', true],
    ['did:plc:{a,b}/app', true],
    [`{${OWNER}/app,did:web:x.example/lib}`, true],
    ['[d]id:web:x.example/lib', true],
    ['did:web:x.example/lib', true],
    ['', false],
    ['*', false],
    ['did:plc:*', false],
    [OWNER, false],
    ['/app', false],
    ['@alice.example/*', false],
    ['did:plc:short/app', false],
    ['did/app', false],
    ['https://tangled.org/x/y', false]
  ])('%j can match: %j', (pattern, can) => expect(neverMatches(pattern) === null).toBe(can))
})

// ---------------------------------------------------------------------------------------- this machine

describe.skipIf(!hasGit)(`the store${WITHOUT_GIT}`, () => {
  test('is reported when it cannot be created', async () =>
    expect(
      await after(async ({ folder, options }) => {
        await writeFile(join(folder, 'file'), '')
        return { options: { ...options, store: join(folder, 'file', 'store') } }
      })
    ).toEqual([['store', expect.stringMatching(/store does not exist, and cannot be created in .*file: create it, and make it writable for the user that runs tack\.$/)]]))

  test('is reported when it is not a folder', async () =>
    expect(
      await after(async ({ folder, options }) => {
        await writeFile(join(folder, 'file'), '')
        return { options: { ...options, store: join(folder, 'file') } }
      })
    ).toEqual([['store', expect.stringMatching(/file is not writable: ENOTDIR/)]]))

  const withFiles = (files: Readonly<Record<string, string>>) =>
    after(async ({ options }) => {
      await mkdir(options.store)
      for (const [name, content] of Object.entries(files)) await writeFile(join(options.store, name), content)
      return {}
    })

  test('is fine when it is empty', async () => expect(await withFiles({ 'notes.txt': '' })).toEqual([]))

  test('is reported when it cannot be read', async () =>
    expect(await withFiles({ 'state.json': '{"rows":[]}' })).toEqual([['store', expect.stringMatching(/state\.json: .* Nothing was changed\. Restore a backup of the whole folder, or move the folder away to start anew\.$/)]]))

  test('is reported when its snapshot is missing', async () =>
    expect(await withFiles({ 'journal-1.jsonl': '' })).toEqual([['store', expect.stringMatching(/there is no store here/)]]))

  test('is reported when its lock belongs to another machine, or to nobody', async () => {
    const lock = JSON.stringify({ hostname: 'elsewhere', pid: 1, startedAt: null, token: '0'.repeat(36) })
    expect(await withFiles({ lock })).toEqual([['store', expect.stringMatching(/it is locked by process 1 on host elsewhere: if that is certainly gone, delete its file "lock"/)]])
    expect(await withFiles({ lock: 'x' })).toEqual([['store', expect.stringMatching(/it contains a file "lock" that tack did not write/)]])
  })

  test('is reported when a file in it is closed to the user, which a user with all rights never sees', () =>
    inFolder(async (folder) => {
      const { options } = await around(folder)
      await mkdir(options.store)
      await writeFile(join(options.store, 'state.json'), '{}')
      expect((await checkStore(options, (path) => Promise.resolve(!path.endsWith('state.json')))).sentence).toMatch(
        /state\.json is closed to .+: was tack run, or the store restored, as another user\? chown -R .+: .*store$/
      )
    }))

  test('is fine when the process that locked it is gone', async () =>
    expect(await withFiles({ lock: JSON.stringify({ hostname: hostname(), pid: 4_194_305, startedAt: null, token: '0'.repeat(36) }) })).toEqual([]))
})

describe.skipIf(!hasGit)(`git${WITHOUT_GIT}`, () => {
  const program = (said: string) =>
    inFolder(async (folder) => {
      const path = join(folder, 'git')
      await writeFile(path, `#!/bin/sh\n${said}\n`)
      await chmod(path, 0o755)
      return checkGit(path)
    })

  test.each([
    ['echo git version 2.28.9', /^git version 2\.28\.9 is too old: 2\.29 or later is needed/],
    ['echo git version 1.99', /too old/],
    ['[ "$1" = --version ] && echo git version 2.29.0 || echo /nowhere', /^git version 2\.29\.0 has no HTTPS support/],
    ['echo something else', /^something else is too old/],
    ['[ "$1" = --version ] && echo git version 3.0.rc1 || echo /nowhere', /^git version 3\.0\.rc1 has no HTTPS support: git-remote-https is missing/],
    ['exit 3', /^git cannot be run: /]
  ])('%s', async (said, sentence) => expect(await program(said)).toEqual({ isFine: false, sentence: expect.stringMatching(sentence) as string, what: 'git' }))

  test('is reported when it is missing', async () => expect(await checkGit('/nowhere/git')).toMatchObject({ isFine: false, sentence: expect.stringMatching(/^git is missing/) as string }))
})

describe.skipIf(!hasGit)(`the address${WITHOUT_GIT}`, () => {
  test('is reported when another program has taken it', async () => {
    const other = await httpServer((_, response) => response.end('hello'))
    const wrong = await after(withOptions({ listen: { host: '127.0.0.1', port: other.port } }))
    expect(wrong[0]).toEqual(['address', expect.stringMatching(/is in use by another program \(its answer is not a spindle’s\): stop it, or choose another address/)])
  })

  test('is reported when it is not ours', async () => {
    const wrong = await after(withOptions({ listen: { host: '192.0.2.1', port: 8080 } }))
    expect(wrong[0]).toEqual(['address', expect.stringMatching(/^cannot listen on 192\.0\.2\.1:8080: .*EADDRNOTAVAIL/)])
  })
})

// ---------------------------------------------------------------------------------------- others

describe.skipIf(!hasGit)(`other servers${WITHOUT_GIT}`, () => {
  test('do not know the owner', async () =>
    expect(await after(withOptions({ owner: 'did:plc:zzzzzzzzzzzzzzzzzzzzzzzz' }))).toEqual([
      ['owner', expect.stringMatching(/^did:plc:z+: localhost:[0-9]+ does not know this DID \(404\)\. Is it copied as a whole, and --plc right\? Yours is at https:/)]
    ]))

  test('cannot know an owner whose DID is cut short', async () =>
    expect(await after(withOptions({ owner: 'did:plc:zzzzzzzzzzzzzzzzzzzzzzz' }))).toEqual([
      ['owner', expect.stringMatching(/^did:plc:z+ is not a DID: after did:plc: there are 24 characters, a to z and 2 to 7\./)]
    ]))

  test('do not answer for the owner', async () =>
    expect(await after(withOptions({ plc: new URL(`http://localhost:${String(await freePort())}`) }))).toEqual([
      ['owner', expect.stringMatching(/ECONNREFUSED.*\. Check the DID, and that this machine can reach localhost:/)]
    ]))

  test('do not include the stream', async () =>
    expect(await after(withOptions({ jetstream: new URL(`ws://localhost:${String(await freePort())}/subscribe`) }))).toEqual([
      ['stream', expect.stringMatching(/is not reachable: connect ECONNREFUSED .* Check --jetstream/)]
    ]))

  test('speak something else than the stream', async () => {
    const other = await httpServer((_, response) => response.end('hello'))
    expect(await after(withOptions({ jetstream: new URL(`ws://localhost:${String(other.port)}/`) }))).toEqual([
      ['stream', expect.stringMatching(/is not reachable: Unexpected server response: 200\. Check the path of --jetstream: that of a Jetstream is \/subscribe,/)]
    ])
  })

  test('reject us, as a CI that repeats the secret', async () => {
    const ci = await httpServer((_, response) => response.writeHead(403).end(`your secret ${SECRET} is not mine`))
    const wrong = await after(({ configuration: { providers, ...others } }) => ({
      configuration: { ...others, providers: new Map([...providers, ['our-ci', { kind: 'webhook', settings: { secret: SECRET, url: `http://127.0.0.1:${String(ci.port)}` } }]]) }
    }))
    expect(wrong).toEqual([['provider our-ci', expect.stringMatching(/answered 403/)]])
  })
})

// ---------------------------------------------------------------------------------------- where we are found

describe.skipIf(!hasGit)(`the hostname${WITHOUT_GIT}`, () => {
  test('ends the checks that need it when it does not resolve', async () =>
    expect(await after(withOptions({ hostname: 'ci.tack-check.invalid' }))).toEqual([
      ['name', expect.stringMatching(/^ci\.tack-check\.invalid cannot be resolved \(E[A-Z_]+\): create an A or AAAA record/)]
    ]))

  test('is no name for others when it leads to this machine alone; the stream may be here all the same', async () => {
    const wrong = await after(forReal)
    expect(wrong.map(([what]) => what)).not.toContain('stream')
    expect(wrong).toContainEqual(['name', expect.stringMatching(/resolves here to .*, which is not reachable from outside/)])
  })

  /** What is wrong when a proxy that answers so stands where the name leads. */
  const behind = async (proxy: { readonly port: number }) => after(withOptions({ hostname: `localhost:${String(proxy.port)}` }))

  test('is reported when a proxy reaches nobody behind it', async () =>
    expect(await behind(await httpServer((_, response) => response.writeHead(502).end('bad gateway')))).toEqual([
      ['registration', expect.stringMatching(/it answered 502\. Tangled calls this when you register\. The reverse proxy reaches nobody behind it: make it forward to http:\/\/127/)],
      ['health', expect.stringMatching(/healthz answered 502\.$/)],
      ['websocket', expect.stringMatching(/does not accept websockets: Unexpected server response: 502\. The reverse proxy reaches nobody behind it/)]
    ]))

  test('is reported when something else is served under it', async () =>
    expect(await behind(await httpServer((_, response) => response.end('<h1>Welcome</h1>')))).toEqual([
      ['registration', expect.stringMatching(/its answer is not a spindle’s\. Tangled calls this when you register\. Make the reverse proxy forward it to http:\/\/127.*, where tack listens\.$/)],
      ['health', expect.stringMatching(/healthz answered 200, but not as tack does: something else is served under this name\.$/)],
      ['websocket', expect.stringMatching(/Unexpected server response: 200\. The reverse proxy must pass on the headers Upgrade and Connection/)]
    ]))

  test.each([
    ['self-signed certificate', /^Tangled needs a certificate for ci\.example\.com that everybody trusts/],
    ['Hostname/IP does not match certificate’s altnames', /certificate for ci\.example\.com/],
    ['write EPROTO 80BC:error:0A00010B:SSL routines:wrong version number', /^There is no TLS at this port/],
    ['connect ECONNREFUSED 192.0.2.1:443', /^Nothing listens there/],
    ['no answer within 15 s', /firewall/],
    ['it answered 401', /^The reverse proxy wants a login/],
    ['the server redirects (301), and redirects are not followed', /not redirected\.$/],
    ['it answered 404', /^Make the reverse proxy forward it to http:\/\/127\.0\.0\.1:8080, where tack listens\.$/]
  ])('%s: what to do is named', (error, advice) =>
    expect(adviceOnWayIn(error, { hostname: 'ci.example.com', listen: { host: '127.0.0.1', port: 8080 } })).toMatch(advice))

  test.each([
    ['handshake timed out', /Upgrade and Connection/],
    ['socket hang up', /Upgrade and Connection/],
    ['Unexpected server response: 426', /Upgrade and Connection/],
    ['Unexpected server response: 503', /reaches nobody behind it/],
    ['Unexpected server response: 403', /wants a login/],
    ['self-signed certificate', /needs a certificate/]
  ])('%s where a websocket is asked for: what to do is named', (error, advice) =>
    expect(adviceOnUpgrade(error, { hostname: 'ci.example.com', listen: { port: 8080 } })).toMatch(advice))

  test('is reported when a proxy passes on no websockets', async () => {
    const proxy = await httpServer((request, response) => response.end(request.url === '/healthz' ? '{"reasons":[]}' : JSON.stringify({ owner: OWNER })))
    expect((await behind(proxy)).map(([what]) => what)).toEqual(['websocket'])
  })

  test('is reported when it leads to somebody else’s spindle', async () => {
    const proxy = await httpServer((_, response) => response.end(JSON.stringify({ owner: 'did:plc:else\u001b[2J' })))
    expect((await behind(proxy))[0]).toEqual(['registration', expect.stringContaining('it says that its owner is did:plc:else\\u001b[2J.')])
  })
})

// ---------------------------------------------------------------------------------------- the program

describe.skipIf(!hasGit)(`the command${WITHOUT_GIT}`, () => {
  test('exits with 0 when nothing is wrong, else with 1; prints lines, or JSON; creates nothing', () =>
    inFolder(async (folder) => {
      const { configuration, options } = await around(folder)
      const path = join(folder, 'tack.json')
      await writeFile(
        path,
        JSON.stringify({
          adminToken: SECRET,
          allow: configuration.allow,
          dev: true,
          hostname: options.hostname,
          jetstream: options.jetstream.href,
          listen: options.hostname.replace('localhost', '127.0.0.1'),
          owner: OWNER,
          plc: options.plc.href,
          providers: {
            local: null,
            ...Object.fromEntries([...configuration.providers].map(([name, { kind, settings }]) => [name, { kind, ...settings }]))
          },
          store: options.store
        })
      )
      const scratch = join(folder, 'scratch')
      await mkdir(scratch)
      const good = await tack(['check', '--config', path], { TMPDIR: scratch })
      expect(await readdir(scratch)).toEqual([])
      expect([good.code, good.err]).toEqual([0, ''])
      expect(good.out.trimEnd().split('\n').at(-1)).toBe('Everything is fine.')
      expect(good.out.split('\n')[0]).toMatch(/^ok {3}configuration {10}Valid; providers: local, ci, our-ci\. /)

      const bad = await tack(['check', '--config', path, '--json', '--jetstream', 'ws://localhost:1/'])
      expect([bad.code, bad.err]).toEqual([1, ''])
      const list = JSON.parse(bad.out) as ReadonlyArray<Finding>
      expect(faults(list).map(([what]) => what)).toEqual(['stream'])
      expect(good.out + bad.out).not.toContain(SECRET)
      expect(existsSync(options.store)).toBe(false)
      expect((await tack(['check', '--config', path, '--listen', 'here'])).code).toBe(2)
      const worse = await tack(['check', '--config', path, '--jetstream', 'ws://localhost:1/', '--plc', 'http://localhost:1/'])
      expect([worse.code, worse.out.match(/^NOT {2}[a-z]+/gm), worse.out.trimEnd().split('\n').at(-1)]).toEqual([1, ['NOT  owner', 'NOT  stream'], '2 things are wrong.'])
    }))

  test('needs a place for temporary files', async () => {
    const { code, out } = await tack(['check', '--hostname', 'x.example', '--owner', OWNER], { TMPDIR: '/nowhere' })
    expect(code).toBe(1)
    expect(out).toMatch(/^NOT {2}temporary files {8}None can be created in \/nowhere: ENOENT.* Set TMPDIR to a writable folder\.\n\nOne thing is wrong\.\n$/)
  })

  test('uses https, through whatever terminates it, without --dev', () =>
    inFolder(async (folder) => {
      const port = await freePort()
      const proxy = createTlsServer({ cert: CERTIFICATE, key: KEY }, (socket) => {
        const inside = connect(port, '127.0.0.1')
        socket.on('error', () => inside.destroy())
        inside.on('error', () => socket.destroy())
        socket.pipe(inside).pipe(socket)
      })
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => void proxy.close())
      const certificate = join(folder, 'certificate.pem')
      await writeFile(certificate, CERTIFICATE)
      const hostname = `localhost:${String((proxy.address() as AddressInfo).port)}`
      const args = ['check', '--json', '--allow-loopback', '--hostname', hostname, '--owner', OWNER, '--listen', `127.0.0.1:${String(port)}`, '--store', join(folder, 'store')]
      const outside = async (environment: Readonly<Record<string, string>>) => {
        const { out } = await tack([...args, '--jetstream', 'ws://localhost:1/', '--plc', 'http://localhost:1'], environment)
        return (JSON.parse(out) as ReadonlyArray<Finding>).filter(({ what }) => ['registration', 'health', 'websocket'].includes(what))
      }
      expect(await outside({ NODE_EXTRA_CA_CERTS: certificate })).toEqual([
        { isFine: true, sentence: `https://${hostname} names ${OWNER} as its owner, as Tangled expects.`, what: 'registration' },
        { isFine: true, sentence: `https://${hostname}/healthz is healthy.`, what: 'health' },
        { isFine: true, sentence: `wss://${hostname}/events accepts websockets.`, what: 'websocket' }
      ])
      // The certificate is nobody's whom anybody knows.
      const strange = await outside({})
      expect(strange.map(({ isFine }) => isFine)).toEqual([false, false, false])
      expect(strange[0]?.sentence).toMatch(/sh\.tangled\.owner: .*certificate/)
    }))
})
