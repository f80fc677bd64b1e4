// Runs before the first paint, so that a remembered theme never flashes; a file of its own, since the page's policy
// forbids inline scripts. `ui/theme-switch.tsx` writes what it reads.
{
  const theme = localStorage.getItem('tidemark.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
}
