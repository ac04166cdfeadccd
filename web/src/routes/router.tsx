// Every address of the dashboard, in one visible list. Pages are loaded when they are visited, and a link that is pointed at
// fetches its page and what the page shows first.

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouterHistory,
  redirect,
} from '@tanstack/react-router'
import { queryClient } from '@/api/client'
import { deploymentQuery, deploymentsQuery, projectQuery } from '@/api/queries'
import { ensureSession } from '@/api/session'
import { AppShell } from '@/components/app-shell'
import {
  type DeploymentSearch,
  deploymentFilter,
  deploymentSearch,
} from '@/pages/deployments/deployment-search'
import { NotFoundPage } from '@/pages/errors/not-found-page'
import { PageError } from '@/pages/errors/page-error'
import { ProjectsPage } from '@/pages/projects/projects-page'
import { Root } from './root'

const root = createRootRoute({
  component: Root,
  notFoundComponent: () => (
    <main>
      <NotFoundPage />
    </main>
  ),
  errorComponent: (props) => (
    <main>
      <PageError {...props} />
    </main>
  ),
})

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (search: Record<string, unknown>): { next?: string } => {
    const next = text(search.next)
    return next ? { next } : {}
  },
  component: lazyRouteComponent(() => import('@/pages/auth/login-page'), 'LoginPage'),
})

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyRouteComponent(() => import('@/pages/auth/setup-page'), 'SetupPage'),
})

const register = createRoute({
  getParentRoute: () => root,
  path: '/register',
  component: lazyRouteComponent(() => import('@/pages/auth/register-page'), 'RegisterPage'),
})

/** Everything behind the sign-in. */
const app = createRoute({
  getParentRoute: () => root,
  id: 'app',
  component: AppShell,
  beforeLoad: async ({ location }) => {
    if (await ensureSession()) return
    throw redirect({ to: '/login', search: location.href === '/' ? {} : { next: location.href } })
  },
})

const projects = createRoute({ getParentRoute: () => app, path: '/', component: ProjectsPage })

const newProject = createRoute({
  getParentRoute: () => app,
  path: '/new',
  component: lazyRouteComponent(() => import('@/pages/new-project/new-project-page'), 'NewProjectPage'),
})

const project = createRoute({
  getParentRoute: () => app,
  path: '/projects/$project',
  loader: ({ params }) => ahead(queryClient.prefetchQuery(projectQuery(params.project))),
  component: lazyRouteComponent(() => import('@/pages/project/project-layout'), 'ProjectLayout'),
})

const overview = createRoute({
  getParentRoute: () => project,
  path: '/',
  loader: ({ params }) => ahead(queryClient.prefetchInfiniteQuery(deploymentsQuery(params.project))),
  component: lazyRouteComponent(() => import('@/pages/project/overview-page'), 'OverviewPage'),
})

const deployments = createRoute({
  getParentRoute: () => project,
  path: '/deployments',
  validateSearch: (search: Record<string, unknown>): DeploymentSearch => deploymentSearch(search),
  loaderDeps: ({ search }) => deploymentFilter(search),
  loader: ({ params, deps }) =>
    ahead(queryClient.prefetchInfiniteQuery(deploymentsQuery(params.project, deps))),
  component: lazyRouteComponent(() => import('@/pages/deployments/deployments-page'), 'DeploymentsPage'),
})

const deployment = createRoute({
  getParentRoute: () => project,
  path: '/deployments/$deployment',
  loader: ({ params }) => ahead(queryClient.prefetchQuery(deploymentQuery(params.deployment))),
  component: lazyRouteComponent(() => import('@/pages/deployments/deployment-page'), 'DeploymentPage'),
})

const environments = createRoute({
  getParentRoute: () => project,
  path: '/environments',
  component: lazyRouteComponent(() => import('@/pages/environments/environments-page'), 'EnvironmentsPage'),
})

const logs = createRoute({
  getParentRoute: () => project,
  path: '/logs',
  component: lazyRouteComponent(() => import('@/pages/logs/runtime-logs-page'), 'RuntimeLogsPage'),
})

const settings = createRoute({
  getParentRoute: () => project,
  path: '/settings',
  component: lazyRouteComponent(() => import('@/pages/settings/settings-layout'), 'SettingsLayout'),
})

