import { Link } from '@tanstack/react-router'
import { api } from '@/api/client'
import { useLinkSecret } from '@/hooks/use-link-secret'
import { usePageTitle } from '@/hooks/use-page-title'
import { Button } from '@/ui/button'
import { AccountForm } from './account-form'
import { AuthFrame } from './auth-frame'

/** The first account, by the one-time link `aether up` prints. */
export function SetupPage() {
  usePageTitle('Set up Aether')
  const token = useLinkSecret('token')
  const setup = api.useQuery('get', '/api/v1/auth/setup')

  if (setup.data && !setup.data.needs_owner) {
    return (
      <AuthFrame
        title="Already set up"
        description="This instance has an owner, so the setup link no longer works."
      >
        <Button asChild variant="primary">
          <Link to="/login">Sign in</Link>
        </Button>
      </AuthFrame>
    )
  }
  return (
    <AuthFrame title="Welcome to Aether" description="Create the owner account of this instance.">
      <AccountForm
        secretKind="setup_token"
        secret={token}
        secretLabel="Setup token"
        secretHint={
          <>
            Open the link that <code className="font-mono">aether up</code> printed again: it brings the token
            along. Or paste it from the file <code className="font-mono">setup-token</code> in the data
            directory.
          </>
        }
        secretMissing="Enter the setup token, or open the link again."
        action="Create owner account"
      />
    </AuthFrame>
  )
}
