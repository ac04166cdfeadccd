// What the pages read, and how often. Lists that change by themselves are asked for again; a hidden tab rests.

import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from '@tanstack/react-query'
import { isActive } from '@/components/deployment-status'
import { api, client, queryClient, type Schemas } from './client'

export type Project = Schemas['Project']
export type Deployment = Schemas['Deployment']

/** While something builds. */
const BUSY_MS = 2_500
/** Otherwise: pushes and other people, which nobody should have to wait for. */
const IDLE_MS = 5_000
const PAGE = 100
/** The list is for scrolling, not for archaeology. */
const DEPLOYMENTS_PAGE = 25

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: loadProjects,
  refetchInterval: (query) => (query.state.data?.some(isBusy) ? BUSY_MS : IDLE_MS),
})

export function useProjects() {
  return useQuery(projectsQuery)
}

export function projectQuery(project: string) {
  return queryOptions({
    ...api.queryOptions('get', '/api/v1/projects/{project}', { params: { path: { project } } }),
    refetchInterval: (query) => (query.state.data && isBusy(query.state.data) ? BUSY_MS : IDLE_MS),
  })
}

export function useProject(project: string) {
  return useQuery(projectQuery(project))
}

export function deploymentQuery(id: string) {
  return queryOptions({
    ...api.queryOptions('get', '/api/v1/deployments/{id}', { params: { path: { id } } }),
    refetchInterval: (query) => (query.state.data && isActive(query.state.data.status) ? BUSY_MS : IDLE_MS),
  })
}

export function useDeployment(id: string) {
  return useQuery(deploymentQuery(id))
}

export type DeploymentFilter = { status?: string; ref?: string; trigger?: Schemas['Trigger'] }

export function deploymentsQuery(project: string, filter: DeploymentFilter = {}) {
  return infiniteQueryOptions({
    queryKey: ['deployments', project, filter],
    placeholderData: keepPreviousData,
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam, signal }) => {
      const { data, error } = await client.GET('/api/v1/projects/{project}/deployments', {
        params: {
          path: { project },
          query: { limit: DEPLOYMENTS_PAGE, ...filter, ...(pageParam && { cursor: pageParam }) },
        },
        signal,
      })
      if (!data) throw error
      return data
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.items.some((item) => isActive(item.status)))
        ? BUSY_MS
        : IDLE_MS,
  })
}

export function useDeployments(project: string, filter: DeploymentFilter = {}) {
  return useInfiniteQuery(deploymentsQuery(project, filter))
}

/** The project's own domains, asked for again while one of them waits for DNS. */
export function useDomains(project: string, everyMs: number) {
  return api.useQuery(
    'get',
    '/api/v1/projects/{project}/domains',
    { params: { path: { project } } },
    {
      refetchInterval: (query) =>
        query.state.data?.items.every((domain) => domain.status === 'active') ? false : everyMs,
    },
  )
}

/** After anything that changes a project or its deployments. */
export function refreshProject(): Promise<unknown> {
  return Promise.all([
    queryClient.invalidateQueries({ queryKey: ['projects'] }),
    queryClient.invalidateQueries({ queryKey: ['deployments'] }),
    queryClient.invalidateQueries({ queryKey: ['get', '/api/v1/projects/{project}'] }),
    queryClient.invalidateQueries({ queryKey: ['get', '/api/v1/deployments/{id}'] }),
  ])
}

async function loadProjects({ signal }: { signal: AbortSignal }): Promise<Project[]> {
  const projects: Project[] = []
  let cursor: string | null | undefined
  do {
    const { data, error } = await client.GET('/api/v1/projects', {
      params: { query: { limit: PAGE, ...(cursor && { cursor }) } },
      signal,
    })
    if (!data) throw error
    projects.push(...data.items)
    cursor = data.next_cursor
  } while (cursor)
  return projects
}

function isBusy(project: Project): boolean {
  return project.latest_deployment ? isActive(project.latest_deployment.status) : false
}
