import { Monitor, Moon, Sun } from 'lucide-react'
import { useState } from 'react'

const key = 'tidemark.theme'
const themes = [
  { id: 'light', label: 'Light', Icon: Sun },
  { id: 'system', label: 'As the system', Icon: Monitor },
  { id: 'dark', label: 'Dark', Icon: Moon },
] as const
type Theme = (typeof themes)[number]['id']

const readTheme = (): Theme => {
  const stored = localStorage.getItem(key)
  return stored === 'light' || stored === 'dark' ? stored : 'system'
}

/** Writes what `public/theme.js` reads before the first paint. */
const applyTheme = (theme: Theme) => {
  if (theme === 'system') {
    localStorage.removeItem(key)
    delete document.documentElement.dataset['theme']
  } else {
    localStorage.setItem(key, theme)
    document.documentElement.dataset['theme'] = theme
  }
}

export const ThemeSwitch = () => {
  const [theme, setTheme] = useState(readTheme)
  const choose = (next: Theme) => {
    applyTheme(next)
    setTheme(next)
  }
  return (
    <fieldset className="flex rounded-md border border-line bg-surface p-0.5">
      <legend className="sr-only">Theme</legend>
      {themes.map(({ id, label, Icon }) => (
        <label
          key={id}
          title={label}
          className="flex size-7 cursor-pointer items-center justify-center rounded-sm text-faint transition-colors hover:text-ink has-checked:bg-sunken has-checked:text-ink has-focus-visible:outline-2 has-focus-visible:outline-accent"
        >
          <input
            type="radio"
            name="theme"
            value={id}
            checked={theme === id}
            onChange={() => choose(id)}
            className="sr-only"
          />
          <Icon aria-hidden="true" className="size-4" />
          <span className="sr-only">{label}</span>
        </label>
      ))}
    </fieldset>
  )
}
