/** The roles as the API spells them, `CREDIT_MANAGER`, and as the tables and access/scopes.ts do, `credit_manager`. */
import type { Role as StoredRole } from '../access/scopes.ts'
import type { Role } from '../schema.generated.ts'

export const shownRole = (role: StoredRole): Role => role.toUpperCase() as Uppercase<StoredRole>

export const storedRole = (role: Role): StoredRole => role.toLowerCase() as Lowercase<Role>
