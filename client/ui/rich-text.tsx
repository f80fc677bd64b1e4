import { createElement, Fragment, type ReactNode, useMemo } from 'react'

/** The elements that are shown as what they are, one heading lower than they say, and how they look. */
const looks: Readonly<Record<string, { readonly as: string; readonly look: string }>> = {
  H2: { as: 'h3', look: 'pt-2 text-base font-semibold' },
  H3: { as: 'h4', look: 'pt-1 font-semibold' },
  H4: { as: 'h5', look: 'font-medium' },
  P: { as: 'p', look: 'text-pretty' },
  UL: { as: 'ul', look: 'grid list-disc gap-1 pl-5' },
  OL: { as: 'ol', look: 'grid list-decimal gap-1 pl-5' },
  LI: { as: 'li', look: 'text-pretty' },
  TABLE: { as: 'table', look: 'figures w-full border-collapse' },
  THEAD: { as: 'thead', look: 'text-left text-muted' },
  TBODY: { as: 'tbody', look: '' },
  TR: { as: 'tr', look: 'border-b border-line' },
  TH: { as: 'th', look: 'py-1.5 pr-4 align-baseline font-medium last:pr-0' },
  TD: { as: 'td', look: 'py-1.5 pr-4 align-baseline last:pr-0' },
  HR: { as: 'hr', look: 'border-line-strong' },
  STRONG: { as: 'strong', look: 'font-semibold' },
  EM: { as: 'em', look: 'italic' },
  CODE: { as: 'code', look: 'rounded-sm bg-sunken px-1 font-mono text-xs' },
}

const linkIn = (element: Element): string | null => {
  const address = element.getAttribute('href') ?? ''
  return /^(?:https?:\/\/|mailto:)/.test(address) ? address : null
}

const shown = (node: Node, key: number): ReactNode => {
  if (node.nodeType === Node.TEXT_NODE) return node.textContent
  if (!(node instanceof Element)) return null
  const children = [...node.childNodes].map(shown)
  if (node.tagName === 'A') {
    const href = linkIn(node)
    if (href !== null)
      return (
        <a
          key={key}
          href={href}
          target="_blank"
          rel="noopener noreferrer"
          className="text-accent underline underline-offset-2"
        >
          {children}
        </a>
      )
  }
  const found = looks[node.tagName]
  if (!found) return <Fragment key={key}>{children}</Fragment>
  const className = `${found.look} ${node.classList.contains('number') ? 'text-right' : ''}`
  return node.tagName === 'HR'
    ? createElement(found.as, { key, className })
    : createElement(found.as, { key, className }, ...children)
}

/**
 * Text that the server made of Markdown. Its HTML is read and never put into the page: what is shown is built of the few
 * elements named here, and of any other only the words, so that nothing in it can do more than be read.
 */
export const RichText = ({ html }: { readonly html: string }) => {
  const nodes = useMemo(() => {
    const { body } = new DOMParser().parseFromString(html, 'text/html')
    return [...body.childNodes].map(shown)
  }, [html])
  return (
    <div className="grid max-w-prose grid-cols-[minmax(0,1fr)] gap-3 text-sm leading-6 wrap-anywhere">
      {nodes}
    </div>
  )
}
