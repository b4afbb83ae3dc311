/** Punycode (RFC 3492), the way to it: the core only ever comes back from it. */

const BASE = 36
const FIRST_POINT = 0x80
const DIGITS = 'abcdefghijklmnopqrstuvwxyz0123456789'

const adapted = (delta: number, count: number, isFirst: boolean): number => {
  let rest = Math.floor(delta / (isFirst ? 700 : 2))
  rest += Math.floor(rest / count)
  let k = 0
  for (; rest > 455; k += BASE) rest = Math.floor(rest / 35)
  return k + Math.floor((BASE * rest) / (rest + 38))
}

const threshold = (k: number, bias: number): number => Math.min(Math.max(k - bias, 1), 26)

/** A number as digits, the last of which is below its threshold. */
const written = (delta: number, bias: number): string => {
  let text = ''
  let rest = delta
  let k = BASE
  for (let least = threshold(k, bias); rest >= least; least = threshold(k, bias)) {
    text += DIGITS.charAt(least + ((rest - least) % (BASE - least)))
    rest = Math.floor((rest - least) / (BASE - least))
    k += BASE
  }
  return text + DIGITS.charAt(rest)
}

/** How code points are written. Any number is taken for one: what is none makes a text that no decoder may take. */
export const encodePunycode = (points: ReadonlyArray<number>): string => {
  const basic = points.filter((point) => point < FIRST_POINT)
  let text = basic.length === 0 ? '' : `${String.fromCodePoint(...basic)}-`
  let done = basic.length
  let point = FIRST_POINT
  let delta = 0
  let bias = 72
  while (done < points.length) {
    const next = Math.min(...points.filter((one) => one >= point))
    delta += (next - point) * (done + 1)
    for (const one of points) {
      if (one < next) delta += 1
      if (one !== next) continue
      text += written(delta, bias)
      bias = adapted(delta, done + 1, done === basic.length)
      delta = 0
      done += 1
    }
    delta += 1
    point = next + 1
  }
  return text
}
