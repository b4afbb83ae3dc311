/**
 * The operator's guide, walked through in its own order: its commands, as they stand there, in a folder that is the root of a machine. What a machine has and
 * a test has not (users, systemd, proxies) are small scripts that fail where something is out of order; what is not tried has a reason. No command is in the guide
 * and not here.
 */
import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { startForge } from '../support/forge.js'
import { hasGit, WITHOUT_GIT } from '../support/git.js'
import { eventually, inFolder } from '../support/process.js'
import { freePort } from '../support/sockets.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

const PAGES = ['README.md', 'shell/deploy/README.md', 'shell/deploy/operations.md', 'shell/deploy/troubleshooting.md', 'shell/deploy/workflows.md'] as const

const text = Object.fromEntries(await Promise.all(PAGES.map(async (page) => [page, await readFile(join(ROOT, page), 'utf8')] as const)))

/** The commands of a page, in order, without what is said of them. */
const commandsIn = (page: string): ReadonlyArray<string> =>
  [...(text[page] ?? '').matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].flatMap(([, block = '']) =>
    block
      .replaceAll(/\\\n */g, '')
      .split('\n')
      .map((line) => line.replace(/ {2,}#.*| # .*/, '').trim())
      .filter((line) => line !== '')
  )

const OPERATIONS = 'shell/deploy/operations.md'
const GUIDE = 'shell/deploy/README.md'

// ---------------------------------------------------------------------------------------- what is not walked

/** Commands that are not run here, by how they begin, and why. */
const NOT_HERE: ReadonlyArray<readonly [page: string, begins: string, why: string]> = [
  ['README.md', 'npm ci && npm start', 'the demo has tests of its own; what is installed is what runs this'],
  ['README.md', 'npm ci && npm test', 'this is that'],
  ['README.md', 'npx tack check', 'first-run.test.ts'],
  ['README.md', 'npx tack run', 'first-run.test.ts'],
  [GUIDE, 'npm ci && npm start', 'as above'],
  [GUIDE, 'git clone <where', 'the sources are here'],
  [GUIDE, 'npm ci --ignore-scripts', 'a registry'],
  [GUIDE, 'npx tsc -b core shell', 'what it makes is here'],
  [GUIDE, 'npm prune', 'a registry'],
  [GUIDE, 'docker build', 'deploy.test.ts makes what the image has'],
  [GUIDE, 'docker run', 'deploy.test.ts'],
  [GUIDE, 'docker exec', 'deploy.test.ts'],
  [GUIDE, 'npm ci && npm pack', 'packages.test.ts'],
  [GUIDE, 'npm install --global', 'packages.test.ts'],
  [OPERATIONS, 'tack replay', 'replay-page.test.ts'],
  [OPERATIONS, 'cd /opt/tack && git pull', 'the sources are here'],
  [OPERATIONS, 'npm ci --ignore-scripts && npx tsc', 'a registry'],
  ['shell/deploy/troubleshooting.md', 'runuser -u tack -- tack pass-over', 'hang.test.ts'],
  ['shell/deploy/troubleshooting.md', 'systemctl restart', 'hang.test.ts'],
  ['shell/deploy/workflows.md', 'tack lint', 'lint.test.ts'],
  ['shell/deploy/workflows.md', 'tack try', 'trial.test.ts']
]

const whyNot = (page: string, command: string) => NOT_HERE.find(([of, begins]) => of === page && command.startsWith(begins))

test('what is not walked is in the guide, and has a reason', () => {
  for (const [page, begins, why] of NOT_HERE) {
    expect(commandsIn(page).some((command) => command.startsWith(begins)), begins).toBe(true)
    expect(why).not.toBe('')
  }
  expect(PAGES.flatMap((page) => commandsIn(page)).length).toBeGreaterThan(40)
})

// ---------------------------------------------------------------------------------------- a machine

/** Programs of a machine, for the folder `$ROOT`: each fails where the guide is out of order. */
const PROGRAMS: Readonly<Record<string, string>> = {
  // Accounts: whoever is named must have been made before.
  chown: 'for one in "$@"; do case "$one" in *:*) u=${one%%:*}; [ "$u" = root ] || [ -e "$ROOT/users/$u" ] || { echo "chown: invalid user: $one" >&2; exit 1; };; esac; done',
  install: `while [ $# -gt 1 ]; do
  case "$1" in
    -o|-g) [ -e "$ROOT/users/$2" ] || { echo "install: invalid user: $2" >&2; exit 1; }; shift;;
    -m) mode=$2; shift;;
  esac
  shift
done
/usr/bin/install -d -m "$mode" "$1"`,
  runuser: '[ "$1" = -u ] && [ -e "$ROOT/users/$2" ] && [ "$3" = -- ] || { echo "runuser: user $2 does not exist" >&2; exit 1; }; shift 3; exec "$@"',
  useradd: 'for name; do :; done; mkdir -p "$ROOT/users"; : > "$ROOT/users/$name"',
  // Proxies: that they read what is copied to them is theirs to say.
  nginx: '[ -e "$ROOT/etc/nginx/conf.d/tack.conf" ]',
  journalctl: 'cat "$ROOT/journal"',
  // The service: what the unit says, without what confines it.
  systemctl: `unit="$ROOT/etc/systemd/system/tack.service"
gone() { [ ! -e "$ROOT/pid" ] || { kill "$(cat "$ROOT/pid")" 2>/dev/null; while kill -0 "$(cat "$ROOT/pid")" 2>/dev/null; do sleep 0.05; done; rm "$ROOT/pid"; }; }
begin() {
  [ -e "$ROOT/reloaded" ] || { echo 'systemctl: tack.service changed on disk: run daemon-reload' >&2; exit 1; }
  for path in $(sed -n 's/^LoadCredential=[^:]*://p' "$unit"); do mkdir -p "$ROOT/run/credentials/tack.service"; cp "$path" "$ROOT/run/credentials/tack.service/" || exit 1; done
  set -a
  eval "$(sed -n 's/^Environment=//p' "$unit")"
  for path in $(sed -n 's/^EnvironmentFile=-//p' "$unit"); do [ ! -e "$path" ] || . "$path"; done
  set +a
  command=$(sed -n 's/^ExecStart=//p' "$unit")
  (exec $command) >> "$ROOT/journal" 2>&1 &
  echo $! > "$ROOT/pid"
}
case "$*" in
  daemon-reload) [ -e "$unit" ] && : > "$ROOT/reloaded";;
  'reload caddy') [ -e "$ROOT/etc/caddy/Caddyfile" ];;
  'reload nginx') [ -e "$ROOT/etc/nginx/conf.d/tack.conf" ];;
  'enable --now tack'|'start tack') begin;;
  'stop tack') gone;;
  *) echo "systemctl: $*" >&2; exit 1;;
esac`
}

/** What of the guide's paths is below the root. */
const below = (root: string, written: string): string => written.replaceAll(/(?<![\w$./])\/(?:etc|opt|var\/lib|usr\/local|backup|run)\//g, (path) => `${root}${path}`)

const run = promisify(execFile)

interface Said {
  readonly code: number
  readonly said: string
}

/** A machine on which nothing is installed but Node, git and these programs. */
const machine = async (folder: string) => {
  const bin = join(folder, 'usr/local/bin')
  const there = ['opt/tack/shell/deploy', 'etc/caddy', 'etc/nginx/conf.d', 'etc/systemd/system', 'var/lib'].map((path) => join(folder, path))
  for (const path of [bin, ...there]) await mkdir(path, { recursive: true })
  for (const [name, script] of Object.entries(PROGRAMS)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(bin, name), 0o755)
  }
  for (const name of ['core', 'dist', 'node_modules', 'package.json']) await symlink(join(ROOT, name), join(folder, 'opt/tack', name))
  for (const name of ['Caddyfile', 'nginx.conf', 'tack.service', 'tack.yaml']) {
    const written = below(folder, await readFile(join(ROOT, 'shell/deploy', name), 'utf8')).replace('/usr/bin/node', process.execPath)
    await writeFile(join(folder, 'opt/tack/shell/deploy', name), written)
  }
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TACK_')))
  const env = { ...environment, PATH: `${bin}:${process.env['PATH'] ?? ''}`, ROOT: folder }
  return async (command: string, more: Readonly<Record<string, string>> = {}): Promise<Said> => {
    try {
      const { stderr, stdout } = await run('bash', ['-c', below(folder, command)], { cwd: join(folder, 'opt/tack'), env: { ...env, ...more } })
      return { code: 0, said: `${stdout}${stderr}` }
    } catch (error) {
      const { code, stderr = '', stdout = '' } = error as { readonly code?: number; readonly stderr?: string; readonly stdout?: string }
      return { code: code ?? -1, said: `${stdout}${stderr}` }
    }
  }
}

type Does = Awaited<ReturnType<typeof machine>>

/** Uses such a machine, on which nothing runs afterwards. */
const onMachine = (use: (folder: string, does: Does) => Promise<void>): Promise<void> =>
  inFolder(async (folder) => {
    const does = await machine(folder)
    try {
      await use(folder, does)
    } finally {
      await does('systemctl stop tack')
    }
  })

// ---------------------------------------------------------------------------------------- the walk

/** The text with values for the words that stand for them. */
const filledIn = (written: string, values: Readonly<Record<string, string>>): string =>
  Object.entries(values).reduce((said, [word, value]) => said.replaceAll(word, value), written)

interface Listed {
  readonly knot: string
  readonly rkey: string
  readonly status: string
}

/** The workflow of the guide. */
const [, WORKFLOW = ''] = /^ {3}```yaml\n([\s\S]*?)^ {3}```/m.exec(text[GUIDE] ?? '') ?? []

const HOSTNAME = 'ci.example.com'
const OWNER = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'

/** Addresses that the guide names, as they are asked for by a client that opens no websocket. */
const addresses = (): ReadonlyArray<string> => {
  const address = /`(?:GET )?(\/(?:(?:xrpc|api|logs|webhooks|builds)\/[^`\s]*|\.well-known\/did\.json|events|healthz|metrics)?)`/g
  const named = [GUIDE, OPERATIONS].flatMap((page) => [...(text[page] ?? '').matchAll(address)])
  return [...new Set(named.map(([, path = '']) => path))].filter((path) => !path.includes('…'))
}

describe.skipIf(!hasGit)(`the guide${WITHOUT_GIT}`, () => {
  test('leads from nothing to a build, a backup and back, in the order in which it stands', () =>
    onMachine(async (folder, does) => {
      const { environment, push } = await startForge({ hostname: HOSTNAME, owner: OWNER })
      const port = await freePort()
      const walked = new Set<string>()
      /** Does what the page says from here on, up to and with the command that begins so. */
      const walk = async (page: string, last: string, values: Readonly<Record<string, string>> = {}, more: Readonly<Record<string, string>> = {}): Promise<ReadonlyArray<Said>> => {
        const results: Array<Said> = []
        for (const [n, command] of commandsIn(page).entries()) {
          const name = `${page}: ${String(n)}`
          if (walked.has(name)) continue
          if (whyNot(page, command) === undefined) {
            const result = await does(filledIn(command, values), more)
            results.push(result)
            if (!command.includes('tack check')) expect([command, result.code, result.said]).toEqual([command, 0, result.said])
          }
          walked.add(name)
          if (command.startsWith(last)) return results
        }
        throw new Error(`${page} has no such command: ${last}`)
      }

      await walk(GUIDE, 'tack --version')
      await walk(GUIDE, 'chown root:tack')
      // What the guide says is yours, and what is around.
      const path = join(folder, 'etc/tack/tack.yaml')
      await writeFile(path, (await readFile(path, 'utf8')).replace('127.0.0.1:8080', `127.0.0.1:${String(port)}`))
      await writeFile(join(folder, 'etc/tack/secrets.env'), Object.entries(environment).map(([name, value]) => `${name}=${value}\n`).join(''))
      const [, check] = await walk(GUIDE, '(set -a')
      expect(check?.said).toMatch(/^ok {3}store .* is empty: the first start begins from nothing\.$/m)
      for (const what of ['configuration', 'git', 'owner', 'stream', 'provider local', 'address']) expect(check?.said).toMatch(new RegExp(`^ok   ${what} `, 'm'))
      await walk(GUIDE, 'systemctl enable --now tack')
      const journal = (): Promise<string> => readFile(join(folder, 'journal'), 'utf8')
      await eventually(async () => (await journal()).includes('"event":"KnotOpened"'))
      await walk(GUIDE, 'journalctl')
      for (const line of ['"msg":"starting"', '"msg":"listening"', '"msg":"connecting to the stream"', '"msg":"stream connected"']) expect(await journal()).toContain(line)
      await push([{ content: WORKFLOW.replaceAll(/^ {3}/gm, ''), path: '.tangled/workflows/ci.yml' }])

      const url = `http://127.0.0.1:${String(port)}`
      const list = async (): Promise<ReadonlyArray<Listed>> => ((await (await fetch(`${url}/api/builds.json`)).json()) as { readonly builds: ReadonlyArray<Listed> }).builds
      await eventually(async () => (await list())[0]?.status === 'success')
      const { knot, rkey } = (await list())[0] ?? { knot: '', rkey: '' }
      const values = { KNOT: knot, RKEY: rkey }
      const as = { TACK_ADMIN_TOKEN_FILE: join(folder, 'etc/tack/admin-token'), TACK_DB_PATH: join(folder, 'var/lib/tack') }
      const [listed, log, inspected] = await walk(OPERATIONS, 'tack inspect', values, as)
      expect(listed?.said).toMatch(/^ {2}success /m)
      expect(log?.said).toContain('hello from forge')
      expect(inspected?.said).toContain(rkey)
      // What has ended is not cancelled: the order that the guide shows is refused, with the reason.
      const cancel = commandsIn(OPERATIONS).find((command) => command.startsWith('tack cancel')) ?? ''
      const refused = await does(filledIn(cancel, values), as)
      expect([refused.code, refused.said]).toEqual([1, expect.stringContaining('has already ended')])
      walked.add(`${OPERATIONS}: ${String(commandsIn(OPERATIONS).indexOf(cancel))}`)
      await walk(OPERATIONS, 'tack retry', values, as)
      await eventually(async () => (await list()).map(({ status }) => status).join() === 'success,success')

      expect(addresses().length).toBeGreaterThan(8)
      for (const address of addresses()) {
        const filled = filledIn(address, { '{did}': 'did:plc:rrrrrrrrrrrrrrrrrrrrrrrr', '{knot}': knot, '{provider}': 'none', '{rkey}': rkey, '{uri}': '', '{workflow}': 'ci.yml' })
        const { status } = await fetch(`${url}${filled}`)
        // A webhook is a POST, and a websocket has to be asked for.
        const expected = address.startsWith('/webhooks/') ? [405] : /^\/(?:events|logs)|subscribe/.test(address) ? [426] : [200]
        expect([address, status]).toEqual([address, expect.toSatisfy((one: number) => expected.includes(one))])
      }

      // Backup and restore, and an upgrade, as far as it can be tried.
      const saved = { '$(date +%F-%H%M%S)': '2026-12-01-040000' }
      await walk(OPERATIONS, 'systemctl start tack', saved)
      await eventually(async () => (await list().catch(() => [])).length === 2)
      await walk(OPERATIONS, 'systemctl start tack')
      await eventually(async () => (await list().catch(() => [])).length === 2)
      await does('systemctl stop tack')
      // Each life began and ended as it should; a store that another one has, or a port, would have kept it from that.
      const lives = async (message: string): Promise<number> => (await journal()).split(`"msg":"${message}"`).length - 1
      expect(await lives('starting')).toBeGreaterThanOrEqual(3)
      expect(await lives('stopped; everything is saved')).toBe(await lives('starting'))

      for (const page of [GUIDE, OPERATIONS])
        for (const [n, command] of commandsIn(page).entries()) expect(walked.has(`${page}: ${String(n)}`), command).toBe(true)
    }))
})
