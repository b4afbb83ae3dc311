/** Builds on this machine: the contract, and what only processes and files can get wrong. */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plan } from '../../../core/index.js'
import { createLocal } from '../../../shell/providers/local.js'
import { type Bench, describeProvider, type Target } from './contract.js'

const RUNNER = fileURLToPath(new URL('../../../dist/shell/providers/local-runner.js', import.meta.url))

/** As local.ts names the folder of a build. */
const idOf = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 40)

/** As `git hash-object` names a text. */
const blobOf = (text: string): string => createHash('sha1').update(`blob ${String(Buffer.byteLength(text))}\0${text}`).digest('hex')

/** A step that does what it reads in a file: says lines, and ends. It notes that it was started. */
const puppet = (strings: string): string => `
file="${strings}/$(printf %s "$TANGLED_PIPELINE_ID" | git hash-object --stdin)"
echo started >> "$file.starts"
i=1
while :; do
  line=$(sed -n "\${i}p" "$file" 2>/dev/null || true)
  if [ -z "$line" ]; then sleep 0.02; continue; fi
  i=$((i + 1))
  case "$line" in
    'say '*) printf '%s\\n' "\${line#say }" ;;
    'end '*) exit "\${line#end }" ;;
  esac
done`

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')

const open = (): Promise<Bench> => {
  const folder = mkdtempSync(join(tmpdir(), 'tack-local-'))
  const strings = mkdtempSync(join(tmpdir(), 'tack-puppets-'))
  const root = join(folder, 'builds')
  const told = (key: string, line: string): void => appendFileSync(join(strings, blobOf(key)), `${line}\n`)
  const plan: Partial<Plan> = { steps: [{ command: puppet(strings), environment: [], name: 'puppet' }] }
  return Promise.resolve({
    busy: () => 0,
    close: async () => {
      for (const key of readdirSync(root))
        if (!existsSync(join(root, key, 'result.json'))) {
          const { process: runner } = JSON.parse(read(join(root, key, 'runner.json')) || '{"process":{"pid":0}}') as { process: { pid: number } }
          if (runner.pid > 0) process.kill(-runner.pid, 'SIGKILL')
        }
      await rm(folder, { force: true, maxRetries: 20, recursive: true, retryDelay: 20 })
      await rm(strings, { force: true, maxRetries: 20, recursive: true, retryDelay: 20 })
    },
    connections: () => 0,
    held: () => 0,
    isCancelled: (key) => read(join(root, idOf(key), 'result.json')).includes('"status":"cancelled"'),
    misbehave: () => undefined,
    move: (key, status) => {
      if (status === 'success') told(key, 'end 0')
      if (status === 'failed') told(key, 'end 1')
    },
    plan,
    provider: ({ clock, log }) =>
      createLocal(
        { concurrent: 50, graceMs: 200, keepBuilds: 100, keepMs: 86_400_000, logBytes: 10_000, runner: RUNNER },
        { checkout: () => Promise.resolve(), clock, folder: root, log, name: 'local' }
      ),
    say: (key, line) => told(key, `say ${line}`),
    secrets: [],
    signing: null,
    started: (key) => {
      const folders = existsSync(join(root, idOf(key), 'request.json')) ? 1 : 0
      return Math.max(folders, read(join(strings, `${blobOf(key)}.starts`)).split('\n').length - 1)
    }
  })
}

const target: Target = { ends: ['success', 'failed'], faults: [], isIdempotent: true, name: 'local', open, refusals: [] }

describeProvider(target)
