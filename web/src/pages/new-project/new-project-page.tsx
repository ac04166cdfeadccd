// From the address of a repository to its live log: look at it -> choose what to deploy -> adjust -> deploy.

import { useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { asProblem, fieldError } from '@/api/problem'
import { ProblemNotice } from '@/components/problem-notice'
import { type GitHubRepository, RepositoryPicker } from '@/features/github/repository-picker'
import { usePageTitle } from '@/hooks/use-page-title'
import { Button } from '@/ui/button'
import { PageHeader } from '@/ui/page-header'
import { CandidateChoice } from './candidate-choice'
import { ConfigureForm } from './configure-form'
import { DetectingState } from './detecting-state'
import { FolderSection } from './folder-section'
import { SourceForm } from './source-form'
import { TemplateGallery } from './template-gallery'

type Detection = Schemas['Detection']
type Source = { repoUrl: string; branch: string; github?: Schemas['GitHubRepositoryRef'] }

/** For a repository nobody could look into: everything is left to the first build. */
const NOTHING_KNOWN: Detection = {
  candidates: [],
  branches: [],
  default_branch: null,
  commit_sha: null,
  explanation: null,
}

export function NewProjectPage() {
  usePageTitle('New project')
  const [source, setSource] = useState<Source | null>(null)
  const [skipped, setSkipped] = useState(false)
  const [chosen, setChosen] = useState(0)
  const [edited, setEdited] = useState<string | null>(null)
  const detect = api.useMutation('post', '/api/v1/detect')

  const look = (next: Source) => {
    setSource(next)
    setEdited(null)
    setSkipped(false)
    setChosen(0)
    const repository = next.github ? { github_repository: next.github } : { repo_url: next.repoUrl }
    detect.mutate({ body: { ...repository, ...(next.branch && { branch: next.branch }) } })
  }
  const detection = skipped ? NOTHING_KNOWN : detect.data
  // What was found belongs to the address it was found at; it is back when that address is.
  const isOther = edited !== null && edited !== source?.repoUrl
  const isFound = detection !== undefined && !detect.isPending && !isOther
  const refused = isOther ? undefined : fieldError(detect.error ? asProblem(detect.error) : null, 'repo_url')
  return (
    <div className="mx-auto max-w-3xl">
      <PageHeader
        title="New project"
        description="Import a Git repository, start from a template, or upload a folder."
      />
      <div className="flex flex-col gap-6">
        <SourceForm
          pending={detect.isPending}
          done={isFound}
          refused={refused}
          onEdit={setEdited}
          onSubmit={look}
        />
        {detect.isPending && <DetectingState />}
        {detect.error && !skipped && !isOther && !refused && (
          <ProblemNotice
            error={detect.error}
            actions={
              <Button size="sm" onClick={() => setSkipped(true)}>
                Configure it yourself
              </Button>
            }
          />
        )}
        {source && detection && !detect.isPending && (
          <div className="flex flex-col gap-6" hidden={!isFound}>
            <CandidateChoice detection={detection} skipped={skipped} chosen={chosen} onChoose={setChosen} />
            <ConfigureForm
              key={`${source.repoUrl} ${source.branch} ${chosen} ${skipped}`}
              repoUrl={source.repoUrl}
              branch={source.branch}
              github={source.github}
              detection={detection}
              candidateIndex={chosen}
              onBranch={(branch) => look({ ...source, branch })}
            />
          </div>
        )}
        {!isFound && !detect.isPending && (
          <>
            <RepositoryPicker onPick={(repository) => look(picked(repository))} />
            <TemplateGallery />
            <FolderSection />
          </>
        )}
      </div>
    </div>
  )
}

function picked({ clone_url, app_id, installation_id, repository_id }: GitHubRepository): Source {
  return { repoUrl: clone_url, branch: '', github: { app_id, installation_id, repository_id } }
}
