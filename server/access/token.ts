/**
 * Tokens read `tdm_<organization>_<secret><checksum>`, and secrets of invitations `tdi_...` likewise: the tenant is
 * known before the first query, and a mistyped one is refused without one. Only the SHA-256 of the whole is kept; a
 * secret of 256 bits needs no slower hash.
 */
import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** What it opens: the API, for a program that was given it (`tdm_`), or an organization, for a new member (`tdi_`). */
export type TokenKind = 'token' | 'invitation'

export type ParsedToken = { readonly kind: TokenKind; readonly organizationId: string }

const PREFIX: Record<TokenKind, string> = { token: 'tdm', invitation: 'tdi' }
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 62^22 > 2^128, 62^43 > 2^256, 62^6 > 2^32. */
const ORGANIZATION_LENGTH = 22
const SECRET_LENGTH = 43
const CHECKSUM_LENGTH = 6
const TOKEN = new RegExp(
  `^(tdm|tdi)_([\\da-zA-Z]{${ORGANIZATION_LENGTH}})_([\\da-zA-Z]{${SECRET_LENGTH}})([\\da-zA-Z]{${CHECKSUM_LENGTH}})$`,
)

/** A new token of the organization. It is shown once. */
export const mintToken = (kind: TokenKind, organizationId: string): string => {
  const organization = toBase62(BigInt(`0x${organizationId.replaceAll('-', '')}`), ORGANIZATION_LENGTH)
  const secret = toBase62(BigInt(`0x${randomBytes(32).toString('hex')}`), SECRET_LENGTH)
  const body = `${PREFIX[kind]}_${organization}_${secret}`
  return body + checksumOf(body)
}

/** What a token says of itself; null where it is none or was mistyped. Whether it is valid, the database knows. */
export const parseToken = (text: string): ParsedToken | null => {
  const match = TOKEN.exec(text)
  if (match === null) return null
  const [, prefix, organization = '', , checksum] = match
  if (checksumOf(text.slice(0, -CHECKSUM_LENGTH)) !== checksum) return null
  const organizationId = uuidOf(fromBase62(organization))
  return organizationId === null
    ? null
    : { kind: prefix === PREFIX.token ? 'token' : 'invitation', organizationId }
}

/** What is stored of a token. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex')

const checksumOf = (body: string): string => toBase62(BigInt(crc32(body)), CHECKSUM_LENGTH)

const toBase62 = (value: bigint, length: number): string => {
  let rest = value
  let text = ''
  while (text.length < length) {
    text = DIGITS.charAt(Number(rest % 62n)) + text
    rest /= 62n
  }
  return text
}

const fromBase62 = (text: string): bigint => {
  let value = 0n
  for (const digit of text) value = value * 62n + BigInt(DIGITS.indexOf(digit))
  return value
}

const uuidOf = (value: bigint): string | null => {
  const hex = value.toString(16).padStart(32, '0')
  if (hex.length > 32) return null
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
