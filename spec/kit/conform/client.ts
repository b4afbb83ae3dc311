/**
 * A port as a child process: requests go to its standard input, answers come from its standard output, one line each, and many
 * requests may be under way at once. What goes wrong with the process or with a line is a `PortFailure`, and ends it.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import * as E from 'fp-ts/lib/Either.js'
import { type Answer, VERSION } from '../format.js'
import { expectedAnswer, type Question, readAnswer } from './answer.js'

export type Command = readonly [file: string, ...args: ReadonlyArray<string>]

/** Why a port was given up. */
export interface Breakdown {
  /** In a sentence. */
  readonly what: string
  /** What it was asked then: the oldest request that is not answered. */
  readonly asked: { readonly expected: string; readonly request: string; readonly where: string } | null
  /** The line of its output that was wrong. */
  readonly line: { readonly number: number; readonly text: string } | null
  /** The end of what it said on standard error. */
  readonly stderr: string
}

export class PortFailure extends Error {
  constructor(readonly breakdown: Breakdown) {
    super(breakdown.what)
  }
}

export interface Port {
  /** What it calls itself. */
  readonly name: string
  /**
   * Asks at once, whatever is unanswered, and gives the answer when its turn has come.
   *
   * @param where - what this is about, for reports: "step 3 of trace D3.1"
   */
  readonly ask: (question: Question, where: string) => Promise<Answer>
  /** Ends it as the protocol says. */
  readonly stop: () => Promise<void>
}

/** How many requests may be under way: enough to keep a port busy, and few enough to keep. */
const WINDOW = 128

/** How much of the end of standard error is kept. */
const TAIL = 4_000

/** No answer is longer; without an end, a line would fill the memory. */
const LINE_MAX = 64 * 1024 * 1024

/** How long the rest of a port's output is waited for, after it has ended or was ended. */
const GRACE_MS = 500

/** A port may be a shell that starts the port: the whole group must end, where there are groups. */
const HAS_GROUPS = process.platform !== 'win32'

type Child = ChildProcessByStdio<Writable, Readable, Readable>

interface Pending {
  readonly id: number
  readonly question: Question
  readonly reject: (failure: PortFailure) => void
  readonly resolve: (answer: Answer) => void
  readonly text: string
  readonly where: string
}

const brief = (text: string): string => (text.length <= 500 ? text : `${text.slice(0, 500)}… (${String(text.length)} characters)`)

const ended = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal === null ? `exit code ${String(code ?? 0)}` : `signal ${signal}`

/** Takes bytes as they come, and gives lines. */
class Lines {
  private parts: Array<Buffer> = []
  private size = 0

  constructor(private readonly take: (line: Buffer) => void) {}

  push(chunk: Buffer): void {
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...this.parts, chunk.subarray(from, at)])
      this.parts = []
      this.size = 0
      from = at + 1
      this.take(line)
    }
    this.parts.push(chunk.subarray(from))
    this.size += chunk.length - from
  }

  get isTooLong(): boolean {
    return this.size > LINE_MAX
  }

  /** What has come since the last line. */
  get rest(): string {
    return Buffer.concat(this.parts).toString()
  }
}

/** Whether `done` comes within that time. */
const isWithin = async (ms: number, done: Promise<void>): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => void (timer = setTimeout(() => resolve(false), ms)))
  const isDone = await Promise.race([done.then(() => true), late])
  clearTimeout(timer)
  return isDone
}

class Process {
  private readonly child: Child
  private readonly pending: Array<Pending> = []
  /** Until the process has ended, and all its output has come. */
  private readonly closed: Promise<void>
  private readonly lines: Lines
  private broken: Promise<PortFailure> | null = null
  private isStopping = false
  private ids = 0
  private lineNumber = 0
  private stderr = ''
  private timer: NodeJS.Timeout | null = null

  constructor(
    [file, ...args]: Command,
    private readonly patienceMs: number,
    end: AbortSignal
  ) {
    this.child = spawn(file, args, { detached: HAS_GROUPS, stdio: ['pipe', 'pipe', 'pipe'] })
    this.lines = new Lines((line) => this.heard(line))
    this.closed = new Promise((resolve) => void this.child.once('close', () => resolve()))
    const kill = (): void => this.kill()
    end.addEventListener('abort', kill)
    void this.closed.then(() => end.removeEventListener('abort', kill))
    this.child.once('error', (error) => this.breakDown(`it could not be started: ${error.message}`))
    this.child.once('exit', (code, signal) => this.exited(code, signal))
    this.child.stdout.on('data', (chunk: Buffer) => {
      this.lines.push(chunk)
      if (this.lines.isTooLong) this.breakDown('a line of its output has no end')
    })
    this.child.stdout.once('end', () => this.fellSilent())
    this.child.stderr.on('data', (chunk: Buffer) => void (this.stderr = (this.stderr + chunk.toString()).slice(-TAIL)))
    // A port that does not read any more has ended, or will not answer in time: either is noticed elsewhere.
    this.child.stdin.on('error', () => undefined)
  }

  ask(question: Question, where: string): Promise<Answer> {
    const id = this.ids++
    const answer =
      this.broken?.then((failure) => Promise.reject(failure)) ??
      new Promise<Answer>((resolve, reject) => {
        const text = JSON.stringify({ ...question, id })
        this.pending.push({ id, question, reject, resolve, text, where })
        this.child.stdin.write(`${text}\n`)
        if (this.timer === null) this.wait()
      })
    // Of many that are under way, only the first that fails is waited for.
    answer.catch(() => undefined)
    return answer
  }

