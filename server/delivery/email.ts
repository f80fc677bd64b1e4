/** Mail, handed over to the operator's SMTP server. */
import type { DeliveryConfig } from './config.ts'

export type Email = {
  /** The same for one that is sent again after its answer was lost, so that mail programs show it once. */
  readonly id: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  /** The same for who reads mail with its looks. */
  readonly html?: string
  /** The same for all that belongs together: mail programs show it as one conversation. */
  readonly thread: string
}

export type Mailer = {
  /** The addresses for which it was not taken. Throws where it was taken for none. */
  send(email: Email): Promise<readonly string[]>
  close(): void
}

const TIMEOUT_MS = 10_000

/** Loads what speaks SMTP: for those who send. */
export async function openMailer({ url, from }: NonNullable<DeliveryConfig['smtp']>): Promise<Mailer> {
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({
    url,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const host = from.slice(from.lastIndexOf('@') + 1).replace(/>$/, '')
  return {
    async send({ id, to, subject, text, html, thread }) {
      const { rejected } = await transport.sendMail({
        from,
        to: [...to],
        subject,
        text,
        ...(html === undefined ? {} : { html }),
        messageId: `<${id}@${host}>`,
        references: `<${thread}@${host}>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
      })
      return rejected
    },
    close: () => transport.close(),
  }
}
