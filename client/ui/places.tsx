import { Link } from 'wouter'

type PlacesProps<Id extends string> = {
  /** What the places are of, such as "Pages of alerts". */
  readonly label: string
  readonly places: readonly { readonly id: Id; readonly title: string; readonly href: string }[]
  readonly current: NoInfer<Id>
}

/** Pages that belong together, side by side; the one that is shown is marked. */
export const Places = <Id extends string>({ label, places, current }: PlacesProps<Id>) => (
  <nav
    aria-label={label}
    className="flex w-fit max-w-full flex-wrap rounded-md border border-line-strong bg-surface p-0.5 print:hidden"
  >
    {places.map(({ id, title, href }) => (
      <Link
        key={id}
        href={href}
        aria-current={id === current ? 'page' : undefined}
        className="inline-flex h-7 items-center rounded-sm px-2.5 text-xs font-medium text-muted hover:text-ink aria-[current]:bg-sunken aria-[current]:text-ink"
      >
        {title}
      </Link>
    ))}
  </nav>
)
