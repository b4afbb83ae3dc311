/**
 * The page at `/`, as it is in the folder `page`: read once, when the server starts. No build step: what is in the folder is what a
 * browser gets.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { Answer } from './http-server.js'

/** Beside this module where it runs as it is written; where it was compiled, the sources lie three folders up from `dist/shell/server`. */
const FOLDERS = ['./page/', '../../../shell/server/page/'].map((path) => new URL(path, import.meta.url))

/** Nothing but our own, and no markup made of text: what strangers wrote can only ever be text. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'"
].join('; ')

const FILES = [
  ['', 'page.html', 'text/html; charset=utf-8'],
  ['page.css', 'page.css', 'text/css; charset=utf-8'],
  ['page.js', 'page.js', 'text/javascript; charset=utf-8'],
  ['icon.svg', 'icon.svg', 'image/svg+xml']
] as const

/** What is answered to a request for each path, given the tag that the browser has. @throws when the files are not there. */
export const loadPage = (): ReadonlyMap<string, (tag: string | undefined) => Answer> => {
  const folder = FOLDERS.find((url) => existsSync(new URL('page.html', url)))
  if (folder === undefined) throw new Error('the files of the page are missing: shell/server/page belongs to the program')
  return new Map(
    FILES.map(([path, file, type]) => {
      const body = readFileSync(new URL(file, folder))
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
      const headers = { 'cache-control': 'no-cache', 'content-security-policy': POLICY, 'content-type': type, etag }
      return [path, (tag) => (tag === etag ? { headers, status: 304 } : { body, headers, status: 200 })]
    })
  )
}
