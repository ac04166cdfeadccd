import { TriangleAlert } from 'lucide-react'
import type { Schemas } from '@/api/client'
import { planKind, planName } from '@/components/plan-facts'
import { sentence } from '@/components/problem-notice'
import { cn } from '@/lib/cn'
import { Badge, type Tone } from '@/ui/badge'
import { Card, CardHeader } from '@/ui/card'
import { Notice } from '@/ui/notice'
import { Prose } from '@/ui/prose'

type Plan = Schemas['BuildPlan']

const CONFIDENCE: Record<Plan['confidence'], { tone: Tone; says: string }> = {
  high: { tone: 'ok', says: 'certain' },
  medium: { tone: 'info', says: 'likely' },
  low: { tone: 'warn', says: 'a guess' },
}

/** What was found in the repository: every app and every way to build it, with the reasons. */
export function CandidateChoice(props: {
  detection: Schemas['Detection']
  skipped: boolean
  chosen: number
  onChoose: (index: number) => void
}) {
  const { candidates, explanation } = props.detection
  if (candidates.length === 0) {
    return (
      <Notice
        tone={props.skipped ? 'info' : 'warn'}
        title={
          props.skipped
            ? 'Decided at the first build'
            : (explanation?.title ?? 'Nothing was recognised in this repository')
        }
      >
        {explanation && (
          <p>
            <Prose>{sentence(explanation.detail)}</Prose>
          </p>
        )}
        <p className={explanation ? 'mt-1 text-ink' : ''}>
          <Prose>
            {explanation?.hint
              ? sentence(explanation.hint)
              : 'Fill in the commands below, or leave them empty and let the build find out.'}
          </Prose>
        </p>
      </Notice>
    )
  }
  const several = candidates.length > 1
  return (
    <Card>
      <CardHeader
        title={several ? 'What should be deployed?' : 'Detected'}
        description={several ? 'Best match first. Each one can be a project of its own.' : undefined}
      />
      <fieldset className="flex flex-col divide-y">
        <legend className="sr-only">What should be deployed?</legend>
        {candidates.map((plan, index) => (
          <Candidate
            // biome-ignore lint/suspicious/noArrayIndexKey: the list of one dry run never changes.
            key={index}
            plan={plan}
            selectable={several}
            selected={index === props.chosen}
            onSelect={() => props.onChoose(index)}
          />
        ))}
      </fieldset>
    </Card>
  )
}

function Candidate(props: { plan: Plan; selectable: boolean; selected: boolean; onSelect: () => void }) {
  const { plan } = props
  const confidence = CONFIDENCE[plan.confidence]
  const Tag = props.selectable ? 'label' : 'div'
  return (
    <div className={cn('px-5 py-4', props.selectable && props.selected && 'bg-accent/6')}>
      <Tag className={cn('flex items-start gap-3', props.selectable && 'cursor-pointer')}>
        {props.selectable && (
          <input
            type="radio"
            name="candidate"
            checked={props.selected}
            onChange={props.onSelect}
            className="mt-1 size-4 accent-accent-strong"
          />
        )}
        <span className="min-w-0 flex-1">
          <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <span className="font-medium">{plan.name ?? planName(plan)}</span>
            <span className="text-ink-2 text-sm">
              {plan.name && `${planName(plan)} · `}
              {planKind(plan)}
              {plan.package_manager && ` · ${plan.package_manager}`}
            </span>
            <Badge tone={confidence.tone}>{confidence.says}</Badge>
          </span>
          {plan.root_dir !== '.' && (
            <span className="mt-0.5 block text-ink-3 text-sm">
              in <code className="font-mono text-[13px]">{plan.root_dir}</code>
            </span>
          )}
        </span>
      </Tag>
      {props.selected && <Reasons plan={plan} indented={props.selectable} />}
    </div>
  )
}

function Reasons({ plan, indented }: { plan: Plan; indented: boolean }) {
  return (
    <div className={cn('mt-3 text-sm', indented && 'pl-7')}>
      <ul className="grid grid-cols-[fit-content(45%)_minmax(0,1fr)] gap-x-3 gap-y-1 text-ink-2">
        {plan.evidence?.map((item) => (
          <li key={item.file + item.says} className="col-span-2 grid grid-cols-subgrid items-baseline">
            <code className="break-words font-mono text-[13px] text-ink">{item.file}</code>
            <span>{item.says}</span>
          </li>
        ))}
      </ul>
      {plan.warnings?.map((warning) => (
        <p key={warning} className="mt-2 flex gap-2 text-warn">
          <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
          {warning}
        </p>
      ))}
    </div>
  )
}
