import { HttpResponse } from 'msw'
import type { Schemas } from '@/api/client'
import { ago, problem } from './examples'
import { http, NOT_FOUND } from './typed-http'
import type { World } from './world'

const PAGE = 30

type App = Schemas['GitHubApp']
type Repository = Schemas['GitHubRepository']

export function githubApp(more: Partial<App> = {}): App {
  return {
    id: 'gha_01h455vb4pex5vsknk084sn02q',
    base_url: 'https://github.com',
    name: 'Aether acme',
    owner: 'acme',
    html_url: 'https://github.com/apps/aether-acme',
    install_url: 'https://github.com/apps/aether-acme/installations/new',
    has_webhook: true,
    created_at: ago(3000),
    installations: [
      {
        id: 11,
        account: 'acme',
        is_organization: true,
        all_repositories: false,
        html_url: 'https://github.com/organizations/acme/settings/installations/11',
        suspended_at: null,
      },
    ],
    ...more,
  }
}

function repository(id: number, fullName: string, isPrivate: boolean): Repository {
  return {
    app_id: githubApp().id,
    installation_id: 11,
    repository_id: id,
    full_name: fullName,
    private: isPrivate,
    default_branch: 'main',
    html_url: `https://github.com/${fullName}`,
    clone_url: `https://github.com/${fullName}.git`,
    pushed_at: ago(id * 60),
  }
}

export const REPOSITORIES: Repository[] = [
  repository(1, 'acme/shop', true),
  repository(2, 'acme/handbook', false),
  ...Array.from({ length: 40 }, (_, index) => repository(index + 3, `acme/tool-${index}`, index % 2 === 0)),
]

/** Who has no project yet has connected nothing either. */
export function githubHandlers(world: World) {
  let apps = world.projects.length > 0 ? [githubApp()] : []
  return [
    http.get('/api/v1/github/apps', ({ response }) => response(200).json({ items: apps })),
    http.post('/api/v1/github/manifest', async ({ request, response }) => {
      const { base_url } = await request.json()
      if (base_url?.includes('//10.'))
        return response.untyped(
          HttpResponse.json(
            problem({
              status: 422,
              code: 'invalid',
              title: 'A value is not valid',
              errors: [{ field: 'base_url', message: 'is not on the public internet' }],
            }),
            { status: 422 },
          ),
        )
      return response(201).json({
        form_url: '/api/v1/github/form?state=mock',
        expires_at: ago(-30),
        has_webhook: true,
      })
    }),
    http.post('/api/v1/github/callback', async ({ request, response }) => {
      const { state } = await request.json()
      if (state !== 'mock')
        return response.untyped(
          HttpResponse.json(
            problem({
              status: 400,
              code: 'invalid_state',
              title: 'The request is malformed',
              detail: 'this connection was not begun here, was finished before, or took too long',
            }),
            { status: 400 },
          ),
        )
      const made = githubApp({ id: `gha_${Date.now()}`, name: 'Aether new', installations: [] })
      apps = [...apps, made]
      return response(201).json(made)
    }),
    http.post('/api/v1/github/apps/{id}/refresh', ({ params, response }) => {
      const app = apps.find((one) => one.id === params.id)
      if (!app) return response.untyped(HttpResponse.json(...NOT_FOUND))
      return response(200).json(app)
    }),
    http.delete('/api/v1/github/apps/{id}', ({ params, response }) => {
      apps = apps.filter((one) => one.id !== params.id)
      return response(204).empty()
    }),
    http.get('/api/v1/github/repositories', ({ query, response }) => {
      const words = query.get('q')?.toLowerCase() ?? ''
      const page = Number(query.get('page') ?? '1')
      const fitting = apps.length > 0 ? REPOSITORIES.filter((one) => one.full_name.includes(words)) : []
      const rest = fitting.slice((page - 1) * PAGE)
      return response(200).json({
        items: rest.slice(0, PAGE),
        total: fitting.length,
        next_page: rest.length > PAGE ? page + 1 : null,
        incomplete: false,
        failures: [],
      })
    }),
  ]
}
