import { FolderUp } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { client } from '@/api/client'
import { type Deployment, refreshProject } from '@/api/queries'
import { ProblemNotice } from '@/components/problem-notice'
import { bytes } from '@/lib/bytes'
import { Button } from '@/ui/button'
import { DialogActions } from '@/ui/dialog'
import { Notice } from '@/ui/notice'
import { type Folder, folderOf } from './folder-files'
import { type Progress, sendFolder } from './send-folder'

/** Deploys a folder of the reader's computer once, whatever the project's source is; without a project it makes one. */
export function FolderForm(props: {
  project: string | null
  onClose?: () => void
  onDeployed: (deployment: Deployment) => void
}) {
  const [folder, setFolder] = useState<Folder | null>(null)
  const [progress, setProgress] = useState<Progress | null>(null)
  const [error, setError] = useState<unknown>(null)
  const stop = useRef(new AbortController())
  /** The new project, should only what follows have failed. */
  const made = useRef<string | null>(null)
  useEffect(() => () => stop.current.abort(), [])
  const deploy = async () => {
    if (!folder) return
    setError(null)
    setProgress({ done: 0, of: folder.files.length, what: 'reading' })
    const { signal } = stop.current
    try {
      const project = props.project ?? made.current ?? (await makeProject(folder.name))
      made.current = project
      const upload = await sendFolder(project, folder.files, setProgress, signal)
      const { data, error } = await client.POST('/api/v1/projects/{project}/deployments', {
        params: { path: { project } },
        body: { upload },
        signal,
      })
      if (!data) throw error
      refreshProject()
      props.onDeployed(data)
    } catch (problem) {
      if (!signal.aborted) setError(problem)
      setProgress(null)
    }
  }
  // Browsers compute digests on safe origins only (https, or this machine itself).
  if (!window.isSecureContext) {
    return (
      <Notice tone="warn" title="This needs a secure address">
        Browsers read folders for a page on https or localhost only. In a terminal it works everywhere:{' '}
        <code className="font-mono text-[13px]">aether deploy --local</code>
      </Notice>
    )
  }
  return (
    <div>
      <FolderInput disabled={progress !== null} onChosen={(files) => setFolder(folderOf(files))} />
      {folder && <FolderSummary folder={folder} />}
      {progress && <ProgressLine progress={progress} />}
      {error !== null && <ProblemNotice error={error} className="mt-4" />}
      <DialogActions>
        {props.onClose && <Button onClick={props.onClose}>Cancel</Button>}
        <Button
          variant="primary"
          disabled={!folder || folder.files.length === 0}
          loading={progress !== null}
          onClick={deploy}
        >
          Deploy
        </Button>
      </DialogActions>
    </div>
  )
}

/** A project that has no repository: folders are sent to it. */
async function makeProject(name: string): Promise<string> {
  const { data, error } = await client.POST('/api/v1/projects', { body: { source: 'upload', name } })
  if (!data) throw error
  return data.slug
}

function FolderInput(props: { disabled: boolean; onChosen: (files: FileList) => void }) {
  return (
    <label className="flex cursor-pointer flex-col items-center gap-2 rounded-card border border-line-strong border-dashed px-6 py-8 text-center text-sm focus-within:outline-2 focus-within:outline-accent hover:bg-hover/50">
      <FolderUp aria-hidden className="size-5 text-ink-2" />
      <span className="font-medium">Choose a folder</span>
      <span className="text-[13px] text-ink-3">
        Its files are sent and built here; only those that have changed since the last time.
      </span>
      <input
        type="file"
        // The attribute has no other spelling; every browser knows it.
        {...{ webkitdirectory: '' }}
        multiple
        disabled={props.disabled}
        className="sr-only"
        onChange={(event) => event.target.files && props.onChosen(event.target.files)}
      />
    </label>
  )
}

function FolderSummary({ folder }: { folder: Folder }) {
  return (
    <p className="mt-4 text-ink-2 text-sm">
      <span className="font-medium text-ink">{folder.name}</span>: {folder.files.length.toLocaleString('en')}{' '}
      {folder.files.length === 1 ? 'file' : 'files'}, {bytes(folder.bytes)}.
      {folder.leftOut.length > 0 && ` Left out: ${folder.leftOut.join(', ')}.`}
    </p>
  )
}

function ProgressLine({ progress }: { progress: Progress }) {
  return (
    <p role="status" className="mt-4 text-ink-2 text-sm tabular-nums">
      {progress.what === 'reading' ? 'Reading' : 'Sending'} {progress.done} of {progress.of}…
    </p>
  )
}
