/**
 * The definition of a repository's workflows at a commit: one hash over all workflow files, which makes two commits comparable without their files.
 *
 * Anybody may ask for one. So only the knot that the repository's own DID document names is asked, every answer is cached, and the number of
 * concurrent and waiting reads is limited. A commit never changes, so its definition is cached without expiry.
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
  /** The names of the files, in the order of their bytes. */
  readonly workflows: ReadonlyArray<string>
}

/** Why there is no definition: it does not exist; the files exceed a limit; the server does not answer; too many reads are waiting. */
export interface NoDefinition {
  readonly kind: 'busy' | 'large' | 'missing' | 'unreachable'
  readonly sentence: string
}

export interface Definitions {
  /** Cancels all reads. Resolves when no process and no connection is left. Idempotent. */
  readonly close: () => Promise<void>
  /** Reads the definition at a commit of a repository from `knot`. Never rejects. */
  readonly describe: (repo: Did, knot: HostName, sha: Sha) => Promise<E.Either<NoDefinition, Definition>>
  /** The knot that the repository's DID document names. */
  readonly knotOf: (repo: Did, hosts: HostPolicy) => Promise<E.Either<NoDefinition, HostName>>
}

export interface DefinitionsOptions {
  readonly clock: Clock
  readonly documents: Documents
  readonly readFiles: ReadFiles
}

/** How many answers are cached, and for how long those that may change: documents, and failures. */
const KEPT = 1_000
const FRESH_US = 60_000_000

/** How much of an endpoint is cached. No host name is longer. */
const ENDPOINT_MAX = 512

/** Concurrent reads: in all, and per knot. Then, how many reads may be pending, running ones included. */
const READINGS = 2
const READINGS_PER_KNOT = 1
const WAITING = 16

const no = (kind: NoDefinition['kind'], sentence: string): E.Either<NoDefinition, never> => E.left({ kind, sentence })

/**
 * The hash of workflow files, byte for byte the one that Tangled's own spindle computes: SHA-256 over the files in the order of their names, each as
 * its name, a zero byte, its length as a 64-bit little-endian integer, and its content.
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
  /** Resolves the pending reads at a close. */
  const waiting = new Set<() => void>()

  const endpointOf = async (repo: Did): Promise<E.Either<NoDefinition, string>> => {
    const document = await documents.read(repo)
    if (E.isLeft(document)) return document
    const endpoint = decodeKnotOfRepository(repo)(document.right)
    if (E.isLeft(endpoint)) return no('missing', `${excerpt(repo)}: ${endpoint.left}`)
    return endpoint.right === null ? no('missing', `${excerpt(repo)}: the document names no knot`) : E.right(endpoint.right.slice(0, ENDPOINT_MAX))
  }

  const read = async (repo: Did, knot: HostName, sha: Sha): Promise<E.Either<NoDefinition, Definition>> => {
    // Read by DID only: its other addresses are claims of others.
    const repository = { did: repo, name: '', owner: repo, rkey: 'self' as Rkey }
    const found = await readFiles({ every: true, knot, repository, sha }, closing.signal)
    if (found._tag === 'Unread') return found.isTooLarge === true ? no('large', found.error) : no(found.isFinal ? 'missing' : 'unreachable', found.error)
    if (found.left > 0) return no('large', `there are more than ${String(WORKFLOWS_MAX)} files`)
    const [unkept] = found.unkept
    return unkept === undefined ? definitionOf(found.files) : no('large', `${excerpt(unkept)} is not a valid workflow name`)
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
      return O.isNone(knot) ? no('missing', `${excerpt(repo)}: the knot in its document is not a host name`) : E.right(knot.value)
    }
  }
}