  async stop(): Promise<void> {
    this.isStopping = true
    if (this.broken === null) {
      this.child.stdin.end(`${JSON.stringify({ _tag: 'stop', id: this.ids++ })}\n`)
      const hasEnded = await isWithin(this.patienceMs, this.closed)
      const { exitCode, signalCode } = this.child
      if (!hasEnded) this.breakDown(`it did not end within ${String(this.patienceMs / 1000)} s after stop`)
      else if (exitCode !== 0) this.breakDown(`it ended with ${ended(exitCode, signalCode)} after stop`)
    }
    if (this.broken !== null) throw await this.broken
  }

  /** Ends the port, and what it has started: that may hold our pipes after the port itself has gone. */
  kill(): void {
    const { pid } = this.child
    if (pid === undefined) return
    try {
      if (HAS_GROUPS) process.kill(-pid, 'SIGKILL')
      else this.child.kill('SIGKILL')
    } catch {
      // It has just ended by itself.
    }
  }

  /** Until everything has come that the process still has to say, or long enough. */
  private settled(): Promise<boolean> {
    return isWithin(GRACE_MS, this.closed)
  }

  /** Counts the time from now on, if there is an answer to wait for. */
  private wait(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer =
      this.pending.length === 0 || this.broken !== null
        ? null
        : setTimeout(() => this.breakDown(`it did not answer within ${String(this.patienceMs / 1000)} s`), this.patienceMs)
  }

  private heard(line: Buffer): void {
    this.lineNumber++
    if (this.broken !== null) return
    const [first] = this.pending
    if (first === undefined) return this.breakDown('it answers what nobody has asked', line)
    const answer = readAnswer(line, first.question._tag, first.id)
    if (E.isLeft(answer)) return this.breakDown(`its answer is wrong: ${answer.left}`, line)
    this.pending.shift()
    this.wait()
    first.resolve(answer.right)
  }

  private exited(code: number | null, signal: NodeJS.Signals | null): void {
    // What it wrote before may still be on its way.
    void this.settled().then((isClosed) => {
      if (!isClosed) this.kill()
      if (!this.isStopping) this.breakDown(`it ended early, with ${ended(code, signal)}${this.torn()}`)
    })
  }

  private fellSilent(): void {
    void this.settled().then(() => {
      if (this.child.exitCode === null && this.child.signalCode === null)
        this.breakDown(`it has closed its output, and goes on running${this.torn()}`)
    })
  }

  private torn(): string {
    const { rest } = this.lines
    return rest === '' ? '' : `, in the middle of a line: ${brief(rest)}`
  }

  /** Gives the port up; only the first reason counts. It is told when what the port still said on standard error has come, too. */
  private breakDown(what: string, line: Buffer | null = null): void {
    if (this.broken !== null) return
    this.kill()
    const wrong = line === null ? null : { number: this.lineNumber, text: brief(line.toString()) }
    this.broken = this.settled().then(() => {
      const [first] = this.pending
      const asked =
        first === undefined
          ? null
          : { expected: expectedAnswer(first.question._tag, first.id), request: brief(first.text), where: first.where }
      const failure = new PortFailure({
        asked,
        line: wrong,
        stderr: this.stderr,
        what
      })
      for (const { reject } of this.pending.splice(0)) reject(failure)
      return failure
    })
    this.wait()
  }
}

/**
 * Starts a port, and makes sure that it speaks our version.
 *
 * @param end - ends the port when it is still there
 */
export const startPort = async (command: Command, patienceMs: number, end: AbortSignal): Promise<Port> => {
  const child = new Process(command, patienceMs, end)
  const refuse = (what: string): never => {
    child.kill()
    throw new PortFailure({ asked: null, line: null, stderr: '', what })
  }
  const started = await child.ask({ _tag: 'start', version: VERSION }, 'start')
  switch (started._tag) {
    case 'started':
      if (started.version !== VERSION)
        return refuse(`it speaks version ${String(started.version)}, and the kit version ${String(VERSION)}`)
      return {
        name: brief(started.name),
        ask: (question, where) => child.ask(question, where),
        stop: () => child.stop()
      }
    case 'errored':
      return refuse(`it refused to start with version ${String(VERSION)}: ${started.message}`)
    case 'skipped':
      return refuse(`it skipped the start: ${started.reason}`)
    default:
      return refuse('it did not start')
  }
}

/** Asks all of `questions`, many at a time, and gives the answers in order. What is under way at the end is waited for. */
export async function* answersTo(
  port: Port,
  questions: Iterable<{ readonly question: Question; readonly where: string }>
): AsyncGenerator<Answer, void, undefined> {
  const underWay: Array<Promise<Answer>> = []
  try {
    for (const { question, where } of questions) {
      if (underWay.length >= WINDOW) yield* take(underWay)
      underWay.push(port.ask(question, where))
    }
    while (underWay.length > 0) yield* take(underWay)
  } finally {
    await Promise.all(underWay)
  }
}

async function* take(underWay: Array<Promise<Answer>>): AsyncGenerator<Answer, void, undefined> {
  const first = underWay.shift()
  if (first !== undefined) yield await first
}
