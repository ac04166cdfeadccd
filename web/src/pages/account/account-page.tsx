import { usePageTitle } from '@/hooks/use-page-title'
import { useRights } from '@/hooks/use-session'
import { useSignOut } from '@/hooks/use-sign-out'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { PageHeader } from '@/ui/page-header'
import { InvitationsCard } from './invitations-card'
import { PasswordCard } from './password-card'
import { ProfileCard } from './profile-card'
import { SessionsCard } from './sessions-card'
import { TokensCard } from './tokens-card'

export function AccountPage() {
  usePageTitle('Account')
  const { user, canWrite } = useRights()
  const signOut = useSignOut()
  if (!user) return null
  return (
    <div className="mx-auto max-w-3xl">
      <PageHeader title="Account" actions={<Button onClick={signOut}>Sign out</Button>} />
      <div className="flex flex-col gap-6">
        <ProfileCard />
        <PasswordCard />
        <SessionsCard />
        <TokensCard />
        {canWrite && <InvitationsCard />}
        <Card>
          <CardHeader
            title="Use the API"
            description="The dashboard's own API, for the aether CLI, curl or anything else. Put a token in AETHER_TOKEN."
          />
          <pre className="whitespace-pre-wrap break-words p-5 font-mono text-[13px] text-ink-2 leading-6">
            {`curl ${location.origin}/api/v1/projects \\\n  -H "Authorization: Bearer $AETHER_TOKEN"`}
          </pre>
        </Card>
      </div>
    </div>
  )
}
