/**
 * The page at `/`, served from the folder `page`, which is read once, when the server starts. There is no build step: the browser gets what is in
 * the folder.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { HttpReply } from './http/responses.js'

/** The folder is beside this module in the sources, and three folders up from `dist/shell/inbound` when compiled. */
const FOLDERS = ['./page/', '../../../shell/inbound/page/'].map((path) => new URL(path, import.meta.url))

/** Nothing from other sites, and no markup made from text: what strangers wrote stays text. */
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

/** Responses by path, given the browser's ETag. @throws when the files are missing. */
export const loadPage = (): ReadonlyMap<string, (tag: string | undefined) => HttpReply> => {
  const folder = FOLDERS.find((url) => existsSync(new URL('page.html', url)))
  if (folder === undefined) throw new Error('the files of the page are missing: shell/inbound/page is part of the program')
  return new Map(
    FILES.map(([path, file, type]) => {
      const body = readFileSync(new URL(file, folder))
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
      const headers = { 'cache-control': 'no-cache', 'content-security-policy': POLICY, 'content-type': type, etag }
      return [path, (tag) => (tag === etag ? { headers, status: 304 } : { body, headers, status: 200 })]
    })
  )
}
