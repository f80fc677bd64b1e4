import '@fontsource-variable/inter/opsz.css'
import './base.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { takeLinkSecret } from './identity/link-secret.ts'
import { App } from './pages/app.tsx'
import { preloadPage } from './pages/chunks.ts'
import { CrashPage } from './pages/crash.tsx'

const element = document.getElementById('root')
if (!element) throw new Error('index.html has no #root.')

takeLinkSecret()
preloadPage(location.pathname)

// React takes a page down that throws while rendering; a word and a way on are better than an empty page.
const root = createRoot(element, { onUncaughtError: () => root.render(<CrashPage />) })
root.render(
  <StrictMode>
    <App />
  </StrictMode>,
)
