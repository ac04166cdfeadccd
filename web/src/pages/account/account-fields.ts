// What the fields of an account ask for, and what is wrong with them, as sentences.

import { fieldError, type Problem } from '@/api/problem'

/** As the API asks. */
const PASSWORD_MIN = 8
const NO_EMAIL = 'Enter a valid email address, like ada@example.com.'

export const PASSWORD_HINT = `At least ${PASSWORD_MIN} characters.`

/** Rule of a new password. */
export const TOO_SHORT = {
  value: PASSWORD_MIN,
  message: `Use at least ${PASSWORD_MIN} characters.`,
}

/** Rule of an email field; the API looks closer. */
export const EMAIL = {
  required: 'Enter your email address.',
  pattern: { value: /^\s*[^\s@]+@[^\s@]+\s*$/, message: NO_EMAIL },
}

export function emailFault(problem: Problem | null): string | undefined {
  return fieldError(problem, 'email') && NO_EMAIL
}

/** The API says no more of the current password than that it is another. */
export function wrongPassword(problem: Problem | null): string | undefined {
  return fieldError(problem, 'current_password') && 'That is not your current password.'
}
