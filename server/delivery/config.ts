/** What the environment says about sending, checked. */
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'

export type DeliveryConfig = {
  /** Where mail is handed over; null: none is sent. */
  readonly smtp: { readonly url: string; readonly from: string } | null
  /** Whether webhooks may be of plain http and lead to this machine and to private networks. */
  readonly privateWebhooks: boolean
  /** What webhooks' secrets are encrypted by; null: the secret that the database keeps. */
  readonly secret: string | null
  /** The address that people open, for links in messages; null: messages have none. */
  readonly publicUrl: string | null
}

export const NO_DELIVERY: DeliveryConfig = {
  smtp: null,
  privateWebhooks: false,
  secret: null,
  publicUrl: null,
}

export const DELIVERY_USAGE = `  SMTP_URL             sends alerts by mail, such as smtps://user:password@mail.example:465; with
  MAIL_FROM            whom mail comes from, such as tidemark@company.example
  PRIVATE_WEBHOOKS     1: webhooks may be of plain http and of private networks
`

type Environment = Readonly<Record<string, string | undefined>>

/** Throws an OperatorError that names the variable. */
export function readDeliveryConfig(
  environment: Environment,
  { secret, publicUrl }: Pick<DeliveryConfig, 'secret' | 'publicUrl'>,
): DeliveryConfig {
  const privateWebhooks = environment['PRIVATE_WEBHOOKS']?.trim() || '0'
  if (privateWebhooks !== '0' && privateWebhooks !== '1')
    throw new OperatorError(`PRIVATE_WEBHOOKS must be 0 or 1, not "${privateWebhooks}".`)
  return { smtp: readSmtp(environment), privateWebhooks: privateWebhooks === '1', secret, publicUrl }
}

/** The address is not repeated: it may hold a password. */
function readSmtp(environment: Environment): DeliveryConfig['smtp'] {
  const url = environment['SMTP_URL']?.trim() || null
  const from = environment['MAIL_FROM']?.trim() || null
  if (url === null && from === null) return null
  if (url === null || from === null)
    throw new OperatorError('SMTP_URL and MAIL_FROM belong together. Set both or neither.')
  if (!URL.canParse(url) || !/^smtps?:$/.test(new URL(url).protocol))
    throw new OperatorError('SMTP_URL must look like smtps://user:password@mail.example:465.')
  if (!isEmail(from)) throw new OperatorError(`MAIL_FROM must be an e-mail address, not "${from}".`)
  return { url, from }
}

/** As far as can be told without sending to it. */
export const isEmail = (text: string): boolean =>
  text.length <= 254 && /^[^\s@<>,;"]+@[^\s@<>,;"]+\.[^\s@<>,;"]+$/.test(text)
