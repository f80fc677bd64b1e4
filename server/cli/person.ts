/** What only the operator can do for somebody who cannot sign in any more: this server sends no mail. */
import type { Command } from 'commander'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import { asIdentity } from '@tidemark/drizzle/transaction.ts'
import { readPublicUrl } from '../config.ts'
import { recordForUser } from '../identity/record.ts'
import { createPasswordLink } from '../identity/reset.ts'
import { endSessions, findUser, removeSecondFactor } from '../identity/users.ts'
import { isProblem } from '../problem.ts'
import { type CliSession, refuse, TERMINAL } from './session.ts'

type OfPerson = { readonly email: string }

export const registerPerson = (program: Command, session: CliSession): void => {
  const noun = program.command('person').description('helps somebody who cannot sign in any more')

  noun
    .command('password-link')
    .description(
      'makes a link to a new password, good once and for an hour, and prints it; hand it over yourself',
    )
    .requiredOption('--email <e-mail>', 'who forgot the password')
    .action(async ({ email }: OfPerson) => {
      const connection = await session.connection()
      const made = await createPasswordLink(connection, email, Temporal.Now.instant())
      if (isProblem(made)) throw refuse(made, () => '--email')
      const by = { actor: TERMINAL, caller: session.caller }
      await recordForUser(connection, made.userId, 'passwordLinkMade', by)
      const link = `${readPublicUrl(process.env)}/password#${made.secret}`
      session.answer(link, { email, link, expiresAt: made.expiresAt.toString() })
    })

  noun
    .command('remove-second-factor')
    .description('turns the second factor off for somebody who lost it, and ends their sessions')
    .requiredOption('--email <e-mail>', 'who lost the second factor')
    .action(async ({ email }: OfPerson) => {
      const connection = await session.connection()
      const userId = await asIdentity(connection, async (tx) => {
        const found = await findUser(tx, email.trim().toLowerCase())
        if (found === null || !(await removeSecondFactor(tx, found.id))) return null
        await endSessions(tx, found.id)
        return found.id
      })
      if (userId === null)
        throw new OperatorError(`--email: nobody with the e-mail ${email} has a second factor here`)
      const by = { actor: TERMINAL, caller: session.caller }
      await recordForUser(connection, userId, 'twoFactorDisabled', by)
      session.answer(`${email} signs in without a second factor now.`, { email, removed: true })
    })
}
