/**
 * The log: one JSON object a line, or prose on a terminal.
 *
 * Whatever strangers wrote is logged as a field, never as part of the message; pino writes fields as JSON strings, so one call is one line. On a
 * terminal, control characters are escaped first: a record must not be able to move the operator's cursor.
 */
import pino from 'pino'
import pretty from 'pino-pretty'
import type { Fields, Log } from '../ports.js'

export type LogFormat = 'json' | 'pretty'
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

// The control characters are intended: they are what is searched for.
const CONTROL = new RegExp('[\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]', 'g')

/** `text` with control characters escaped. */
export const visible = (text: string): string => text.replace(CONTROL, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** The fields with control characters escaped in every text. Fields are flat, or one level deep. */
const printable = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? visible(value) : typeof value === 'object' && value !== null ? visible(JSON.stringify(value)) : value
    ])
  )

/** A log that writes to `out`, from `level` up. */
export const createLog = (format: LogFormat, level: LogLevel, out: NodeJS.WritableStream): Log => {
  const logger =
    format === 'json'
      ? pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } }, out)
      : pino({ level, base: null }, pretty({ destination: out, colorize: false, translateTime: 'SYS:HH:MM:ss', singleLine: true, sync: true }))
  const say =
    (method: LogLevel) =>
    (message: string, fields: Fields = {}): void =>
      logger[method](printable(fields), message)
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}

/** A log that drops everything. */
export const silentLog: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
