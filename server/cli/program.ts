/**
 * `pnpm tidemark <noun> <verb>`. A noun is one file that exports `register...(program, session)`; add it to NOUNS.
 * Exit codes: 0 done, 1 nothing done, 2 partly done.
 */
import { Command, CommanderError } from 'commander'
import { messageForOperator } from '../operator-message.ts'
import { registerApprovals } from './approvals.ts'
import { registerAudit } from './audit.ts'
import { registerBackup } from './backup.ts'
import { registerCredit } from './credit.ts'
import { registerGoals } from './goals.ts'
import { registerImport } from './import.ts'
import { registerKpi } from './kpi.ts'
import { registerMember } from './member.ts'
import { registerOrganization } from './organization.ts'
import { registerPerson } from './person.ts'
import { type CliSession, openCliSession } from './session.ts'
import { registerPlan } from './plan.ts'
import { registerToken } from './token.ts'

type Register = (program: Command, session: CliSession) => void

const NOUNS: readonly Register[] = [
  registerOrganization,
  registerMember,
  registerPerson,
  registerToken,
  registerImport,
  registerAudit,
  registerBackup,
  registerKpi,
  registerGoals,
  registerCredit,
  registerApprovals,
  registerPlan,
]

const program = new Command('tidemark')
  .description('Works on the books: in the running database, or in one started for the time of the command.')
  .option('--json', 'answer with JSON')
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('Add --help to see the options.')
  .exitOverride()

const session = openCliSession(() => program.opts<{ json?: boolean }>().json === true)
for (const register of NOUNS) register(program, session)
for (const command of commandsOf(program)) command.copyInheritedSettings(program)

try {
  await program.parseAsync()
} catch (error) {
  // commander has printed its own; asking for help is no error.
  if (error instanceof CommanderError) process.exitCode = error.exitCode
  else {
    process.stderr.write(`${messageForOperator(error)}\n`)
    process.exitCode = 1
  }
} finally {
  await session.close().catch((error: unknown) => {
    process.stderr.write(`${messageForOperator(error)}\n`)
    process.exitCode ||= 1
  })
}

/** Settings of the program hold for a command only when they are copied to it. */
function commandsOf(command: Command): Command[] {
  return command.commands.flatMap((inner) => [inner, ...commandsOf(inner)])
}
