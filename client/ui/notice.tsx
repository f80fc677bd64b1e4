import { CircleCheck, Info, OctagonAlert, TriangleAlert } from 'lucide-react'
import type { HTMLAttributes, ReactNode } from 'react'
import type { Tone } from './tone.ts'

const looks = {
  well: { Icon: CircleCheck, colours: 'bg-accent-tint text-accent' },
  watch: { Icon: TriangleAlert, colours: 'bg-watch-tint text-watch' },
  act: { Icon: OctagonAlert, colours: 'bg-act-tint text-act' },
  idle: { Icon: Info, colours: 'bg-sunken text-muted' },
} as const satisfies Record<Tone, object>

type NoticeProps = HTMLAttributes<HTMLDivElement> & { readonly tone: Tone; readonly children: ReactNode }

/** Something to know, in a box of its own; the icon says what the colour does. */
export const Notice = ({ tone, children, className = '', ...rest }: NoticeProps) => {
  const { Icon, colours } = looks[tone]
  return (
    <div {...rest} className={`flex gap-2.5 rounded-md px-3.5 py-2.5 outline-none ${colours} ${className}`}>
      <Icon aria-hidden="true" className="mt-0.5 size-4 shrink-0" strokeWidth={2.25} />
      <div className="min-w-0 text-pretty">{children}</div>
    </div>
  )
}
