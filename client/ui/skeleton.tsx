/** A place that will be filled; its size is the size of what will fill it. */
export const Skeleton = ({ className }: { readonly className: string }) => (
  <span aria-hidden="true" className={`animate-wait block rounded-sm bg-sunken ${className}`} />
)
