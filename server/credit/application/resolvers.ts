import { actorInWords } from '../../access/actor-words.ts'
import { isAsked } from '../../authority/asked.ts'
import { carryOut } from '../../command.ts'
import { connectionResolvers } from '../../connection.ts'
import type { Context } from '../../context.ts'
import { Exact, parseMinor, type Money } from '../../domain/money.ts'
import { encodeId } from '../../ids.ts'
import { required } from '../../loaders.ts'
import { isProblem } from '../../problem.ts'
import type { Resolvers } from '../../schema.generated.ts'
import type { CreditApplicationRow } from '@tidemark/drizzle/rows.ts'
import {
  decideCreditApplication,
  withdrawCreditApplication,
  type ApplicationChanged,
  type StoredChanges,
} from './decide.ts'
import type { StoredFacts, StoredScore } from './facts.ts'
import { findApplication, listApplications } from './queries.ts'
import { readScorecard, setCreditScorecard } from './scorecard.ts'
import { submitCreditApplication } from './submit.ts'

/** With the currency that it is in. */
export type ScoreShown = StoredScore & { readonly currency: string }

const HOUR_MS = 3_600_000

const money = (amount: string, currency: string): Money => ({
  minor: parseMinor(amount, currency) ?? 0n,
  currency,
})

// Commands write nothing else there.
const factsOf = ({ facts }: CreditApplicationRow) => facts as StoredFacts

async function applicationOf(context: Context, uuid: string): Promise<CreditApplicationRow> {
  const row = await findApplication(context, encodeId('creditApplication', uuid))
  if (row === null) throw new Error(`There is no application ${uuid}`)
  return row
}

/** The application as the command left it, or would have. */
async function changed(
  context: Context,
  dryRun: boolean,
  { applicationId, changes, audit }: ApplicationChanged,
) {
  const row = await applicationOf(context, applicationId)
  return { application: dryRun ? { ...row, ...restore(changes) } : row, dryRun, audit }
}

const restore = ({
  decidedAt,
  decidedOn,
  granted,
  ...changes
}: StoredChanges): Partial<CreditApplicationRow> => ({
  ...changes,
  ...(decidedAt === undefined ? {} : { decidedAt: Temporal.Instant.from(decidedAt) }),
  ...(decidedOn === undefined ? {} : { decidedOn: Temporal.PlainDate.from(decidedOn) }),
  ...(granted === undefined ? {} : { granted: granted === null ? null : BigInt(granted) }),
})

export const creditApplicationResolvers = {
  Query: {
    creditScorecard: (_root, _args, { reader, organization }) =>
      reader.read((tx) => readScorecard(tx, organization.id)),
    creditApplications: (_root, args, context) => listApplications(context, args),
    creditApplication: (_root, { id }, context) => findApplication(context, id),
  },
  Mutation: {
    submitCreditApplication: async (_root, { input }, context) => {
      const outcome = await carryOut(context, submitCreditApplication, input)
      if (!('audit' in outcome)) return outcome
      const application = input.dryRun ? null : await applicationOf(context, outcome.applicationId)
      const score = { ...outcome.score, currency: outcome.currency }
      return {
        __typename: 'SubmitCreditApplicationSuccess',
        application,
        score,
        dryRun: input.dryRun,
        audit: outcome.audit,
      }
    },
    decideCreditApplication: async (_root, { input }, context) => {
      const outcome = await carryOut(context, decideCreditApplication, input)
      if (isAsked(outcome) || isProblem(outcome)) return outcome
      return {
        __typename: 'DecideCreditApplicationSuccess',
        ...(await changed(context, input.dryRun, outcome)),
      }
    },
    withdrawCreditApplication: async (_root, { input }, context) => {
      const outcome = await carryOut(context, withdrawCreditApplication, input)
      if (isProblem(outcome)) return outcome
      return {
        __typename: 'WithdrawCreditApplicationSuccess',
        ...(await changed(context, input.dryRun, outcome)),
      }
    },
    setCreditScorecard: async (_root, { input }, context) => {
      const outcome = await carryOut(context, setCreditScorecard, input)
      if (isProblem(outcome)) return outcome
      return { __typename: 'SetCreditScorecardSuccess', ...outcome, dryRun: input.dryRun }
    },
  },
  Customer: {
    creditApplications: ({ id }, args, context) => listApplications(context, args, id),
  },
  CreditApplication: {
    id: ({ id }) => encodeId('creditApplication', id),
    customer: ({ customerId }, _args, { loaders }) =>
      customerId === null ? null : required(loaders.customer, customerId),
    legalName: (row) => factsOf(row).legalName,
    registrationNumber: (row) => factsOf(row).registrationNumber,
    address: (row) => factsOf(row).address,
    contactName: (row) => factsOf(row).contactName,
    contactEmail: (row) => factsOf(row).contactEmail,
    foundedOn: (row) => Temporal.PlainDate.from(factsOf(row).foundedOn),
    annualRevenue: (row) => money(factsOf(row).annualRevenue, row.currency),
    requestedLimit: ({ requested, currency }) => ({ minor: requested, currency }),
    references: (row) => factsOf(row).references,
    figures: (row) => factsOf(row).figures,
    submittedBy: ({ submittedBy }, _args, { loaders }) => actorInWords(submittedBy, loaders),
    score: ({ score, currency }) => ({ ...(score as StoredScore), currency }),
    decision: (row) => (row.decidedAt === null ? null : row),
  },
  CreditScore: {
    proposedLimit: ({ proposedLimit, currency }) => money(proposedLimit, currency),
  },
  CreditApplicationDecision: {
    decidedAt: (row) => decidedAtOf(row),
    decidedBy: ({ decidedBy }, _args, { loaders }) => actorInWords(decidedBy ?? '', loaders),
    limit: ({ granted, currency }) => (granted === null ? null : { minor: granted, currency }),
    termsDays: ({ grantedTermsDays }) => grantedTermsDays,
    reasons: ({ reasons }) => reasons as string[],
    businessDays: ({ businessDays }) => businessDays ?? 0,
    hours: (row) => {
      const taken = decidedAtOf(row).epochMilliseconds - row.submittedAt.epochMilliseconds
      return new Exact(taken).div(HOUR_MS).toFixed(2)
    },
  },
  CreditApplicationConnection: connectionResolvers,
} satisfies Resolvers

function decidedAtOf({ id, decidedAt }: CreditApplicationRow): Temporal.Instant {
  if (decidedAt === null) throw new Error(`Nobody has decided on application ${id}`)
  return decidedAt
}
