/** Two proofs of who the resident is, laid beside each other. */
import type { IdentityView } from '@lib/protocol'

export interface Side {
  source: IdentityView['source']
  name: string | null
  number: string | null
}

/** What each proof says, when two of them name different people; nothing when they agree or only one says anything. */
export function disagreeing(identities: readonly IdentityView[]): Side[] {
  const sides = identities
    .map(({ source, card }) => ({ source, says: card?.type === 'face_advice' ? null : card }))
    .map(({ source, says }) => ({ source, name: says?.name?.trim() || null, number: says?.number?.trim() || null }))
    .filter(({ name, number }) => name !== null || number !== null)
  const names = new Set(sides.map(({ name }) => name).filter((name) => name !== null))
  const numbers = new Set(sides.map(({ number }) => number?.toUpperCase()).filter((number) => number !== undefined))
  return names.size > 1 || numbers.size > 1 ? sides : []
}

/** Whether anything but an eye says who the resident is, the clerk's or a program's. */
export function isDocumented(identities: readonly IdentityView[]): boolean {
  return identities.some(({ source }) => source !== 'clerk_visual' && source !== 'face_local')
}
