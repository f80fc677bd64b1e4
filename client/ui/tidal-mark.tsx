/** The mark: the water, its echo, and the line that it is to reach. */
export const TidalMark = ({ className = 'size-6' }: { readonly className?: string }) => (
  <svg
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    strokeWidth="2.25"
    strokeLinecap="round"
    aria-hidden="true"
    className={className}
  >
    <path d="M9 4.5h6" />
    <path d="M2.5 12.5c3.2-3.6 6.3-3.6 9.5 0s6.3 3.6 9.5 0" />
    <path d="M2.5 19c3.2-3.6 6.3-3.6 9.5 0s6.3 3.6 9.5 0" opacity=".45" />
  </svg>
)
