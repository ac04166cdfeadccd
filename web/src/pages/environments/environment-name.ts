import type { Schemas } from '@/api/client'

type Environment = Pick<Schemas['Environment'], 'kind' | 'name' | 'branch' | 'pull_request'>

/** "Production", "#17 Larger buttons" or the branch. */
export function environmentName({ kind, name, branch, pull_request: request }: Environment): string {
  if (kind === 'production') return 'Production'
  if (request)
    return request.title ? `#${request.number} ${request.title}` : `Pull request #${request.number}`
  return branch ?? name
}
