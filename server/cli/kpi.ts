import type { Command } from 'commander'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { dateAt } from '../domain/calendar.ts'
import { findFoldFaults } from '../ledger/fold-check.ts'
import { fold, rebuild } from '../ledger/fold.ts'
import type { CliSession } from './session.ts'

type OfOrganization = { readonly organization: string }

export const registerKpi = (program: Command, session: CliSession): void => {
  const noun = program
    .command('kpi')
    .description('the sums that KPIs are read from; servers keep them up to date by themselves')

  noun
    .command('fold')
    .description('brings the sums up to date now, such as after an import while no server runs')
    .requiredOption('--organization <slug>', 'whose sums')
    .action(async (options: OfOrganization) => report(await update(session, options, fold)))

  noun
    .command('rebuild')
    .description('throws the sums away and adds all postings up anew; answers stay right meanwhile')
    .requiredOption('--organization <slug>', 'whose sums')
    .action(async (options: OfOrganization) => report(await update(session, options, rebuild)))

  noun
    .command('check')
    .description('compares the sums with the postings that they were made of')
    .requiredOption('--organization <slug>', 'whose sums')
    .action(async ({ organization: slug }: OfOrganization) => {
      const { connection, organization } = await session.books(slug)
      const faults = await inTransaction(
        connection,
        { organizationId: organization.id, mode: 'read', timeoutMs: null },
        (tx) => findFoldFaults(tx, organization.id),
      )
      const lines = faults.map(
        ({ table, key, folded, flow }) => `${table} ${key}: ${folded}, should be ${flow}`,
      )
      session.answer([...lines, CONCLUSION[faults.length === 0 ? 'sound' : 'faulty']].join('\n'), faults)
      if (faults.length > 0) process.exitCode = 1
    })

  const report = ({ outcome, rows, checkpoints }: Awaited<ReturnType<typeof fold>>): void => {
    const told = `${rows} rows folded, ${checkpoints} month ends added.`
    session.answer(outcome === 'BUSY' ? `${told} Another process is at it and does the rest.` : told, {
      outcome,
      rows,
      checkpoints,
    })
  }
}

const CONCLUSION = {
  sound: 'The sums are what the postings add up to.',
  faulty: 'The sums differ from the postings: `pnpm tidemark kpi rebuild` makes them anew.',
}

const update = async (session: CliSession, { organization: slug }: OfOrganization, run: typeof fold) => {
  const { connection, organization } = await session.books(slug)
  return run(connection, organization.id, { today: dateAt(Temporal.Now.instant(), organization.timeZone) })
}
