import { Link } from '@tanstack/react-router'
import { api } from '@/api/client'
import { useLinkSecret } from '@/hooks/use-link-secret'
import { usePageTitle } from '@/hooks/use-page-title'
import { AccountForm } from './account-form'
import { AuthFrame } from './auth-frame'

/** An account by invitation, or for anybody where the instance is open. */
export function RegisterPage() {
  usePageTitle('Make an account')
  const invitation = useLinkSecret('invitation')
  const setup = api.useQuery('get', '/api/v1/auth/setup')
  const open = setup.data?.registration_open === true && invitation === ''
  return (
    <AuthFrame
      title="Make an account"
      description={invitation ? 'You were invited. Use the address the invitation was made for.' : undefined}
    >
      <AccountForm
        key={String(open)}
        secretKind={open ? null : 'invitation'}
        secret={invitation}
        secretLabel="Invitation"
        secretHint="Whoever invited you has a link with it."
        action="Create the account"
      />
      <p className="mt-6 text-ink-2 text-sm">
        Have one already?{' '}
        <Link to="/login" className="link">
          Sign in
        </Link>
      </p>
    </AuthFrame>
  )
}
