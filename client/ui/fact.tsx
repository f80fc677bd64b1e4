import type { ReactNode } from 'react'

/** A term of a list of facts (`dl`) and what is so. */
export const Fact = ({ term, children }: { readonly term: string; readonly children: ReactNode }) => (
  <div className="grid grid-cols-[minmax(0,8rem)_minmax(0,1fr)] gap-x-3">
    <dt className="text-muted">{term}</dt>
    <dd className="min-w-0 text-pretty">{children}</dd>
  </div>
)

/** Below it, what is worth less. */
export const Small = ({ children }: { readonly children: ReactNode }) => (
  <span className="block text-xs text-muted">{children}</span>
)
