import { exactTime } from '@/lib/time'

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })

/** "Expires 19 Feb 2027": a day to plan for, which a rounded "in 2 months" is not. */
export function Expiry({ at }: { at: string }) {
  return (
    <>
      Expires{' '}
      <time dateTime={at} title={exactTime(at)}>
        {day.format(new Date(at))}
      </time>
    </>
  )
}
