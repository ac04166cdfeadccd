// Chooses the theme before the first paint. `hooks/use-theme.ts` writes the same key.
;(() => {
  let choice = 'system'
  try {
    choice = localStorage.getItem('aether-theme') || 'system'
  } catch {
    // Storage may be blocked; the system's theme is a fine answer.
  }
  const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
})()
