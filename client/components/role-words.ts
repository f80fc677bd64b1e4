import type { Role, RoleTable_RoleFragment } from '../documents.generated.ts'
import { isWithin } from '../format/scopes.ts'

/** What a role is for, in a line. */
export const roleNotes = {
  VIEWER: 'Reads the books, the KPIs and the goals.',
  SALES: 'Reads the books, the KPIs and the goals.',
  COLLECTOR: 'Records receipts besides.',
  CREDIT_MANAGER: 'Sets credit limits besides.',
  MANAGER: 'Writes all of the books and the goals; sees members and the audit log.',
  AUDITOR: 'Reads everything, members, tokens and the audit log included; changes nothing.',
  ADMIN: 'May do everything.',
} as const satisfies Record<Role, string>

/** The roles that somebody may hand out: those that lie within what they may do themselves. */
export const rolesWithin = (
  roles: readonly RoleTable_RoleFragment[],
  may: (scope: string) => boolean,
): readonly RoleTable_RoleFragment[] =>
  roles.filter(({ scopes }) => isWithin(scopes, new Set(scopes.filter(may))))
