/** The addresses of the dashboard. The server keeps their first words free: no organization's slug is one of them. */
export const accountPath = '/account'

/**
 * The pages of an organization; `path` comes after its slug, `scope` is what it takes to see it. One that `hasDetail`
 * has pages of its own for what it lists: a word more in the address, and another where one of these `hasParts`.
 */
export const organizationPages = [
  { id: 'dashboard', path: '', title: 'Dashboard', scope: 'kpi:read' },
  { id: 'goals', path: '/goals', title: 'Goals', scope: 'goal:read', hasDetail: true },
  { id: 'alerts', path: '/alerts', title: 'Alerts', scope: 'alert:read', hasDetail: true },
  { id: 'reviews', path: '/reviews', title: 'Reviews', scope: 'goal:read', hasDetail: true },
  { id: 'kpis', path: '/kpis', title: 'KPIs', scope: 'kpi:read', hasDetail: true },
  { id: 'aging', path: '/aging', title: 'Aging', scope: 'kpi:read' },
  { id: 'customers', path: '/customers', title: 'Customers', scope: 'customer:read', hasDetail: true },
  { id: 'credit', path: '/credit', title: 'Credit', scope: 'credit:read', hasDetail: true, hasParts: true },
  { id: 'members', path: '/members', title: 'Members', scope: 'member:read' },
  { id: 'tokens', path: '/tokens', title: 'Tokens', scope: 'token:read' },
  { id: 'audit', path: '/audit', title: 'Audit log', scope: 'audit:read', hasDetail: true },
] as const

export type OrganizationPageId = (typeof organizationPages)[number]['id']

export const organizationPath = (slug: string, page: OrganizationPageId = 'dashboard'): string =>
  `/${slug}${organizationPages.find(({ id }) => id === page)?.path ?? ''}`

export type OrganizationPlace = {
  readonly slug: string
  readonly page: OrganizationPageId
  /** What of the page's own, such as one KPI or "applications/new"; null for the page itself. */
  readonly detail: string | null
}

/** Which page of which organization an address is; null where it is none. */
export const parseOrganizationPath = (path: string): OrganizationPlace | null => {
  const [, slug = '', rest = '', detail = null] =
    /^\/([^/]+)(?:(\/[^/]*)(?:\/([^/]+(?:\/[^/]+)?))?)?\/?$/.exec(path) ?? []
  const page = organizationPages.find((page) => page.path === rest || (rest === '/' && page.path === ''))
  if (slug === '' || !page || (detail !== null && !('hasDetail' in page))) return null
  if (detail?.includes('/') && !('hasParts' in page)) return null
  return { slug, page: page.id, detail }
}

/** One goal, by its id; "new" is where one is made. */
export const goalPath = (slug: string, id: string): string => `${organizationPath(slug, 'goals')}/${id}`

/** One review of a goal, by its id. */
export const reviewPath = (slug: string, id: string): string => `${organizationPath(slug, 'reviews')}/${id}`

/** One customer, by its id. */
export const customerPath = (slug: string, id: string): string =>
  `${organizationPath(slug, 'customers')}/${id}`

/**
 * What there is to do about credit: "requests" is what waits for approval, "applications" who asks for credit, "policy" the
 * rules, "text" what people read of them, "plan" credit lines against the plan of sales, "import" where a file of limits is
 * taken in.
 */
export const creditPath = (slug: string, detail: string): string =>
  `${organizationPath(slug, 'credit')}/${detail}`

/** One application for credit, by its id; "new" is where one is entered, "scorecard" by what they are judged. */
export const applicationPath = (slug: string, id: string): string => creditPath(slug, `applications/${id}`)

/** "controls" is where controls are tested; else one working paper of such a test, by its id. */
export const auditPath = (slug: string, detail: string): string =>
  `${organizationPath(slug, 'audit')}/${detail}`

/** One alert rule, by its id; "rules" is the list of them, "new" where one is made, "channels" where alerts are sent to. */
export const alertPath = (slug: string, detail: string): string =>
  `${organizationPath(slug, 'alerts')}/${detail}`
