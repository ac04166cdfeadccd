import { Link } from '@tanstack/react-router'
import { api } from '@/api/client'
import { useLinkSecret } from '@/hooks/use-link-secret'
import { usePageTitle } from '@/hooks/use-page-title'
import { Button } from '@/ui/button'
import { AccountForm } from './account-form'
import { AuthFrame } from './auth-frame'

/** The first account, by the one-time link `aether up` prints. */
export function SetupPage() {
  usePageTitle('Set up')
  const token = useLinkSecret('token')
  const setup = api.useQuery('get', '/api/v1/auth/setup')

  if (setup.data && !setup.data.needs_owner) {
    return (
      <AuthFrame title="Already set up" description="This instance has an owner; the one-time link was used.">
        <Button asChild variant="primary">
          <Link to="/login">Sign in</Link>
        </Button>
      </AuthFrame>
    )
  }
  return (
    <AuthFrame title="Welcome to Aether" description="Make the account that owns this instance.">
      <AccountForm
        secretKind="setup_token"
        secret={token}
        secretLabel="Set-up token"
        secretHint="It stands in the one-time link and in the file setup-token of the data directory."
        action="Create the owner's account"
      />
    </AuthFrame>
  )
}
