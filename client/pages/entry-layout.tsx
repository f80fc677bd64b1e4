import type { ReactNode } from 'react'
import { ThemeSwitch } from '../ui/theme-switch.tsx'
import { TidalMark } from '../ui/tidal-mark.tsx'

/** The frame of the pages that lead in. */
export const EntryLayout = ({ children }: { readonly children: ReactNode }) => (
  <div className="flex min-h-dvh flex-col">
    <header className="flex items-center justify-between px-4 py-3 sm:px-6">
      <p className="flex items-center gap-2 text-base font-semibold tracking-[-0.012em]">
        <TidalMark className="size-6 text-accent" />
        Tidemark
      </p>
      <ThemeSwitch />
    </header>
    <main className="mx-auto w-full max-w-sm flex-1 px-5 pt-[max(2rem,9vh)] pb-16 [&_h1]:text-figure">
      {children}
    </main>
  </div>
)
