// Whatever went wrong, as one shape: the API's problem+json, an answer that is none, or no answer at all.

import type { components } from './schema.gen'

export type Problem = Omit<components['schemas']['Problem'], 'errors'> & {
  errors: components['schemas']['FieldError'][]
}

const UNREACHABLE: Problem = {
  type: 'urn:aether:problem:unreachable',
  title: 'Aether does not answer',
  status: 0,
  code: 'unreachable',
  detail: 'The browser could not reach the service.',
  hint: 'Check your connection and that Aether is running; this page tries again by itself.',
  request_id: '',
  errors: [],
}

export function asProblem(error: unknown): Problem {
  if (isProblem(error)) return { ...error, errors: error.errors ?? [] }
  if (error instanceof TypeError) return UNREACHABLE
  return {
    ...UNREACHABLE,
    type: 'urn:aether:problem:unexpected',
    code: 'unexpected',
    title: 'The answer could not be understood',
    detail: 'Something between this page and Aether answered in its place.',
    hint: 'Reload the page; if it stays, look at the reverse proxy in front of Aether.',
  }
}

/** What is wrong with one field, as a sentence, if that is the problem. */
export function fieldError(problem: Problem | null, field: string): string | undefined {
  const message = problem?.errors.find((error) => error.field === field)?.message
  return message && sentence(message).replaceAll('`', '')
}

/** The API writes details without a capital and a full stop, so that they can stand inside a sentence. */
export function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(begun) ? begun : `${begun}.`
}

function isProblem(error: unknown): error is components['schemas']['Problem'] {
  return (
    typeof error === 'object' && error !== null && 'code' in error && 'title' in error && 'status' in error
  )
}
