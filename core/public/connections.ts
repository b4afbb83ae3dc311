/** The public part of connections: their shape. */
export { Connection, Phase } from '../base/connection.js'
