/** The thin line at the top edge: something is being fetched, and what is shown stays good. */
export const ProgressLine = ({ isActive }: { readonly isActive: boolean }) => (
  <div
    aria-hidden="true"
    className="pointer-events-none fixed inset-x-0 top-0 z-30 h-0.5 overflow-hidden print:hidden"
  >
    {isActive && <div className="animate-flow h-full w-2/5 bg-accent-fill" />}
  </div>
)
