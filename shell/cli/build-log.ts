/**
 * `tack logs`: shows the log of a build, which it reads from the running tack as Tangled and the page do (`/logs`): from the first line on, while it
 * grows, until it ends. The list of builds identifies the build, and says whether it has ended.
 *
 * Strangers wrote the log: a terminal shows their colours, and nothing that moves the cursor.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { WebSocket } from 'ws'
import { excerpt } from '../../core/index.js'
import type { ShownBuild } from '../inbound/shown-builds.js'
import { escapeInvisible } from '../lib/log.js'
import type { Clock } from '../ports.js'
import { decodeText } from '../store/json.js'
import { ANSWER_MS, wordsOf } from './finding.js'
import { buildsOfRun } from './list-builds.js'
import { asking, baseOf, type Print, type ServerOptions, unreachable } from './reach.js'
import { bold, draw, isOver, red, withoutControls } from './text.js'

export interface LogRequest {
  readonly knot: string
  readonly rkey: string
  /** May be left out if the run has one build. */
  readonly workflow?: string
}

export interface LogOptions extends ServerOptions {
  readonly follow?: true
  readonly json?: true
}

export interface Terminal {
  readonly clock: Clock
  readonly complain: Print
  readonly hasColour: boolean
  readonly print: Print
}

// ---------------------------------------------------------------------------------------- which build

/** The requested build; `Left` with an exit code and an error message. */
const find = async (base: string, { knot, rkey, workflow }: LogRequest): Promise<E.Either<readonly [code: number, sentence: string], ShownBuild>> => {
  const found = await asking((fetch) => buildsOfRun(base, fetch, knot, rkey))
  if (E.isLeft(found)) return E.left([1, found.left])
  // A server of an earlier version lists all builds.
  const run = found.right.filter((build) => build.knot === knot && build.rkey === rkey)
  const meant = run.filter((build) => workflow === undefined || build.workflow === workflow)
  const names = run.map((build) => escapeInvisible(build.workflow)).sort().join(', ')
  const [one, other] = meant
  if (one === undefined)
    return run.length > 0
      ? E.left([1, `error: run ${knot} ${rkey} has no workflow ${workflow ?? ''}; it has ${names}`])
      : E.left([1, `error: ${base} has no build of run ${knot} ${rkey}; "tack builds" lists builds, and "tack inspect" runs whose workflow files are still being read`])
  return other === undefined ? E.right(one) : E.left([2, `error: run ${knot} ${rkey} has several builds: add the name of one of them: ${names}`])
}

// ---------------------------------------------------------------------------------------- what is shown

const Frame = t.intersection(
  [
    t.type({ content: t.string, kind: t.string, step_id: t.number }),
    t.partial({ step_command: t.string, step_failed: t.boolean, step_status: t.string })
  ],
  'frame'
)

type Frame = t.TypeOf<typeof Frame>

/** Turns the frames of a log into lines. A colour that is set in one line continues in the next line of the same step. */
const drawing = (hasColour: boolean): ((frame: Frame) => string | null) => {
  let style = ''
  const heading = (text: string): string => (hasColour ? bold(text) : text)
  return ({ content, kind, step_command, step_failed, step_status }) => {
    if (kind === 'data') {
      const line = draw(content, style, hasColour)
      style = line.style
      return line.text
    }
    style = ''
    const name = escapeInvisible(excerpt(content))
    if (step_status === 'start') return heading(`==> ${name}${step_command === undefined || step_command === content ? '' : `: ${escapeInvisible(excerpt(step_command))}`}`)
    if (step_failed !== true) return null
    const failed = `==> ${name} failed`
    return hasColour ? red(failed) : failed
  }
}

// ---------------------------------------------------------------------------------------- reading

/** The limit of a frame. A line takes at most a tenth of that, whatever it consists of. */
const FRAME_BYTES = 1_048_576

/** A server pings every 30 s. After this long without anything, it is gone. */
const SILENCE_MS = 90_000

/** How long a running build must be silent before its log so far counts as complete. */
const QUIET_MS = 1_000

const COMPLETE = 1000

interface Reading {
  readonly isBounded: boolean
  readonly take: (text: string) => boolean
  readonly url: string
}

