// The addresses of this feature, and what of them its pages read.

import { getRouteApi } from '@tanstack/react-router'
import { GitHubCallbackPage } from './callback-page'
import { GitHubPage } from './github-page'

const page = getRouteApi('/app/github')
const callback = getRouteApi('/app/github/callback')

export function GitHubRoute() {
  const { installation_id } = page.useSearch()
  return <GitHubPage installed={installation_id !== undefined} />
}

export function GitHubCallbackRoute() {
  const { code, state } = callback.useSearch()
  return <GitHubCallbackPage code={code} state={state} />
}
