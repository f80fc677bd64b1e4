/** `pnpm tidemark goals plan|apply|export`: goals and alert rules as a file. */
import { readFile, writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import { readCodeBooks } from '../code/books.ts'
import { documentOf } from '../code/export.ts'
import { applyGoals, type GoalsApplied } from '../code/apply.ts'
import { isProblem } from '../problem.ts'
import type { GoalCodeChange } from '../schema.generated.ts'
import type { CliSession } from './session.ts'

type Options = { readonly organization: string; readonly prune: boolean }

export const registerGoals = (program: Command, session: CliSession): void => {
  const noun = program
    .command('goals')
    .description('goals and alert rules as a file: looked at, applied and written')
  const verbs = [
    { name: 'plan', dryRun: true, description: 'tells what a file would change, and changes nothing' },
    {
      name: 'apply',
      dryRun: false,
      description: 'brings goals and alert rules to what a file says, all of it or nothing',
    },
  ] as const
  for (const { name, dryRun, description } of verbs) {
    noun
      .command(name)
      .description(description)
      .argument('<file>', 'YAML, as `goals export` writes it')
      .requiredOption('--organization <slug>', 'whose goals')
      .option('--prune', 'give up goals, and delete rules, that the lists of the file do not have', false)
      .action(async (file: string, { organization, prune }: Options) => {
        const document = await readText(file)
        const commands = await session.commands(organization)
        const applied = await applyGoals(
          commands,
          { document, prune, dryRun },
          { mayManageRules: true, maySetConventions: true },
        )
        if (isProblem(applied)) throw new OperatorError(`${file}: ${applied.message}`)
        const { changes, missing, missingRules } = applied
        session.answer(describe(applied, dryRun).join('\n'), { changes, missing, missingRules, dryRun })
      })
  }
  noun
    .command('export')
    .description(
      'writes all goals that are not closed, and the alert rules, as a file; applying it changes nothing',
    )
    .argument('[file]', 'where to; standard output if left out')
    .requiredOption('--organization <slug>', 'whose goals')
    .action(async (file: string | undefined, { organization: slug }: Options) => {
      const { connection, organization } = await session.books(slug)
      const books = await inTransaction(connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
        readCodeBooks(tx, organization.id),
      )
      const document = documentOf(books, { withRules: true, withPolicies: true })
      if (file === undefined) return session.answer(document.trimEnd(), { document })
      await writeFile(file, document)
      session.answer(`Written to ${file}.`, { file })
    })
}

const readText = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8')
  } catch {
    throw new OperatorError(`${file} cannot be read.`)
  }
}

const SIGNS: Readonly<Record<GoalCodeChange['kind'], string>> = {
  CREATE: '+',
  UPDATE: '~',
  ABANDON: '-',
  DELETE: '-',
}

const describe = ({ changes, missing, missingRules }: GoalsApplied, dryRun: boolean): string[] => [
  ...changes.flatMap(({ noun, kind, key, name, fields }) => [
    `${SIGNS[kind]} ${noun === 'GOAL' ? '' : `${noun.toLowerCase()} `}${key}: ${name}`,
    ...fields.map(({ field, from, to }) => `    ${field}: ${from ?? '(nothing)'} -> ${to ?? '(nothing)'}`),
  ]),
  ...missing.map((key) => `  ${key} is not in the file; --prune gives it up`),
  ...missingRules.map((key) => `  rule ${key} is not in the file; --prune deletes it`),
  conclusionOf(changes, dryRun),
]

function conclusionOf(changes: GoalsApplied['changes'], dryRun: boolean): string {
  if (changes.length === 0) return 'No changes: goals and rules are as the file says.'
  const count = (kind: GoalCodeChange['kind']) => changes.filter((one) => one.kind === kind).length
  const told = `${count('CREATE')} made, ${count('UPDATE')} changed, ${count('ABANDON')} given up, ${count('DELETE')} deleted`
  return dryRun ? `Nothing was written. Applying it: ${told}.` : `Done: ${told}.`
}
