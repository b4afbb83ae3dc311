/**
 * Turns of the event loop, shared by all writes to readers.
 *
 * A socket buffers megabytes before it is full, whether or not anybody reads them; so readers take turns. A turn accepts one connection: whoever
 * comes after a thousand others waits for a thousand turns. Hence a turn that has accepted one leaves little to write, and thousands that come at
 * once are let in first, and served after.
 */
export interface TurnsLimits {
  /** How much is written in a turn in which a connection was accepted. */
  readonly busyBytes: number
  /**
   * How many writes that is at most. A write of one line of a log costs some 10 µs whatever its length, and whoever comes after 2 300 connections
   * waits for 2 300 turns. (At 32 writes, an answer to them took twice the processor's time.)
   */
  readonly busyWrites: number
  /** How much is written in any other. */
  readonly quietBytes: number
}

export const defaultTurnsLimits: TurnsLimits = { busyBytes: 16_384, busyWrites: 4, quietBytes: 262_144 }

export interface Turns {
  /** A connection has been accepted. */
  readonly accepted: () => void
  /** Whether something may be written in this turn. */
  readonly hasRoom: () => boolean
  /** Notes what is written. A write may go beyond what is left: later turns make up for it. */
  readonly spend: (bytes: number) => void
  /** Runs it once, in the first turn with room; in this one, if it has some and nobody has waited longer. */
  readonly take: (run: () => void) => void
}

/**
 * The cost of the smallest write: a quiet turn writes to 512 readers at most, which takes some 4 ms. (At four times that, a status to a thousand
 * readers took eight turns, and a tenth more of the processor's time.)
 */
const WRITE_BYTES = 512

export const createTurns = ({ busyBytes, busyWrites, quietBytes }: TurnsLimits): Turns => {
  const waiting = new Set<() => void>()
  const busyWriteBytes = Math.max(WRITE_BYTES, busyBytes / busyWrites)
  let left = quietBytes
  let leastBytes = WRITE_BYTES
  let isArmed = false
  let isBusy = false

  const arm = (): void => {
    if (isArmed) return
    isArmed = true
    setImmediate(begin)
  }

  const begin = (): void => {
    isArmed = false
    left = (isBusy ? busyBytes : quietBytes) + Math.min(left, 0)
    leastBytes = isBusy ? busyWriteBytes : WRITE_BYTES
    isBusy = false
    for (const run of waiting) {
      if (left <= 0) return arm()
      waiting.delete(run)
      run()
    }
  }

  return {
    accepted: () => {
      isBusy = true
      left = Math.min(left, busyBytes)
      leastBytes = busyWriteBytes
      arm()
    },
    hasRoom: () => left > 0,
    spend: (bytes) => {
      left -= Math.max(bytes, leastBytes)
      arm()
    },
    take: (run) => {
      if (left > 0 && waiting.size === 0) return run()
      waiting.add(run)
      arm()
    }
  }
}
