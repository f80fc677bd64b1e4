/** Where a request comes from, and who is believed about it. */
import { array, assert, ipV4, ipV6, oneof, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressOf, placeOf, readTrustedProxies } from '@tidemark/server/http/address.ts'

const from = (peer: string | undefined, forwarded?: string, trusted = '10.0.0.0/8, ::1') =>
  addressOf(
    {
      socket: { remoteAddress: peer },
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    },
    readTrustedProxies(trusted),
  )

describe('the address of whoever asks', () => {
  it('is the peer, whatever it says, unless the peer is a proxy of ours', () => {
    expect(from('203.0.113.9', '198.51.100.1')).toBe('203.0.113.9')
    expect(from('203.0.113.9', '198.51.100.1', '')).toBe('203.0.113.9')
    expect(from('10.1.2.3')).toBe('10.1.2.3')
    expect(from(undefined, '198.51.100.1')).toBeNull()
  })

  it('is whom the proxies were asked by, read from the end', () => {
    expect(from('10.1.2.3', '198.51.100.1')).toBe('198.51.100.1')
    expect(from('::1', '192.0.2.66, 198.51.100.1, 10.9.9.9')).toBe('198.51.100.1')
    expect(from('10.1.2.3', '10.0.0.7')).toBe('10.0.0.7')
  })

  it('is plain: without port, brackets or the prefix of a socket of both families', () => {
    expect(from('::ffff:203.0.113.9')).toBe('203.0.113.9')
    expect(from('::ffff:10.0.0.1', '198.51.100.1:4711')).toBe('198.51.100.1')
    expect(from('10.0.0.1', '[2001:DB8::1]:4711')).toBe('2001:db8::1')
  })

  it('is the last that is known where the list holds what is no address', () => {
    for (const nonsense of ['unknown', '', '198.51.100.1, ', "'; --", '1.2.3', '_hidden'])
      expect(from('10.0.0.1', nonsense)).toBe('10.0.0.1')
  })

  it('can never be chosen by whoever asks: what they write stands before what the proxy adds', () => {
    assert(
      property(array(oneof(ipV4(), ipV6(), string())), (written) => {
        expect(from('10.0.0.1', [...written, '198.51.100.1'].join(', '))).toBe('198.51.100.1')
      }),
    )
  })

  it('counts as one place with its network, where it is of IPv6', () => {
    expect(placeOf('198.51.100.1')).toBe('198.51.100.1')
    expect(placeOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
    expect(placeOf('2001:db8:1:2::99')).toBe('2001:db8:1:2::/64')
    expect(placeOf('2001:0db8::1')).toBe('2001:db8:0:0::/64')
    expect(placeOf('::1')).toBe('0:0:0:0::/64')
    expect(placeOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
    expect(placeOf(null)).toBe('unknown')
  })

  it.each(['10.0.0.0/33', 'example.com', '10.0.0.0/8/8', '10.0.0.0/', '::/129'])(
    'cannot come from a proxy that is named wrongly: %s',
    (entry) => {
      expect(() => readTrustedProxies(entry)).toThrow(/TRUSTED_PROXIES must be/)
    },
  )
})