const generalSettings = createRoute({
  getParentRoute: () => settings,
  path: '/',
  component: lazyRouteComponent(() => import('@/pages/settings/general-page'), 'GeneralPage'),
})

const buildSettings = createRoute({
  getParentRoute: () => settings,
  path: '/build',
  component: lazyRouteComponent(() => import('@/pages/settings/build-page'), 'BuildPage'),
})

const runtimeSettings = createRoute({
  getParentRoute: () => settings,
  path: '/runtime',
  component: lazyRouteComponent(() => import('@/pages/settings/runtime-page'), 'RuntimePage'),
})

const environmentSettings = createRoute({
  getParentRoute: () => settings,
  path: '/environment',
  component: lazyRouteComponent(() => import('@/pages/settings/environment-page'), 'EnvironmentPage'),
})

const domainsSettings = createRoute({
  getParentRoute: () => settings,
  path: '/domains',
  component: lazyRouteComponent(() => import('@/pages/settings/domains-page'), 'DomainsPage'),
})

const gitSettings = createRoute({
  getParentRoute: () => settings,
  path: '/git',
  component: lazyRouteComponent(() => import('@/pages/settings/git-page'), 'GitPage'),
})

const previewsSettings = createRoute({
  getParentRoute: () => settings,
  path: '/previews',
  component: lazyRouteComponent(() => import('@/pages/settings/previews-page'), 'PreviewsPage'),
})

const storageSettings = createRoute({
  getParentRoute: () => settings,
  path: '/storage',
  component: lazyRouteComponent(() => import('@/pages/settings/storage-page'), 'StoragePage'),
})

const dangerSettings = createRoute({
  getParentRoute: () => settings,
  path: '/danger',
  component: lazyRouteComponent(() => import('@/pages/settings/danger-page'), 'DangerPage'),
})

const account = createRoute({
  getParentRoute: () => app,
  path: '/account',
  component: lazyRouteComponent(() => import('@/pages/account/account-page'), 'AccountPage'),
})

const system = createRoute({
  getParentRoute: () => app,
  path: '/system',
  component: lazyRouteComponent(() => import('@/pages/system/system-page'), 'SystemPage'),
})

const github = createRoute({
  getParentRoute: () => app,
  path: '/github',
  validateSearch: (search: Record<string, unknown>): { installation_id?: string } =>
    search.installation_id === undefined ? {} : { installation_id: String(search.installation_id) },
  component: lazyRouteComponent(() => import('@/features/github/routes'), 'GitHubRoute'),
})

const githubCallback = createRoute({
  getParentRoute: () => app,
  path: '/github/callback',
  validateSearch: (search: Record<string, unknown>): { code: string; state: string } => ({
    code: String(search.code ?? ''),
    state: String(search.state ?? ''),
  }),
  component: lazyRouteComponent(() => import('@/features/github/routes'), 'GitHubCallbackRoute'),
})

const routeTree = root.addChildren([
  login,
  setup,
  register,
  app.addChildren([
    projects,
    newProject,
    project.addChildren([
      overview,
      deployments,
      deployment,
      environments,
      logs,
      settings.addChildren([
        generalSettings,
        buildSettings,
        runtimeSettings,
        environmentSettings,
        domainsSettings,
        gitSettings,
        previewsSettings,
        storageSettings,
        dangerSettings,
      ]),
    ]),
    account,
    github,
    githubCallback,
    system,
  ]),
])

/** Without a history of its own it follows the browser's. */
export function createDashboardRouter(history?: RouterHistory) {
  return createRouter({
    routeTree,
    ...(history && { history }),
    defaultPreload: 'intent',
    defaultErrorComponent: PageError,
    scrollRestoration: true,
  })
}

/** Begins to load the code of the page that the address asks for, which the router does only once the session is known. */
export function preloadPage(router: ReturnType<typeof createDashboardRouter>): void {
  for (const { routeId } of router.matchRoutes(router.latestLocation)) {
    const page = router.routesById[routeId as keyof typeof router.routesById].options.component
    if (page && 'preload' in page) ahead(page.preload?.())
  }
}

/** Lets something begin without waiting for it; what fails is asked for again by the page, which says so. */
function ahead(work: Promise<unknown> | undefined): void {
  work?.catch(() => {})
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createDashboardRouter>
  }
}
