/** A place that will be filled; its size is the size of what will fill it. */
export const Skeleton = ({ className }: { readonly className: string }) => (
  <span aria-hidden="true" className={`animate-wait block rounded-sm bg-sunken ${className}`} />
)

/** The place of a panel of rows. */
export const RowsSkeleton = () => (
  <div aria-hidden="true" className="panel px-4 py-4 sm:px-5">
    <Skeleton className="h-4 w-28" />
    {['first', 'second', 'third', 'fourth'].map((row) => (
      <Skeleton key={row} className="mt-6 h-3.5 w-full" />
    ))}
  </div>
)
