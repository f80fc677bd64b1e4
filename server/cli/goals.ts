/** `pnpm tidemark goals plan|apply|export`: goals as a file. */
import { readFile, writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import { readCodeBooks } from '../goal/code-books.ts'
import { documentOf } from '../goal/code-export.ts'
import { applyGoals, type GoalsApplied } from '../goal/code.ts'
import { isProblem } from '../problem.ts'
import type { GoalCodeChange } from '../schema.generated.ts'
import type { CliSession } from './session.ts'

type Options = { readonly organization: string; readonly prune: boolean }

export const registerGoals = (program: Command, session: CliSession): void => {
  const noun = program.command('goals').description('goals as a file: looked at, applied and written')
  const verbs = [
    { name: 'plan', dryRun: true, description: 'tells what a file would change, and changes nothing' },
    {
      name: 'apply',
      dryRun: false,
      description: 'brings the goals to what a file says, all of it or nothing',
    },
  ] as const
  for (const { name, dryRun, description } of verbs) {
    noun
      .command(name)
      .description(description)
      .argument('<file>', 'YAML, as `goals export` writes it')
      .requiredOption('--organization <slug>', 'whose goals')
      .option('--prune', 'give up goals that the file does not have', false)
      .action(async (file: string, { organization, prune }: Options) => {
        const document = await readText(file)
        const commands = await session.commands(organization)
        const applied = await applyGoals(commands, { document, prune, dryRun })
        if (isProblem(applied)) throw new OperatorError(`${file}: ${applied.message}`)
        const { changes, missing } = applied
        session.answer(describe(applied, dryRun).join('\n'), { changes, missing, dryRun })
      })
  }
  noun
    .command('export')
    .description('writes all goals that are not closed as a file; applying it changes nothing')
    .argument('[file]', 'where to; standard output if left out')
    .requiredOption('--organization <slug>', 'whose goals')
    .action(async (file: string | undefined, { organization: slug }: Options) => {
      const { connection, organization } = await session.books(slug)
      const books = await inTransaction(connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
        readCodeBooks(tx, organization.id),
      )
      const document = documentOf(books)
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

const SIGNS: Readonly<Record<GoalCodeChange['kind'], string>> = { CREATE: '+', UPDATE: '~', ABANDON: '-' }

const describe = ({ changes, missing }: GoalsApplied, dryRun: boolean): string[] => [
  ...changes.flatMap(({ kind, key, name, fields }) => [
    `${SIGNS[kind]} ${key}: ${name}`,
    ...fields.map(({ field, from, to }) => `    ${field}: ${from ?? '(nothing)'} -> ${to ?? '(nothing)'}`),
  ]),
  ...missing.map((key) => `  ${key} is not in the file; --prune gives it up`),
  conclusionOf(changes, dryRun),
]

function conclusionOf(changes: GoalsApplied['changes'], dryRun: boolean): string {
  if (changes.length === 0) return 'No changes: the goals are as the file says.'
  const count = (kind: GoalCodeChange['kind']) => changes.filter((one) => one.kind === kind).length
  const told = `${count('CREATE')} made, ${count('UPDATE')} changed, ${count('ABANDON')} given up`
  return dryRun ? `Nothing was written. Applying it: ${told}.` : `Done: ${told}.`
}
