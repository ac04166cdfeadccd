// What need not wait for the app, done while its scripts are on their way: the theme before the first paint, the session,
// and the files and the first answers of the page that the address asks for. A file of its own, because the policy allows
// no inline script.
;(() => {
  chooseLooks()
  const page = pageOf(location.pathname)
  if (!page) return
  for (const href of page.files)
    document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href }))
  if (!/^\/(login|setup|register)\b/.test(location.pathname)) ask(page.answers)

  // `hooks/use-theme.ts` and `lib/mono-font.ts` write the same keys.
  function chooseLooks() {
    let choice = 'system'
    try {
      choice = localStorage.getItem('aether-theme') || 'system'
      if (localStorage.getItem('aether-mono')) document.documentElement.dataset.mono = ''
    } catch {
      // Storage may be blocked; the system's theme and type are fine answers.
    }
    const dark =
      choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
    document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  }

  // A build for use writes into index.html what belongs to which addresses (`scripts/first-page.ts`).
  function pageOf(path) {
    const pages = document.querySelector('script[type="application/json"]')?.textContent
    if (!pages) return null
    const page = { files: new Set(), answers: new Set() }
    for (const [address, files, answers] of JSON.parse(pages)) {
      const match = new RegExp(address).exec(path)
      if (!match) continue
      for (const file of files) page.files.add(file)
      for (const answer of answers) page.answers.add(answer.replace('$1', match[1]))
    }
    return page
  }

  // `api/early.ts` takes these instead of asking itself; tabs take turns with the lock of `api/session.ts`.
  function ask(paths) {
    const refresh = () => fetch('/api/v1/auth/refresh', { method: 'POST', credentials: 'same-origin' })
    const session = navigator.locks ? navigator.locks.request('aether-refresh', refresh) : refresh()
    const headers = session
      .then((answer) => (answer.ok ? answer.clone().json() : Promise.reject(answer.status)))
      .then((body) => ({ accept: 'application/json', authorization: `Bearer ${body.access_token}` }))
    const early = { '/api/v1/auth/refresh': session }
    for (const path of paths) early[path] = headers.then((known) => fetch(path, { headers: known }))
    // What fails is asked for again by whoever needs it, who says so.
    for (const answer of Object.values(early)) answer.catch(() => {})
    window.aetherEarly = early
  }
})()
