/** Which of the booth's devices a clerk can use just now, and why not. */
import type { AffairView, CommandKind, CommandView, DeviceKind } from '@lib/protocol'

const DEVICE: Record<CommandKind, DeviceKind> = {
  read_id_card: 'id_card_reader',
  read_social_security_card: 'social_security_card_reader',
  take_page: 'document_camera',
  remake_page: 'document_camera',
  compare_face: 'face_comparer',
}

export type Hindrance = 'not_serving' | 'booth_offline' | 'running' | 'absent' | 'faulted'

/** Why the command can't be given now; null when it can. A device that the booth doesn't report is absent. */
export function hindrance(affair: AffairView, serving: boolean, kind: CommandKind): Hindrance | null {
  if (!affair.booth.online) return 'booth_offline'
  if (!serving) return 'not_serving'
  if (affair.commands.some((command) => command.kind === kind && command.state === 'issued')) return 'running'
  const device = affair.booth.devices.find((one) => one.kind === DEVICE[kind])
  if (!device || device.state === 'absent') return 'absent'
  return device.state === 'faulted' ? 'faulted' : null
}

/** What is worth showing: every command that waits, and the last one of each kind when it failed. */
export function worthShowing(commands: readonly CommandView[]): CommandView[] {
  const newest = new Map<CommandKind, CommandView>()
  for (const command of commands) {
    const known = newest.get(command.kind)
    if (!known || command.issued_at_ms >= known.issued_at_ms) newest.set(command.kind, command)
  }
  return commands.filter(
    (command) => command.state === 'issued' || (command.state === 'failed' && newest.get(command.kind) === command),
  )
}
