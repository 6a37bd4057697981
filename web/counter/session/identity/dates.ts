/** Whether an ISO date is before today, by this machine's calendar; a card is good through its last day. */
export function isPast(date: string | null, now: Date = new Date()): boolean {
  if (!date) return false
  const today = [now.getFullYear(), now.getMonth() + 1, now.getDate()]
    .map((part, i) => String(part).padStart(i === 0 ? 4 : 2, '0'))
    .join('-')
  return date < today
}
