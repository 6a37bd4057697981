/** The center's requests, one method each. A refusal becomes a `Refused` with its stable code; words for it are in the message catalogue. */
import type {
  Attribute,
  ClerkAnswer,
  ClerkOffer,
  CommandKind,
  CommandWanted,
  ErrorCode,
  ErrorReply,
  FinishWanted,
  FormChanged,
  IceServers,
  LogIn,
  Mark,
  Region,
  SuggestionAnswer,
} from '@lib/protocol'

export type RefusalCode = ErrorCode | 'unreachable'

/** The center said no, or could not be reached (`unreachable`). */
export class Refused extends Error {
  constructor(readonly code: RefusalCode) {
    super(code)
  }
}

const RELAYS = '/api/ice-servers'
const ANSWER_MS = 15_000
/** A frame of 13 MP is some 4 MB: half a minute at 1 Mbit/s. */
const IMAGE_MS = 90_000
const OFFER_MS = 2500

export class CounterApi {
  private relaysNow: RTCIceServer[] = []
  private relaysUntilMs = 0

  /** `loggedOut` is called whenever an answer says that the log-in is over. */
  constructor(private readonly loggedOut: () => void) {}

  /** Whether this browser's cookie is a log-in that lasts. The answer brings the relays, which are wanted next. */
  async isLoggedIn(): Promise<boolean> {
    const answer = await this.fetch('GET', RELAYS)
    if (answer.status >= 500) throw new Refused('internal')
    if (answer.ok) this.keepRelays(JSON.parse(await read(answer.text())) as IceServers)
    return answer.status !== 401
  }

  logIn(body: LogIn): Promise<void> {
    return this.send('POST', '/api/login', body)
  }

  logOut(): Promise<void> {
    return this.send('POST', '/api/logout')
  }

  /** Gives up soon: on a line that was cut, a new request gets through before one that was under way. */
  offer(body: ClerkOffer): Promise<ClerkAnswer> {
    return this.send('POST', '/api/media', body, OFFER_MS)
  }

  callNext(): Promise<{ affair_id: string }> {
    return this.send('POST', '/api/next')
  }

  /** The relays that this clerk's page may use now; kept until half of their time is over. Never rejects. */
  async relays(): Promise<RTCIceServer[]> {
    if (performance.now() >= this.relaysUntilMs) {
      try {
        this.keepRelays(await this.send('GET', RELAYS, undefined, OFFER_MS))
      } catch {
        return this.relaysNow // the center is away; without it there is no connection either
      }
    }
    return this.relaysNow
  }

  turn(affair: string, how: 'take' | 'release' | 'miss' | 'hold' | 'resume'): Promise<void> {
    return this.send('POST', `${of(affair)}/${how}`)
  }

  /** `material`: which one a page is for; `replaces`: in which page's place it comes; `more`: one after another. */
  order(
    affair: string,
    kind: CommandKind,
    material: string | null,
    replaces: string | null = null,
    more = false,
  ): Promise<{ command_id: string }> {
    const body: CommandWanted = { kind, material_id: material, replaces, more }
    return this.send('POST', `${of(affair)}/commands`, body)
  }

  /** Take what lies there now, for a `take_page` command that runs. */
  pressShutter(affair: string, command: string): Promise<void> {
    return this.send('POST', `${of(affair)}/commands/${encodeURIComponent(command)}/shutter`)
  }

  withdraw(affair: string, command: string): Promise<void> {
    return this.send('DELETE', `${of(affair)}/commands/${encodeURIComponent(command)}`)
  }

  seeIdentity(affair: string): Promise<void> {
    return this.send('POST', `${of(affair)}/identity/visual`)
  }

  changeForm(affair: string, body: FormChanged): Promise<void> {
    return this.send('PUT', `${of(affair)}/form`, body)
  }

  askSignature(affair: string): Promise<void> {
    return this.send('POST', `${of(affair)}/signature`)
  }

  filePage(affair: string, page: string, material: string | null): Promise<void> {
    return this.send('POST', `${ofPage(affair, page)}/material`, { material_id: material })
  }

