/** Scopes such as `kpi:read`, as people read them: what, and whether to read or to change it. */
const nounWords: Readonly<Record<string, string>> = {
  organization: 'Organization',
  customer: 'Customers',
  credit: 'Credit limits',
  invoice: 'Invoices',
  receipt: 'Receipts',
  'credit-note': 'Credit notes',
  dispute: 'Disputes',
  order: 'Orders',
  approval: 'Approvals',
  authority: 'Authority to decide',
  period: 'Accounting months',
  kpi: 'KPIs',
  metric: 'Numbers from outside',
  rate: 'Exchange rates',
  goal: 'Goals',
  alert: 'Alerts',
  member: 'Members',
  token: 'Tokens',
  audit: 'Audit log',
  control: 'Control tests',
  schema: 'Schema of the API',
}

export const nounWord = (noun: string): string => nounWords[noun] ?? noun

export type ScopeGroup = { readonly noun: string; readonly verbs: readonly string[] }

/** By noun, both in the order in which they come. */
export const groupScopes = (scopes: readonly string[]): readonly ScopeGroup[] => {
  const groups = new Map<string, string[]>()
  for (const scope of scopes) {
    const [noun = '', verb = ''] = scope.split(':')
    groups.set(noun, [...(groups.get(noun) ?? []), verb])
  }
  return [...groups].map(([noun, verbs]) => ({ noun, verbs }))
}

/** Whether every one of `scopes` is among `held`. */
export const isWithin = (scopes: readonly string[], held: ReadonlySet<string>): boolean =>
  scopes.every((scope) => held.has(scope))

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && isWithin(a, new Set(b))

type RoleScopes<Role> = { readonly role: Role; readonly scopes: readonly string[] }

/** The role that has exactly these scopes; null where none has. */
export const roleOfScopes = <Role>(
  scopes: readonly string[],
  roles: readonly RoleScopes<Role>[],
): Role | null => roles.find((role) => isSame(role.scopes, scopes))?.role ?? null

/** Within a sentence; what is written in capitals stays so. */
const nounInText = (noun: string): string => {
  const word = nounWord(noun)
  return /^[A-Z][a-z]/.test(word) ? word.charAt(0).toLowerCase() + word.slice(1) : word
}

/** "reads KPIs, goals; writes receipts; closes accounting months", for one line. */
export const scopesInWords = (scopes: readonly string[]): string => {
  const groups = groupScopes(scopes)
  const nounsOf = (verb: string) =>
    groups.filter(({ verbs }) => verbs.includes(verb)).map(({ noun }) => nounInText(noun))
  const verbs = new Set(['read', 'write', ...groups.flatMap((group) => group.verbs)])
  const parts = [...verbs].flatMap((verb) => {
    const nouns = nounsOf(verb)
    return nouns.length > 0 ? [`${verb}s ${nouns.join(', ')}`] : []
  })
  return parts.length === 0 ? 'nothing' : parts.join('; ')
}
