/** Request bodies, with a limit for each and one for all of them together. */
import * as E from 'fp-ts/lib/Either.js'
import type { IncomingMessage } from 'node:http'

/** The limit of bytes that the bodies of all requests hold in memory. */
export interface Budget {
  readonly take: (bytes: number) => boolean
  readonly give: (bytes: number) => void
}

export const createBudget = (limit: number): Budget => {
  let taken = 0
  return {
    give: (bytes) => {
      taken -= bytes
    },
    take: (bytes) => {
      if (taken + bytes > limit) return false
      taken += bytes
      return true
    }
  }
}

/** The raw body. `gone` when the client has disconnected. */
export const readBody = (request: IncomingMessage, limitBytes: number, budget: Budget): Promise<E.Either<'large' | 'busy' | 'gone', Buffer>> =>
  new Promise((resolve) => {
    const chunks: Array<Buffer> = []
    let size = 0
    const end = (result: E.Either<'large' | 'busy' | 'gone', Buffer>): void => {
      request.off('data', take)
      budget.give(size)
      size = 0
      resolve(result)
    }
    const take = (chunk: Buffer): void => {
      if (size + chunk.length > limitBytes) return end(E.left('large'))
      if (!budget.take(chunk.length)) return end(E.left('busy'))
      size += chunk.length
      chunks.push(chunk)
    }
    // A body announced as too large is not read at all.
    if (Number(request.headers['content-length'] ?? 0) > limitBytes) return end(E.left('large'))
    request.on('data', take)
    request.once('end', () => end(E.right(Buffer.concat(chunks))))
    request.once('close', () => end(E.left('gone')))
  })
