const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** "1.4 GiB". */
export function bytes(count: number): string {
  let value = Math.max(0, count)
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}
