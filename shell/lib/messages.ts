/**
 * Encodes websocket messages: what many readers get is encoded once.
 */


const TEXT = 0x81

const BINARY = 0x82

/** A server's websocket message in one unfragmented frame (RFC 6455, 5.2). The payload of a text message is not validated. */
export const message = (payload: string | Buffer, binary = false): Buffer => {
  const size = Buffer.byteLength(payload)
  const head = size < 126 ? 2 : size < 65_536 ? 4 : 10
  const bytes = Buffer.allocUnsafe(head + size)
  bytes[0] = binary ? BINARY : TEXT
  bytes[1] = head === 2 ? size : head === 4 ? 126 : 127
  if (head === 4) bytes.writeUInt16BE(size, 2)
  if (head === 10) bytes.writeBigUInt64BE(BigInt(size), 2)
  if (typeof payload === 'string') bytes.write(payload, head)
  else payload.copy(bytes, head)
  return bytes
}

/** Joins several messages for one write. */
export const joinMessages = (messages: ReadonlyArray<Buffer>): Buffer => {
  const [first] = messages
  return messages.length === 1 && first !== undefined ? first : Buffer.concat(messages)
}
