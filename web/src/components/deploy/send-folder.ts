// Sends a folder: its list first, then only the files that the project does not have yet.

import { client, type Schemas } from '@/api/client'
import type { FolderFile } from './folder-files'

type Entry = Schemas['UploadEntry']

/** Files on their way at once. */
const PARALLEL = 4

export type Progress = { done: number; of: number; what: 'reading' | 'sending' }

/** Returns the upload's id once every file has arrived. Throws the API's problem, or when `signal` is aborted. */
export async function sendFolder(
  project: string,
  files: FolderFile[],
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<string> {
  const byDigest = new Map<string, File>()
  const entries: Entry[] = []
  for (const { path, file } of files) {
    signal.throwIfAborted()
    const sha256 = await digest(file)
    byDigest.set(sha256, file)
    // A browser does not say whether a file may be run.
    entries.push({ type: 'file', path, sha256, size: file.size, executable: false })
    onProgress({ done: entries.length, of: files.length, what: 'reading' })
  }
  const begun = await client.POST('/api/v1/projects/{project}/uploads', {
    params: { path: { project } },
    body: { entries },
    signal,
  })
  if (!begun.data) throw begun.error
  const { id, missing } = begun.data
  const waiting = [...missing]
  let done = 0
  const sendNext = async (): Promise<void> => {
    for (let sha256 = waiting.pop(); sha256; sha256 = waiting.pop()) {
      const file = byDigest.get(sha256)
      if (file) await sendFile(project, id, sha256, file, signal)
      done += 1
      onProgress({ done, of: missing.length, what: 'sending' })
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, sendNext))
  return id
}

async function sendFile(project: string, id: string, sha256: string, file: File, signal: AbortSignal) {
  const { error, response } = await client.PUT('/api/v1/projects/{project}/uploads/{id}/files/{sha256}', {
    params: { path: { project, id, sha256 } },
    body: file as unknown as string,
    bodySerializer: (body: unknown) => body as Blob,
    headers: { 'content-type': 'application/octet-stream' },
    signal,
  })
  if (!response.ok) throw error
}

async function digest(file: File): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
