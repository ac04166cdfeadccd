import { Link } from '@tanstack/react-router'
import { api } from '@/api/client'
import { useLinkSecret } from '@/hooks/use-link-secret'
import { usePageTitle } from '@/hooks/use-page-title'
import { AccountForm } from './account-form'
import { AuthFrame } from './auth-frame'

/** An account by invitation, or for anybody where the instance is open. */
export function RegisterPage() {
  usePageTitle('Create an account')
  const invitation = useLinkSecret('invitation')
  const setup = api.useQuery('get', '/api/v1/auth/setup')
  const open = setup.data?.registration_open === true && invitation === ''
  return (
    <AuthFrame
      title="Create an account"
      description={
        invitation ? 'You were invited. Use the email address the invitation was sent to.' : undefined
      }
    >
      <AccountForm
        key={String(open)}
        secretKind={open ? null : 'invitation'}
        secret={invitation}
        secretLabel="Invitation code"
        secretHint="Open the invitation link again, or paste the code at its end."
        secretMissing="An account here takes an invitation. Open the link you were sent."
        action="Create account"
      />
      <p className="mt-6 text-ink-2 text-sm">
        Already have an account?{' '}
        <Link to="/login" className="link">
          Sign in
        </Link>
      </p>
    </AuthFrame>
  )
}
