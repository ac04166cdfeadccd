import type { FormEvent, ReactNode } from 'react'
import type { Problem } from '@/api/problem'
import { ProblemNotice } from '@/components/problem-notice'
import { useRights } from '@/hooks/use-session'
import { Button } from '@/ui/button'
import { Card, CardFooter, CardHeader } from '@/ui/card'

/** A form in a card with its one "Save". */
export function SettingsCard(props: {
  title: string
  description?: ReactNode
  note?: ReactNode
  dirty: boolean
  pending: boolean
  problem: Problem | null
  onSubmit: (event: FormEvent) => void
  children: ReactNode
}) {
  const { canWrite } = useRights()
  return (
    <Card>
      <form onSubmit={props.onSubmit} noValidate>
        <CardHeader title={props.title} description={props.description} />
        <fieldset disabled={!canWrite} className="flex flex-col gap-5 p-5">
          {props.children}
          {props.problem && props.problem.errors.length === 0 && <ProblemNotice error={props.problem} />}
        </fieldset>
        <CardFooter>
          <span>{props.note ?? 'Takes effect on the next deployment.'}</span>
          <Button
            type="submit"
            variant="primary"
            size="sm"
            disabled={!props.dirty || !canWrite}
            loading={props.pending}
          >
            Save
          </Button>
        </CardFooter>
      </form>
    </Card>
  )
}
