import type { Project } from '@/api/queries'
import { repositoryName, repositoryPage } from '@/lib/address'

/** Where a project's files come from, in a few words. */
export function sourceName(project: Pick<Project, 'repo_url' | 'template' | 'source'>): string {
  if (project.repo_url) return repositoryName(project.repo_url)
  if (project.source === 'upload') return 'Uploaded folder'
  return project.template ? `Template ${project.template}` : 'no source'
}

/** "acme/shop · main", the repository as a link where it has a page; or the template. */
export function SourceLine({ project }: { project: Project }) {
  const page = project.repo_url ? repositoryPage(project.repo_url) : null
  return (
    <p className="mt-1 flex flex-wrap items-center gap-x-2 text-ink-2 text-sm">
      {page ? (
        <a href={page} target="_blank" rel="noreferrer" className="truncate hover:text-ink hover:underline">
          {sourceName(project)}
        </a>
      ) : (
        <span className="truncate">{sourceName(project)}</span>
      )}
      {project.repo_url && (
        <>
          <span aria-hidden className="text-ink-3">
            ·
          </span>
          <span className="truncate">{project.branch ?? 'default branch'}</span>
        </>
      )}
    </p>
  )
}
