/**
 * Which addresses a webhook may lead to: those of the public internet, unless the operator allows others. Else whoever may
 * add a webhook could make the server speak to what only the server can reach.
 */
import type { LookupAddress, LookupOptions } from 'node:dns'
import { lookup } from 'node:dns'
import { BlockList, isIP, isIPv4 } from 'node:net'

const closed = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  closed.addSubnet(network, bits, 'ipv4')

/** Global unicast; all else of IPv6 is local, reserved, or IPv4 in disguise. */
const open6 = new BlockList()
open6.addSubnet('2000::', 3, 'ipv6')
const closed6 = new BlockList()
for (const [network, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  closed6.addSubnet(network, bits, 'ipv6')

/** Whether an address is one of the public internet. */
export function isPublic(address: string): boolean {
  const bare = address.replace(/%.*$/, '')
  if (isIP(bare) === 0) return false
  if (isIPv4(bare)) return !closed.check(bare, 'ipv4')
  return open6.check(bare, 'ipv6') && !closed6.check(bare, 'ipv6')
}

/** Where a webhook may not lead; trying again does not help. */
export class RefusedAddressError extends Error {}

type Found = (error: Error | null, address: string | LookupAddress[], family?: number) => void

/**
 * Finds addresses as node does, but only public ones. A connection is made to what was looked at here, so that a name
 * cannot mean another address a moment later.
 */
export function lookUpPublic(host: string, options: LookupOptions, found: Found): void {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return found(error, [])
    const refused = addresses.find(({ address }) => !isPublic(address))
    if (refused !== undefined || addresses.length === 0) {
      return found(new RefusedAddressError(`${host} leads to an address that is not public`), [])
    }
    const [first] = addresses
    if (options.all === true) found(null, addresses)
    else found(null, first?.address ?? '', first?.family)
  })
}

/** What is wrong with the address of a webhook, as far as it can be told without asking for the host; null: nothing. */
export function urlFault(text: string, privateWebhooks: boolean): string | null {
  if (!URL.canParse(text)) return `"${text}" is no address: give one such as https://hooks.example/tidemark`
  const { protocol, hostname, username, password } = new URL(text)
  if (protocol !== 'https:' && !(privateWebhooks && protocol === 'http:'))
    return 'A webhook is reached by https, so that nobody on the way can read it'
  if (username !== '' || password !== '')
    return 'An address with a user or password in it would be shown to everybody: what is sent is signed instead'
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (privateWebhooks) return null
  const isLocal = /^(.*\.)?(localhost|local|internal|home\.arpa)\.?$/i.test(host)
  return isLocal || (isIP(host) !== 0 && !isPublic(host))
    ? `${host} is no public address; whoever runs this server can allow it by PRIVATE_WEBHOOKS=1`
    : null
}
