import { and, eq, inArray } from 'drizzle-orm'
import type { Page, SortKey } from '../../connection.ts'
import type { Context } from '../../context.ts'
import { decodeId } from '../../ids.ts'
import { findCustomer, type By } from '../../ledger/find.ts'
import { listRows } from '../../list.ts'
import { isProblem } from '../../problem.ts'
import type { CreditApplicationStatus } from '../../schema.generated.ts'
import type { CreditApplicationRow } from '@tidemark/drizzle/rows.ts'
import { creditApplication } from '@tidemark/drizzle/tables/credit-application.ts'

type ApplicationsArguments = {
  readonly first: number
  readonly after?: string | null | undefined
  readonly status?: readonly CreditApplicationStatus[] | null | undefined
  readonly customer?: By | null | undefined
}

/** The latest first. An unknown customer has none. */
export async function listApplications(
  { reader, organization }: Pick<Context, 'reader' | 'organization'>,
  { status, customer: by, ...args }: ApplicationsArguments,
  customerId?: string,
): Promise<Page<CreditApplicationRow>> {
  const named =
    by == null ? null : await reader.read((tx) => findCustomer(tx, organization.id, by, ['customer']))
  const id = named === null ? customerId : isProblem(named) ? NOBODY : named.id
  const where = and(
    eq(creditApplication.organizationId, organization.id),
    id === undefined ? undefined : eq(creditApplication.customerId, id),
    status == null ? undefined : inArray(creditApplication.status, [...status]),
  )
  return listRows(reader, { table: creditApplication, keys, where }, args)
}

const NOBODY = '00000000-0000-0000-0000-000000000000'

const keys: SortKey<CreditApplicationRow>[] = [
  { name: 'ID', column: creditApplication.id, direction: 'DESC', type: 'uuid', valueOf: ({ id }) => id },
]

/** Null where there is none. */
export async function findApplication(
  { reader, organization }: Pick<Context, 'reader' | 'organization'>,
  id: string,
): Promise<CreditApplicationRow | null> {
  const uuid = decodeId('creditApplication', id)
  if (uuid === null) return null
  const where = and(eq(creditApplication.organizationId, organization.id), eq(creditApplication.id, uuid))
  const [row] = await reader.read((tx) => tx.select().from(creditApplication).where(where))
  return row ?? null
}
