/** Reads the bridge of the demo where Tangled reads it: `/events`, `/logs`, and the pipelines of a repository. */
import { WebSocket } from 'ws'

export interface Status {
  readonly error: string | null
  readonly exitCode: number | null
  readonly rkey: string
  readonly status: string
  readonly workflow: string
}

export const fieldsOf = (u: unknown): { readonly [field: string]: unknown } => (typeof u === 'object' && u !== null ? { ...u } : {})
export const textOf = (u: unknown): string => (typeof u === 'string' ? u : '')

const PIPELINE = 'sh.tangled.pipeline'

/** The name of a pipeline in statuses. */
const pipelineName = (knot: string, rkey: string): string => `at://did:web:${knot}/${PIPELINE}/${rkey}`

const CREATED = /"created":([0-9]+)\}$/

/**
 * Reads `/events` from the beginning, and resumes after every loss. Like Tangled's web application, it ignores a status of a pipeline that has not
 * been announced: `miss` is called with it.
 */
export const follow = (url: string, onStatus: (status: Status) => void, onMissed: (status: Status) => void): { readonly close: () => void } => {
  const pipelines = new Set<string>()
  let cursor = '0'
  let isOver = false
  let socket: WebSocket | null = null
  const connect = (): void => {
    if (isOver) return
    socket = new WebSocket(`${url.replace('http', 'ws')}/events?cursor=${cursor}`)
    socket.on('message', (data: Buffer) => {
      const text = data.toString()
      // Keep the digits as they are written: a double would round them.
      cursor = CREATED.exec(text)?.[1] ?? cursor
      const { event, nsid, rkey: key } = fieldsOf(JSON.parse(text))
      const { error, exitCode, pipeline, status, triggerMetadata, workflow } = fieldsOf(event)
      if (nsid === PIPELINE) {
        pipelines.add(pipelineName(textOf(fieldsOf(fieldsOf(triggerMetadata)['repo'])['knot']), textOf(key)))
        return
      }
      const of = textOf(pipeline)
      const hears = pipelines.has(of) ? onStatus : onMissed
      hears({
        error: error === undefined ? null : textOf(error),
        exitCode: typeof exitCode === 'number' ? exitCode : null,
        rkey: of.split('/').at(-1) ?? '',
        status: textOf(status),
        workflow: textOf(workflow)
      })
    })
    socket.on('error', () => undefined)
    socket.on('close', () => setTimeout(connect, 50))
  }
  connect()
  return {
    close: () => {
      isOver = true
      socket?.terminate()
    }
  }
}

/** The text of a build's log, once it is complete. */
export const logOf = (url: string, knot: string, rkey: string, workflow: string): Promise<string> =>
  new Promise((resolve) => {
    let text = ''
    const socket = new WebSocket(`${url.replace('http', 'ws')}/logs/${encodeURIComponent(knot)}/${rkey}/${encodeURIComponent(workflow)}`)
    socket.on('message', (data: Buffer) => {
      const { content, kind } = fieldsOf(JSON.parse(data.toString()))
      if (kind === 'data') text += `${textOf(content).replace(/\n$/, '')}\n`
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(text))
  })

export type Fields = ReturnType<typeof fieldsOf>

const listOf = (u: unknown): ReadonlyArray<Fields> => (Array.isArray(u) ? u.map(fieldsOf) : [])

/** The pipelines of the repository, the newest first. */
export const pipelinesOf = async (url: string, repo: string): Promise<ReadonlyArray<Fields>> =>
  listOf(fieldsOf(await (await fetch(`${url}/xrpc/sh.tangled.ci.queryPipelines?repo=${repo}`)).json())['pipelines'])

/** The status of a workflow in one of the pipelines. */
export const statusIn = (pipelines: ReadonlyArray<Fields>, id: string, name: string): string =>
  textOf(listOf(pipelines.find((one) => one['id'] === id)?.['workflows']).find((one) => one['id'] === name)?.['status'])
