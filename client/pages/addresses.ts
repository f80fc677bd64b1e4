/** The addresses of the dashboard. The server keeps their first words free: no organization's slug is one of them. */
export const accountPath = '/account'

/**
 * The pages of an organization; `path` comes after its slug, `scope` is what it takes to see it. One that `hasDetail`
 * has pages of its own for what it lists: a word more in the address.
 */
export const organizationPages = [
  { id: 'dashboard', path: '', title: 'Dashboard', scope: 'kpi:read' },
  { id: 'goals', path: '/goals', title: 'Goals', scope: 'goal:read', hasDetail: true },
  { id: 'alerts', path: '/alerts', title: 'Alerts', scope: 'alert:read' },
  { id: 'reviews', path: '/reviews', title: 'Reviews', scope: 'goal:read', hasDetail: true },
  { id: 'kpis', path: '/kpis', title: 'KPIs', scope: 'kpi:read', hasDetail: true },
  { id: 'aging', path: '/aging', title: 'Aging', scope: 'kpi:read' },
  { id: 'members', path: '/members', title: 'Members', scope: 'member:read' },
  { id: 'tokens', path: '/tokens', title: 'Tokens', scope: 'token:read' },
  { id: 'audit', path: '/audit', title: 'Audit log', scope: 'audit:read' },
] as const

export type OrganizationPageId = (typeof organizationPages)[number]['id']

export const organizationPath = (slug: string, page: OrganizationPageId = 'dashboard'): string =>
  `/${slug}${organizationPages.find(({ id }) => id === page)?.path ?? ''}`

export type OrganizationPlace = {
  readonly slug: string
  readonly page: OrganizationPageId
  /** What of the page's own, such as one KPI; null for the page itself. */
  readonly detail: string | null
}

/** Which page of which organization an address is; null where it is none. */
export const parseOrganizationPath = (path: string): OrganizationPlace | null => {
  const [, slug = '', rest = '', detail = null] =
    /^\/([^/]+)(?:(\/[^/]*)(?:\/([^/]+))?)?\/?$/.exec(path) ?? []
  const page = organizationPages.find((page) => page.path === rest || (rest === '/' && page.path === ''))
  if (slug === '' || !page || (detail !== null && !('hasDetail' in page))) return null
  return { slug, page: page.id, detail }
}

/** One goal, by its id; "new" is where one is made. */
export const goalPath = (slug: string, id: string): string => `${organizationPath(slug, 'goals')}/${id}`

/** One review of a goal, by its id. */
export const reviewPath = (slug: string, id: string): string => `${organizationPath(slug, 'reviews')}/${id}`
