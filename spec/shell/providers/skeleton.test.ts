/** The provider to begin with, by the contract. */
import { describeProvider } from './contract.js'
import { target } from './servers/skeleton.js'

describeProvider(target)
