/** Secrets that must be read again, such as those that sign webhooks: encrypted in their table. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { readSecret } from '../identity/secret.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'

const VERSION = 'v1'
const CIPHER = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16

/** `context` is what the secret belongs to: encrypted for one thing it cannot be read as that of another. */
export async function sealSecret(
  connection: Connection,
  given: string | null,
  { secret, context }: { readonly secret: string; readonly context: string },
): Promise<string> {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(CIPHER, await keyOf(connection, given), iv)
  cipher.setAAD(Buffer.from(context))
  const sealed = Buffer.concat([iv, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `${VERSION}.${sealed.toString('base64url')}`
}

/** Null where it was sealed by another secret of the instance, such as before a backup was restored elsewhere. */
export async function openSecret(
  connection: Connection,
  given: string | null,
  { sealed, context }: { readonly sealed: string; readonly context: string },
): Promise<string | null> {
  const [version, text = ''] = sealed.split('.')
  const bytes = Buffer.from(text, 'base64url')
  if (version !== VERSION || bytes.length < IV_BYTES + TAG_BYTES) return null
  const decipher = createDecipheriv(CIPHER, await keyOf(connection, given), bytes.subarray(0, IV_BYTES))
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    // The tag does not fit: another key.
    return null
  }
}

const keyOf = async (connection: Connection, given: string | null): Promise<Buffer> => {
  const secret = given ?? (await readSecret(connection))
  return Buffer.from(hkdfSync('sha256', secret, '', 'tidemark secrets of webhooks', 32))
}
