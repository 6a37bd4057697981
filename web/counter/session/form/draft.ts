/** The form as the clerk edits it: saved by itself, merged with what the center changes meanwhile. */
import { onScopeDispose, ref, watch, type Ref } from 'vue'

import type { AffairView } from '@lib/protocol'
import { backOff } from '@lib/socket'

import { Refused, type RefusalCode } from '../../api'
import { useCounter } from '../../counter'
import { merge, same, type Values } from './merge'

const DEBOUNCE_MS = 600
/** How long a save waits for the view that tells its new revision before it tries with what it knows. */
const REVISION_MS = 3000

export type SaveState = 'saved' | 'typing' | 'saving' | 'failed'
export type Put = (revision: number, values: Values) => Promise<unknown>

export class Draft {
  readonly values: Ref<Values> = ref({})
  readonly state: Ref<SaveState> = ref('saved')
  readonly problem: Ref<RefusalCode | null> = ref(null)
  /** Fields whose typed value gave way to the center's. */
  readonly overridden: Ref<string[]> = ref([])

  private base: Values = {}
  private revision = -1
  private waitingView: { values: Values; revision: number } | null = null
  private running: Promise<boolean> | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private newer: (() => void) | null = null

  constructor(private readonly put: Put) {}

  /** The center's newest form. An older or equal revision changes nothing. */
  adopt(values: Values, revision: number): void {
    if (revision <= this.revision) return
    // While a save runs it isn't known yet whether this revision is that save.
    this.waitingView = { values, revision }
    if (!this.running) this.takeView()
    this.newer?.()
  }

  /** The clerk changed a field; it is saved a moment after the last change. */
  set(field: string, value: string): void {
    if ((this.values.value[field] ?? '') === value) return
    this.values.value = { ...this.values.value, [field]: value }
    this.overridden.value = this.overridden.value.filter((one) => one !== field)
    this.state.value = 'typing'
    this.later(DEBOUNCE_MS)
  }

  /** Save now; true when the center has everything. Never rejects. */
  flush(): Promise<boolean> {
    clearTimeout(this.timer)
    this.running ??= this.save().finally(() => {
      this.running = null
      this.takeView()
    })
    return this.running
  }

  /** Stop saving by itself. */
  dispose(): void {
    clearTimeout(this.timer)
  }

  private get clean(): boolean {
    return same(this.values.value, this.base)
  }

  private async save(): Promise<boolean> {
    for (let tries = 0; !this.clean; tries++) {
      const [sent, revision] = [{ ...this.values.value }, this.revision]
      this.state.value = 'saving'
      try {
        await this.put(revision, sent)
        this.base = sent
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        if (error.code !== 'stale_revision' || tries > 4) return this.fail(error.code, tries)
      }
      await this.nextRevision(revision)
      this.takeView()
    }
    this.state.value = 'saved'
    this.problem.value = null
    return true
  }

  private fail(code: RefusalCode, tries: number): false {
    this.state.value = 'failed'
    this.problem.value = code
    this.later(DEBOUNCE_MS + backOff(tries + 3))
    return false
  }

  private takeView(): void {
    const view = this.waitingView
    this.waitingView = null
    if (!view || view.revision <= this.revision) return
    const { values, overridden } = merge(this.base, this.values.value, view.values)
    this.values.value = values
    this.base = { ...view.values }
    this.revision = view.revision
    if (overridden.length > 0) this.overridden.value = overridden
  }

  private nextRevision(after: number): Promise<void> {
    if (this.waitingView && this.waitingView.revision > after) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(done, REVISION_MS)
      const arrived = (): void => done()
      this.newer = arrived
      function done(): void {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  private later(ms: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.flush(), ms)
  }
}

/** The draft of this affair's form, for as long as its page stands; what is unsaved then is saved. */
export function useDraft(affair: () => AffairView): Draft {
  const counter = useCounter()
  const id = affair().affair_id
  const draft = new Draft((revision, values) => counter.api.changeForm(id, { revision, values }))
  watch(
    () => affair().form_revision,
    (revision) => draft.adopt(affair().form, revision),
    { immediate: true },
  )
  const leave = (): void => void draft.flush()
  addEventListener('pagehide', leave)
  onScopeDispose(() => {
    removeEventListener('pagehide', leave)
    draft.dispose()
  })
  return draft
}
