import { Link } from '@tanstack/react-router'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'

/** In place of a webhook and a key: there is nothing to enter anywhere. */
export function ThroughApp({ repository }: { repository: string }) {
  return (
    <Card>
      <CardHeader
        title="GitHub App"
        description={
          <>
            Gives access to <strong className="font-medium text-ink">{repository}</strong> and reports its
            pushes. Changing the repository URL under General disconnects it.
          </>
        }
        actions={
          <Button asChild size="sm">
            <Link to="/github">Manage</Link>
          </Button>
        }
      />
    </Card>
  )
}