  /** Put a page before another one, or last. */
  movePage(affair: string, page: string, before: string | null): Promise<void> {
    return this.send('POST', `${ofPage(affair, page)}/place`, { before })
  }

  /** Show a page turned by so many quarters, clockwise, from how it was taken. */
  turnPage(affair: string, page: string, quarters: number): Promise<void> {
    return this.send('POST', `${ofPage(affair, page)}/turn`, { quarters })
  }

  /** Put on record what was done with a value that was read on a page; the form is changed by `changeForm`. */
  answerSuggestion(affair: string, page: string, attribute: Attribute, answer: SuggestionAnswer): Promise<void> {
    return this.send('POST', `${ofPage(affair, page)}/suggestions`, { attribute, answer })
  }

  markPage(affair: string, page: string, marks: Mark[]): Promise<void> {
    return this.send('PUT', `${ofPage(affair, page)}/marks`, { marks })
  }

  /** Have the booth make a page again out of its frame, within these corners. */
  adjustPage(affair: string, page: string, corners: number[]): Promise<{ command_id: string }> {
    return this.send('POST', `${ofPage(affair, page)}/corners`, { corners })
  }

  /** Have the live picture of the desk show this region. */
  look(affair: string, region: Region): Promise<void> {
    return this.send('POST', `${of(affair)}/region`, region)
  }

  finish(affair: string, body: FinishWanted): Promise<void> {
    return this.send('POST', `${of(affair)}/finish`, body)
  }

  firstFrame(affair: string, afterMs: number): Promise<void> {
    return this.send('POST', `${of(affair)}/first-frame`, { after_ms: Math.max(0, Math.round(afterMs)) })
  }

  /** A page's image as bytes, for the viewer. */
  async image(page: string, part: PagePart): Promise<Blob> {
    const answer = await this.fetch('GET', imagePath(page, part), undefined, IMAGE_MS)
    if (!answer.ok) throw await this.refusal(answer)
    return read(answer.blob())
  }

  private keepRelays({ servers, valid_s }: IceServers): void {
    this.relaysNow = servers
    this.relaysUntilMs = performance.now() + valid_s * 500
  }

  private async send<T>(method: string, path: string, body?: unknown, withinMs = ANSWER_MS): Promise<T> {
    const answer = await this.fetch(method, path, body, withinMs)
    if (!answer.ok) throw await this.refusal(answer)
    const text = await read(answer.text())
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  private async fetch(method: string, path: string, body?: unknown, withinMs = ANSWER_MS): Promise<Response> {
    // what only asks goes without headers of its own, so that what the page's head asked for already is its answer
    const headers: Record<string, string> = method === 'GET' ? {} : { 'X-Bangban': '1' }
    if (body !== undefined) headers['Content-Type'] = 'application/json'
    try {
      return await fetch(path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: 'same-origin',
        signal: AbortSignal.timeout(withinMs),
      })
    } catch {
      throw new Refused('unreachable')
    }
  }

  private async refusal(answer: Response): Promise<Refused> {
    const reply = (await answer.json().catch(() => null)) as ErrorReply | null
    const code = reply?.code ?? (answer.status === 401 ? 'not_logged_in' : 'internal')
    if (answer.status === 401 && code === 'not_logged_in') this.loggedOut()
    return new Refused(code)
  }
}

/** What an answer carries; it can break off, or take too long, after its head has come. */
async function read<T>(body: Promise<T>): Promise<T> {
  try {
    return await body
  } catch {
    throw new Refused('unreachable')
  }
}

export type PagePart = 'light' | 'full' | 'frame'

/** Where the affair's pages, or those of one material, are as one PDF. */
export function pdfPath(affair: string, material: string | null = null): string {
  return `${of(affair)}/pages.pdf${material === null ? '' : `?material=${encodeURIComponent(material)}`}`
}

/** Where a page's image is; the cookie goes with it, so it can stand in an `<img>`. */
export function imagePath(page: string, part: PagePart): string {
  return `/api/pages/${encodeURIComponent(page)}/${part}`
}

function of(affair: string): string {
  return `/api/affairs/${encodeURIComponent(affair)}`
}

function ofPage(affair: string, page: string): string {
  return `${of(affair)}/pages/${encodeURIComponent(page)}`
}
