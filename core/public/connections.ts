/** The shape of a connection, as others see it. */
export { Connection, Phase } from '../connection.js'
