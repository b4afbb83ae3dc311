/** The configuration under which the machine is driven: the defaults, but that whoever names us counts. */
import { defaults } from '../../../core/index.js'
import { configOf } from '../../suite/arbitraries/config.js'

export const CONFIG = configOf({ ...defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }), admission: 'open' })
