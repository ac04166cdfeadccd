import { createOpenApiHttp } from 'openapi-msw'
import type { paths } from '@/api/schema.gen'
import { problem } from './examples'

export const http = createOpenApiHttp<paths>({ baseUrl: location.origin })

/** The body and status of a "not found". */
export const NOT_FOUND = [
  problem(),
  { status: 404, headers: { 'content-type': 'application/problem+json' } },
] as const
