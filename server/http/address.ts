/** The network address of whoever asks, and which proxies are believed about it; the same for HTTP and WebSocket. */
import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP, isIPv4 } from 'node:net'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'

/** Whether what stands at this address is a proxy of ours. */
export type IsTrusted = (address: string) => boolean

/** A request of Node or of Fastify. */
type Request = {
  readonly socket: { readonly remoteAddress?: string | undefined }
  readonly headers: IncomingHttpHeaders
}

/** Addresses and CIDR blocks with commas between them; none: nobody is believed. Throws an OperatorError. */
export const readTrustedProxies = (text: string): IsTrusted => {
  const proxies = new BlockList()
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry !== '') addTo(proxies, entry)
  }
  return (address) => proxies.check(address, familyOf(address))
}

/**
 * Null where the connection is closed already. Each proxy adds at the end of x-forwarded-for whom it was asked by, so
 * the list is read from its end for as long as those who wrote it are trusted: what stands before, anybody may have
 * written.
 */
export const addressOf = ({ socket, headers }: Request, isTrusted: IsTrusted): string | null => {
  let address = plainAddress(socket.remoteAddress ?? '')
  if (address === null || !isTrusted(address)) return address
  const told = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
  for (const entry of told.toReversed()) {
    const before = plainAddress(entry)
    // What is no address says nothing of who it was: the proxy that sent it is the last that is known.
    if (before === null) return address
    address = before
    if (!isTrusted(address)) return address
  }
  return address
}

/**
 * What counts as one place where connections are counted. A home or an office has at least 2^64 addresses of IPv6,
 * so there it is the network: its first 64 bits.
 */
export const placeOf = (address: string | null): string => {
  if (address === null) return 'unknown'
  if (isIPv4(address)) return address
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length)
  const all = [...groups, ...Array.from({ length: missing }, () => '0'), ...after]
  const network = all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}

/** Without a port, brackets or the prefix that a socket of both families gives to IPv4; null for what is no address. */
const plainAddress = (text: string): string | null => {
  const address = text
    .trim()
    .replace(/^\[(.*)\](:\d+)?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
    .replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(address) === 0 ? null : address.toLowerCase()
}

const addTo = (proxies: BlockList, entry: string): void => {
  const [network = '', bits, ...rest] = entry.split('/')
  const bitsMax = isIPv4(network) ? 32 : 128
  const isBlock = bits !== undefined && /^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax
  if (isIP(network) === 0 || rest.length > 0 || (bits !== undefined && !isBlock)) {
    throw new OperatorError(
      `TRUSTED_PROXIES must be addresses or CIDR blocks with commas between them, such as 10.0.0.0/8, not "${entry}".`,
    )
  }
  if (bits === undefined) proxies.addAddress(network, familyOf(network))
  else proxies.addSubnet(network, Number(bits), familyOf(network))
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv4(address) ? 'ipv4' : 'ipv6')
