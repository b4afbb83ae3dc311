/**
 * Definitions of workflows: what the files of a repository at a commit come to, in one hash, so that two commits can be compared without them.
 *
 * Anybody may ask for one, so the knot that is asked is the one that the repository's own DID document names, each answer is kept, and no more
 * is asked for at a time than here is written. A commit never changes, and neither does what was read of it.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { createHash } from 'node:crypto'
import {
  decodeKnotOfRepository,
  type Did,
  excerpt,
  type HostName,
  type HostPolicy,
  hostOfService,
  type Rkey,
  type Sha,
  WORKFLOW_BYTES_MAX,
  WORKFLOWS_MAX
} from '../../core/index.js'
import { createKeeper } from '../lib/keeper.js'
import { createKeyedQueue } from '../lib/queue.js'
import type { Clock } from '../ports.js'
import type { Documents } from './documents.js'
import type { ReadFiles, WorkflowFile } from './git.js'

/** The definition of a commit's workflows. */
export interface Definition {
  readonly hash: string
  /** The names of the files, ascending by their bytes. */
  readonly workflows: ReadonlyArray<string>
}

/** Why there is none: it is not there; it is more than is read; whoever has it does not answer; too many are being read. */
export interface NoDefinition {
  readonly kind: 'busy' | 'large' | 'missing' | 'unreachable'
  readonly sentence: string
}

export interface Definitions {
  /** Ends all reading. Resolves when no process and no connection is left. Idempotent. */
  readonly close: () => Promise<void>
  /** The definition at a commit of a repository, which is read from that knot. */
  readonly describe: (repo: Did, knot: HostName, sha: Sha) => Promise<E.Either<NoDefinition, Definition>>
  /** The knot that the repository's DID document names. */
  readonly knotOf: (repo: Did, hosts: HostPolicy) => Promise<E.Either<NoDefinition, HostName>>
}

export interface DefinitionsOptions {
  readonly clock: Clock
  readonly documents: Documents
  readonly readFiles: ReadFiles
}

/** How many answers are kept, and for how long those that may be others soon: what a document says, and that there is nothing. */
const KEPT = 1_000
const FRESH_US = 60_000_000

/** How much of an address is kept: no host has a longer one. */
const ENDPOINT_MAX = 512

/** How many readings go on at a time, of one knot and of all, and how many wait. */
const READINGS = 2
const READINGS_PER_KNOT = 1
const WAITING = 16

const no = (kind: NoDefinition['kind'], sentence: string): E.Either<NoDefinition, never> => E.left({ kind, sentence })

/**
 * The hash of workflow files, to the byte that of Tangled's own spindle: over each, by name, the name, a zero byte, the length in eight bytes,
 * the lowest first, and the content.
 *
 * Source: tangled.org/core, `spindle/server.go`.
 */
export const hashOfFiles = (files: ReadonlyArray<{ readonly bytes: Buffer; readonly name: string }>): string => {
  const hash = createHash('sha256')
  const named = files.map(({ bytes, name }) => ({ bytes, name: Buffer.from(name) }))
  for (const { bytes, name } of named.sort((a, b) => Buffer.compare(a.name, b.name))) {
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(bytes.length))
    for (const part of [name, Buffer.from([0]), length, bytes]) hash.update(part)
  }
  return `sha256:${hash.digest('hex')}`
}

const definitionOf = (files: ReadonlyArray<WorkflowFile>): E.Either<NoDefinition, Definition> => {
  const read = files.flatMap(({ bytes, name }) => (bytes === null ? [] : [{ bytes, name }]))
  const long = files.find(({ bytes }) => bytes === null)
  if (long !== undefined) return no('large', `${excerpt(long.name)} is longer than ${String(WORKFLOW_BYTES_MAX / 1024)} KiB`)
  return E.right({ hash: hashOfFiles(read), workflows: files.map(({ name }) => name) })
}

export const createDefinitions = ({ clock, documents, readFiles }: DefinitionsOptions): Definitions => {
  const queue = createKeyedQueue(READINGS, READINGS_PER_KNOT)
  const closing = new AbortController()
  const endpoints = createKeeper<E.Either<NoDefinition, string>>(clock, KEPT, () => FRESH_US)
  const definitions = createKeeper<E.Either<NoDefinition, Definition>>(clock, KEPT, (answer) =>
    E.isRight(answer) || answer.left.kind === 'large' ? Infinity : answer.left.kind === 'busy' ? 0 : FRESH_US
  )
  /** What those hear who wait for a reading, when there is a close. */
  const waiting = new Set<() => void>()

  const endpointOf = async (repo: Did): Promise<E.Either<NoDefinition, string>> => {
    const document = await documents.read(repo)
    if (E.isLeft(document)) return document
    const endpoint = decodeKnotOfRepository(repo)(document.right)
    if (E.isLeft(endpoint)) return no('missing', `${excerpt(repo)}: ${endpoint.left}`)
    return endpoint.right === null ? no('missing', `${excerpt(repo)}: the document names no knot`) : E.right(endpoint.right.slice(0, ENDPOINT_MAX))
  }

  const read = async (repo: Did, knot: HostName, sha: Sha): Promise<E.Either<NoDefinition, Definition>> => {
    // Under its own DID only: where else it is, others say.
    const repository = { did: repo, name: '', owner: repo, rkey: 'self' as Rkey }
    const found = await readFiles({ every: true, knot, repository, sha }, closing.signal)
    if (found._tag === 'Unread') return found.isTooLarge === true ? no('large', found.error) : no(found.isFinal ? 'missing' : 'unreachable', found.error)
    if (found.left > 0) return no('large', `there are more than ${String(WORKFLOWS_MAX)} files`)
    const [unkept] = found.unkept
    return unkept === undefined ? definitionOf(found.files) : no('large', `${excerpt(unkept)} is no name of a workflow`)
  }

  const inTurn = (repo: Did, knot: HostName, sha: Sha): Promise<E.Either<NoDefinition, Definition>> => {
    if (waiting.size >= WAITING || closing.signal.aborted) return Promise.resolve(no('busy', 'too many definitions are being read; retry later'))
    return new Promise((resolve) => {
      const giveUp = (): void => resolve(no('busy', 'shutting down'))
      waiting.add(giveUp)
      queue.add(knot, async () => {
        resolve(await read(repo, knot, sha).catch((error: unknown) => no('unreachable', excerpt(String(error)))))
        waiting.delete(giveUp)
      })
    })
  }

  return {
    close: async () => {
      for (const giveUp of waiting) giveUp()
      closing.abort()
      await queue.close()
    },
    describe: (repo, knot, sha) => definitions.get(`${repo} ${knot} ${sha}`, () => inTurn(repo, knot, sha)),
    knotOf: async (repo, hosts) => {
      const endpoint = await endpoints.get(repo, () => endpointOf(repo))
      if (E.isLeft(endpoint)) return endpoint
      const knot = hostOfService(hosts)(endpoint.right)
      return O.isNone(knot) ? no('missing', `${excerpt(repo)}: the knot that its document names is no host`) : E.right(knot.value)
    }
  }
}
