import type { BenchCard } from '@lib/protocol'

/** Which picture stands for a card. */
export type Face = 'id' | 'permit' | 'resident' | 'social'

/** By the reader, and by the id's first word: the bench knows no more of a card than its name. */
export function faceOf(card: BenchCard): Face {
  if (card.reader === 'social_security_card_reader') return 'social'
  const kind = card.card_id.split('-')[0]
  return kind === 'permit' || kind === 'resident' ? kind : 'id'
}
