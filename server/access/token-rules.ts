/** What a token asks for beyond its secret: that it is not over, and that it comes from where it may. */
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'

/** An address, or a CIDR block of them. */
export type Block = {
  readonly family: 'ipv4' | 'ipv6'
  readonly network: string
  /** How many bits of the network count. */
  readonly bits: number
}

type Rules = {
  readonly expiresAt: Temporal.Instant | null
  /** As `readBlock` reads them; null, or none: from everywhere. */
  readonly addresses: readonly string[] | null
}

/** Whether a token may be used at this moment from this address, null where that is not known. */
export const mayBeUsed = (token: Rules, now: Temporal.Instant, address: string | null): boolean =>
  !isOver(token, now) && mayComeFrom(token, address)

export const isOver = ({ expiresAt }: Pick<Rules, 'expiresAt'>, now: Temporal.Instant): boolean =>
  expiresAt !== null && Temporal.Instant.compare(expiresAt, now) <= 0

export const mayComeFrom = ({ addresses }: Pick<Rules, 'addresses'>, address: string | null): boolean => {
  if (addresses === null || addresses.length === 0) return true
  const from = address === null ? null : readBlock(address)
  return from !== null && addresses.some((text) => isWithin(readBlock(text), from))
}

/** `203.0.113.7` or `2001:db8::/32`; null for anything else. An IPv4 address within IPv6 is one of IPv4. */
export const readBlock = (text: string): Block | null => {
  const [address = '', bits, ...more] = text.split('/')
  // A zone names an interface of one machine alone.
  if (isIP(address) === 0 || address.includes('%') || more.length > 0) return null
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1]
  const network = mapped !== undefined && isIPv4(mapped) ? mapped : address
  const family = isIPv6(network) ? 'ipv6' : 'ipv4'
  const bitsMax = family === 'ipv6' ? 128 : 32
  if (bits === undefined) return { family, network, bits: bitsMax }
  const counted = /^\d{1,3}$/.test(bits) ? Number(bits) - (network === address ? 0 : 96) : -1
  return counted >= 0 && counted <= bitsMax ? { family, network, bits: counted } : null
}

/** Whether all addresses of `inner` are among those of `outer`. */
export const isWithin = (outer: Block | null, inner: Block): boolean => {
  if (outer === null || outer.family !== inner.family || inner.bits < outer.bits) return false
  const list = new BlockList()
  list.addSubnet(outer.network, outer.bits, outer.family)
  return list.check(inner.network, inner.family)
}
