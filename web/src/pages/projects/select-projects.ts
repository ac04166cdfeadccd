import type { Project } from '@/api/queries'

export type ProjectSort = 'activity' | 'name' | 'created'

const ORDER: Record<ProjectSort, (a: Project, b: Project) => number> = {
  activity: (a, b) => lastChange(b).localeCompare(lastChange(a)),
  name: (a, b) => a.name.localeCompare(b.name, undefined, { sensitivity: 'base', numeric: true }),
  created: (a, b) => b.created_at.localeCompare(a.created_at),
}

/** The projects that have every word of the query in their name, address or repository, in order. */
export function selectProjects(projects: readonly Project[], query: string, sort: ProjectSort): Project[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return projects
    .filter((project) => {
      const text =
        `${project.name} ${project.slug} ${project.repo_url ?? project.template ?? ''}`.toLowerCase()
      return words.every((word) => text.includes(word))
    })
    .sort(ORDER[sort])
}

export function lastChange(project: Project): string {
  return project.latest_deployment?.created_at ?? project.created_at
}
