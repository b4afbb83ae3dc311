/**
 * The log: one JSON object a line, or prose on a terminal.
 *
 * Text from strangers is logged as a field, never as part of the message. pino writes fields as JSON strings, so one call makes one line. Invisible
 * characters are escaped first: a record must neither move the operator's cursor nor look like another.
 */
import pino from 'pino'
import pretty from 'pino-pretty'
import type { Fields, Log } from '../ports.js'

export type LogFormat = 'json' | 'pretty'
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/**
 * Invisible characters: control and format characters (including those that change the direction of text, and those without width), line separators,
 * and blank letters.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]/gu

const escaped = (c: string): string => [...Array(c.length).keys()].map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')

/** `text` with invisible characters escaped as in JSON: it can neither move a cursor nor pass for another text. */
export const escapeInvisible = (text: string): string => text.replace(INVISIBLE, escaped)

/** The value with every text in it made visible, names of fields included. Values that JSON cannot express are left as they are. */
const printable = (value: unknown): unknown => {
  if (typeof value === 'string') return escapeInvisible(value)
  if (Array.isArray(value)) return value.map(printable)
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([name, one]) => [escapeInvisible(name), printable(one)])) : value
}

/** A value for prose: a list as its items, anything else that has parts as JSON. */
const readable = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((one: unknown) => String(readable(one))).join(', ')
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}

const inEach = (change: (value: unknown) => unknown, fields: Fields): Fields => Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, change(value)]))

/** Creates a log that writes to `out`, from `level` up. In JSON, arrays stay arrays; prose is coloured if `hasColour` is set. */
export const createLog = (format: LogFormat, level: LogLevel, out: NodeJS.WritableStream, hasColour = false): Log => {
  const logger =
    format === 'json'
      ? pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } }, out)
      : pino({ level, base: null }, pretty({ destination: out, colorize: hasColour, translateTime: 'SYS:HH:MM:ss', singleLine: true, sync: true }))
  const shown = format === 'json' ? printable : (value: unknown): unknown => readable(printable(value))
  const say =
    (method: LogLevel) =>
    (message: string, fields: Fields = {}): void =>
      logger[method](inEach(shown, fields), message)
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}

/** A log that drops everything. */
export const silentLog: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
