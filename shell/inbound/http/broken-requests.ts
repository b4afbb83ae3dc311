/**
 * Requests that cannot be parsed: too large, too slow, or not HTTP. The client is told what is wrong, in the form that callers of XRPC read. (The
 * platform would answer with a bare status.)
 */
import type { Server } from 'node:http'
import { type HttpReply, refuse } from './responses.js'
import { refused } from './xrpc-answers.js'

const NO_HTTP = refused(400, 'InvalidRequest', 'this is not a valid HTTP/1.1 request')
const SLOW = refused(408, 'InvalidRequest', 'the request took too long to arrive: send it again')

const answerTo = (code: string | undefined, headerBytes: number): HttpReply => {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return refused(431, 'InvalidRequest', `the URL and the headers are longer than ${String(headerBytes)} bytes: ask for less at a time`)
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return SLOW
    default:
      return NO_HTTP
  }
}

/** Answers a request that cannot be parsed, and closes the connection. Earlier answers were handed to the socket whole, so none is cut in two. */
export const answerBroken = (http: Server, headerBytes: number): void => {
  http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (socket.writable) refuse(socket, answerTo(error.code, headerBytes))
    else socket.destroy()
  })
}
