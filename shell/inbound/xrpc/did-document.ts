/** `GET /.well-known/did.json`: the spindle's identity, for account servers that send it calls on behalf of their users. */
import { type HttpReply, json, readByAll } from '../http/responses.js'

/** A host name in a DID of the method `web`: the colon before a port is written out. */
export const webDid = (hostname: string): string => `did:web:${hostname.replaceAll(':', '%3A')}`

/** The DID document of the spindle of that host name. Read through a proxy, it is at its own name over https. */
export const didDocument = (hostname: string): HttpReply =>
  json(
    200,
    {
      '@context': ['https://www.w3.org/ns/did/v1'],
      id: webDid(hostname),
      service: [{ id: '#tangled_spindle', type: 'TangledSpindle', serviceEndpoint: `https://${hostname}` }]
    },
    { ...readByAll, 'content-type': 'application/did+json' }
  )