type End =
  | { readonly _tag: 'Complete' }
  | { readonly _tag: 'Quiet' }
  | { readonly _tag: 'Broken'; readonly why: string }
  | { readonly _tag: 'Refused'; readonly status: number }
  | { readonly _tag: 'Unreached'; readonly error: unknown }

/** Reads a log to its end or, if `isBounded`, until nothing more comes. */
const read = ({ isBounded, take, url }: Reading, clock: Clock): Promise<End> =>
  new Promise((resolve) => {
    const socket = new WebSocket(url, { followRedirects: false, handshakeTimeout: ANSWER_MS, maxPayload: FRAME_BYTES, perMessageDeflate: false })
    let isOpen = false
    let stopQuiet: () => void = () => undefined
    let stopSilence: () => void = () => undefined
    const end = (how: End): void => {
      stopQuiet()
      stopSilence()
      resolve(how)
      socket.terminate()
    }
    const restartSilence = (): void => {
      stopSilence()
      stopSilence = clock.after(SILENCE_MS, () => end({ _tag: 'Broken', why: `nothing was heard for ${String(SILENCE_MS / 1_000)} s` }))
    }
    const rest = (): void => {
      stopQuiet()
      if (isBounded) stopQuiet = clock.after(QUIET_MS, () => end({ _tag: 'Quiet' }))
    }
    socket.on('open', () => {
      isOpen = true
      restartSilence()
      rest()
    })
    socket.on('ping', restartSilence)
    socket.on('message', (data: Buffer) => {
      restartSilence()
      if (take(data.toString())) rest()
      else end({ _tag: 'Broken', why: 'that is not a log of tack' })
    })
    socket.on('unexpected-response', (_, response) => end({ _tag: 'Refused', status: response.statusCode ?? 0 }))
    socket.on('error', (error) => end(isOpen ? { _tag: 'Broken', why: wordsOf(error) } : { _tag: 'Unreached', error }))
    socket.on('close', (code, reason) =>
      end(code === COMPLETE ? { _tag: 'Complete' } : { _tag: 'Broken', why: reason.length > 0 ? excerpt(reason.toString()) : `the connection was lost (${String(code)})` })
    )
  })

// ---------------------------------------------------------------------------------------- the command

/** Shows the log of a build. Returns the exit code: 0 if it was shown, 1 if it could not be, 2 if the request is ambiguous. */
export const showLog = async (request: LogRequest, options: LogOptions, { clock, complain, hasColour, print }: Terminal): Promise<number> => {
  const base = baseOf(options)
  const found = await find(base, request)
  if (E.isLeft(found)) {
    const [code, sentence] = found.left
    complain(sentence)
    return code
  }
  const { knot, rkey, status, workflow } = found.right
  const draw = drawing(hasColour)
  const take = (text: string): boolean => {
    const frame = decodeText(Frame, text)
    if (E.isLeft(frame)) return false
    const line = options.json === true ? withoutControls(text) : draw(frame.right)
    if (line !== null) print(line)
    return true
  }
  const isBounded = options.follow !== true && !isOver(status)
  const url = `${base.replace(/^http/, 'ws')}/logs/${[knot, rkey, workflow].map(encodeURIComponent).join('/')}`
  const end = await read({ isBounded, take, url }, clock)
  switch (end._tag) {
    case 'Complete':
      return 0
    case 'Quiet':
      complain(`${workflow} is ${status === 'pending' ? 'waiting' : 'still running'}: with -f its log is followed to the end`)
      return 0
    case 'Broken':
      complain(`error: the log broke off: ${escapeInvisible(end.why)}; the build goes on: ask again for all of it`)
      return 1
    case 'Refused':
      complain(
        end.status === 503
          ? `error: ${base} has too many readers of logs (503): try again later`
          : end.status === 404
            ? `error: ${base} has no log of ${knot} ${rkey} ${workflow} any more: old builds are forgotten ("builds" in the configuration)`
            : `error: ${base} answered ${String(end.status)}: it, or a proxy in front of it, does not forward websockets to /logs`
      )
      return 1
    case 'Unreached':
      complain(unreachable(base, end.error))
      return 1
  }
}
