/** The bridge of the demo: `tack run` in a process of its own, as an operator runs it. The demo reads its log. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A port that is free now, so that both lives of the bridge can use the same one. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

export interface LogLine {
  readonly event?: string
  readonly [field: string]: unknown
}

export interface Life {
  readonly child: ChildProcess
  /** The lines of its log, in order. */
  readonly said: ReadonlyArray<LogLine>
}

const parseLine = (line: string): LogLine => {
  const parsed: unknown = JSON.parse(line)
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
}

/** The settings of a bridge. */
export interface BridgeSettings {
  /** The path of its configuration file. */
  readonly configuration: string
  readonly hostname: string
  readonly jetstreamUrl: string
  /** Whether to pass it the variables `TACK_…`, which may hold secrets of the configuration. */
  readonly keepsVariables?: boolean
  readonly listen: string
  readonly owner: string
  readonly plc: string
  readonly store: string
}

/** Starts the bridge, and passes each line of its log to `onLine`. */
export const startLife = ({ configuration, hostname, jetstreamUrl, keepsVariables = false, listen, owner, plc, store }: BridgeSettings, onLine: (line: LogLine) => void): Life => {
  const main = fileURLToPath(new URL('../main.js', import.meta.url))
  const flags = ['--dev', '--hostname', hostname, '--owner', owner, '--jetstream', jetstreamUrl, '--store', store]
  const others = ['--config', configuration, '--listen', listen, '--plc', plc, '--log', 'json', '--log-level', 'debug', '--max-backoff', '0.2']
  const child = spawn(process.execPath, [main, 'run', ...flags, ...others], {
    // The variables of whoever runs the demo are meant for another bridge.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => keepsVariables || !name.startsWith('TACK_'))),
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const said: Array<LogLine> = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    const heard = parseLine(line)
    said.push(heard)
    onLine(heard)
  })
  return { child, said }
}

/** Signals the process, and waits until it has ended. */
export const end = async ({ child }: Life, signal: NodeJS.Signals): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal)
    await once(child, 'exit')
  }
  return child.exitCode
}
