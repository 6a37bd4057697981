// Generated from the Python types by `make types`; do not edit.

export type Activity =
  | 'idle'
  | 'lay_id_card'
  | 'lay_social_security_card'
  | 'reading_card'
  | 'lay_page'
  | 'taking_page'
  | 'ask_face'
  | 'comparing_face'

export interface AffairView {
  affair_id: string
  ticket_no: string
  ticket_state: TicketState
  session_state: SessionState | null
  case_state: CaseState
  case_no: string | null
  booth: BoothRow
  item: ItemView
  called_at_ms: number | null
  booth_first_frame_ms: number | null
  identities: IdentityView[]
  commands: CommandView[]
  pages: PageView[]
  form: Record<string, string>
  form_revision: number
  missing_fields: string[]
  missing_materials: string[]
  signature: SignatureView
  outcome: Outcome | null
  timeline: TimelineRow[]
  recording_consent: RecordingConsent
  recording: RecordingView | null
}

export interface Ask {
  command_id: string
  kind: CommandKind
  material: Wording | null
}

export type Attribute =
  | 'name'
  | 'sex'
  | 'ethnicity'
  | 'birth_date'
  | 'address'
  | 'number'
  | 'issuer'
  | 'valid_from'
  | 'valid_until'
  | 'card_number'
  | 'relation'
  | 'insurance_number'
  | 'booklet_number'
  | 'phone'

export interface BenchCard {
  card_id: string
  name: Wording
  reader: string
}

export interface BenchCode {
  code_id: string
  name: Wording
}

export interface BenchPage {
  page_id: string
  name: Wording
}

export interface BenchView {
  booth_name: Wording
  cards: BenchCard[]
  pages: BenchPage[]
  codes: BenchCode[]
  laid_card: string | null
  laid_page: string | null
  camera_plugged: boolean
}

export interface BoothRow {
  booth_id: string
  name: Wording
  address: Wording
  online: boolean
  devices: DeviceStatus[]
}

export interface Box {
  x: number
  y: number
  width: number
  height: number
}

export interface CardLostSaid {
  type: 'card_lost_said'
}

export type CaseState =
  | 'draft'
  | 'received'
  | 'supplementing'
  | 'accepted'
  | 'refused'
  | 'withdrawn'
  | 'processing'
  | 'decided'
  | 'delivered'
  | 'archived'

export interface CenterBeat {
  type: 'beat'
  network: NetworkJudged
}

export interface Choice {
  value: string
  name: Wording
}

export interface ClerkAnswer {
  sdp: string
}

export interface ClerkFirstFrame {
  after_ms: number
}

export interface ClerkOffer {
  sdp: string
  tracks: TrackOffer[]
}

export interface ClerkView {
  clerk_id: string
  name: string
  role: string
  counter: string
}

export interface CodeHolder {
  type: 'code_holder'
  name: string
  number: string
  number_valid: boolean
  verified_at_ms: number
}

export interface CodeScanned {
  type: 'code_scanned'
  code: string
}

export type CommandKind =
  | 'read_id_card'
  | 'read_social_security_card'
  | 'take_page'
  | 'remake_page'
  | 'compare_face'

export type CommandState =
  | 'issued'
  | 'done'
  | 'failed'
  | 'withdrawn'

export interface CommandView {
  command_id: string
  kind: CommandKind
  state: CommandState
  issued_at_ms: number
  material_id: string | null
  code: ErrorCode | null
  more: boolean
}

export interface CommandWanted {
  kind: CommandKind
  material_id: string | null
  replaces: string | null
  more: boolean
}

export interface CounterBeat {
  type: 'beat'
  figures: MediaFigures | null
}

export type CounterEvent = CounterView | DeskSeen | CenterBeat

export interface CounterView {
  type: 'view'
  position: number
  center_name: Wording
  clerk: ClerkView
  waiting: TicketRow[]
  missed: TicketRow[]
  booths: BoothRow[]
  affair: AffairView | null
  finished_today: number
}

export interface DeskSeen {
  type: 'desk_seen'
  state: DeskState
  aspect: number
  outlines: Outline[]
  wanted: boolean
  more: boolean
  taken: number
  shots: number
  flaw: FlawKind | null
  trouble: ErrorCode | null
}

export type DeskState =
  | 'empty'
  | 'moving'
  | 'still'
  | 'taken'
  | 'doubt'
  | 'flawed'
  | 'blind'

export type DeviceKind =
  | 'id_card_reader'
  | 'social_security_card_reader'
  | 'document_camera'
  | 'code_scanner'
  | 'face_comparer'

export type DeviceState =
  | 'absent'
  | 'ready'
  | 'busy'
  | 'faulted'

export interface DeviceStatus {
  kind: DeviceKind
  state: DeviceState
  code: ErrorCode | null
}

export interface Disputed {
  type: 'disputed'
}

export type Doubt =
  | 'check_digit'
  | 'readings_differ'
  | 'faint'
  | 'birth_date_differs'
  | 'sex_differs'
  | 'implausible'
  | 'unconfirmed'

export type ErrorCode =
  | 'protocol_version'
  | 'malformed'
  | 'too_large'
  | 'out_of_order'
  | 'unknown_booth'
  | 'bad_proof'
  | 'bad_code'
  | 'replaced'
  | 'backlog_full'
  | 'reader_absent'
  | 'card_absent'
  | 'card_removed'
  | 'card_damaged'
  | 'card_unsupported'
  | 'psam_required'
  | 'camera_absent'
  | 'camera_frozen'
  | 'camera_dark'
  | 'camera_bright'
  | 'camera_unfocused'
  | 'page_not_found'
  | 'page_blurred'
  | 'page_glare'
  | 'page_cut_off'
  | 'page_too_small'
  | 'page_too_dark'
  | 'page_covered'
  | 'page_empty'
  | 'page_in_doubt'
  | 'page_taken'
  | 'frame_gone'
  | 'disk_full'
  | 'device_busy'
  | 'device_failed'
  | 'timed_out'
  | 'booth_restarted'
  | 'booth_offline'
  | 'withdrawn'
  | 'item_unknown'
  | 'affair_unknown'
  | 'already_taken'
  | 'booth_occupied'
  | 'clerk_busy'
  | 'not_yours'
  | 'illegal_transition'
  | 'stale_revision'
  | 'form_incomplete'
  | 'material_missing'
  | 'not_signed'
  | 'code_unverifiable'
  | 'code_expired'
  | 'code_unanswered'
  | 'comparer_absent'
  | 'photo_absent'
  | 'face_not_found'
  | 'consent_declined'
  | 'wrong_offset'
  | 'wrong_hash'
  | 'page_unknown'
  | 'not_an_image'
  | 'not_logged_in'
  | 'wrong_password'
  | 'too_many_attempts'
  | 'internal'

export interface ErrorReply {
  code: ErrorCode
}

export interface FaceAdvice {
  type: 'face_advice'
  score: number
  alike: boolean
}

export interface FaceAgreed {
  type: 'face_agreed'
  picture: string
}

export interface FaceDeclined {
  type: 'face_declined'
}

export type FieldKind =
  | 'text'
  | 'number'
  | 'phone'
  | 'date'
  | 'choice'

export interface FinishWanted {
  outcome: Outcome
  message: string
}

export interface Flaw {
  kind: FlawKind
  where: Box[]
}

export type FlawKind =
  | 'blurred'
  | 'glare'
  | 'cut_off'
  | 'too_small'
  | 'too_dark'
  | 'covered'
  | 'empty'

export interface FormChanged {
  revision: number
  values: Record<string, string>
}

export interface FormField {
  field_id: string
  label: Wording
  kind: FieldKind
  required: boolean
  choices: Choice[]
  fill_from: string | null
  default: string
}

export interface FormLine {
  field_id: string
  label: Wording
  value: string
}

export interface FormShown {
  revision: number
  form_sha256: string
  lines: FormLine[]
}

export interface GradeGiven {
  type: 'grade_given'
  grade: number
}

export interface IceServer {
  urls: string[]
  username: string
  credential: string
}

export interface IceServers {
  type: 'ice_servers'
  servers: IceServer[]
  valid_s: number
}

export interface IdCard {
  type: 'id_card'
  name: string
  sex: Sex
  ethnicity: string
  birth_date: string | null
  address: string
  number: string
  number_valid: boolean
  issuer: string
  valid_from: string | null
  valid_until: string | null
  long_term: boolean
  added_address: string
}

export type IdentitySource =
  | 'id_card'
  | 'residence_permit'
  | 'permanent_resident_card'
  | 'social_security_card'
  | 'suishen_code'
  | 'clerk_visual'
  | 'face_local'

export interface IdentityView {
  source: IdentitySource
  at_ms: number
  card: IdCard | ResidencePermit | PermanentResidentCard | SocialSecurityCard | CodeHolder | FaceAdvice | null
  booth_id: string | null
  device: DeviceKind | null
  insertion: number | null
  photo: boolean
}

export interface ItemChosen {
  type: 'item_chosen'
  item_id: string
}

export interface ItemSummary {
  item_id: string
  name: Wording
  summary: Wording
  minutes: number
  bring: Wording[]
}

export interface ItemView {
  item_id: string
  version: string
  name: Wording
  guide: Wording[]
  fields: FormField[]
  materials: MaterialRequirement[]
}

export type KioskAction = Touched | ItemChosen | WentBack | CardLostSaid | CodeScanned | FaceAgreed | FaceDeclined | Signed | Disputed | ReceiptRead | GradeGiven | RatingSkipped | RecordingAnswered | Left | KioskOffer | KioskFirstFrame | KioskMediaReport

export interface KioskAnswer {
  type: 'media_answer'
  offer_id: string
  sdp: string
}

export type KioskEvent = KioskView | KioskAnswer | KioskOfferFailed | KioskMediaClosed | DeskSeen | NetworkJudged | IceServers

export interface KioskFirstFrame {
  type: 'first_frame'
  affair_id: string
  after_ms: number
}

export interface KioskMediaClosed {
  type: 'media_closed'
}

export interface KioskMediaReport {
  type: 'media_report'
  figures: MediaFigures
}

export interface KioskOffer {
  type: 'media_offer'
  offer_id: string
  sdp: string
  tracks: TrackOffer[]
}

export interface KioskOfferFailed {
  type: 'media_refused'
  offer_id: string
  code: ErrorCode | null
}

export interface KioskView {
  type: 'view'
  state: VisitState
  link_up: boolean
  booth_name: Wording
  center_name: Wording
  items: ItemSummary[]
  devices: DeviceStatus[]
  activity: Activity
  item_id: string | null
  requesting: boolean
  visit: Visit | null
  problem: ErrorCode | null
  leaves_at_ms: number | null
  preview: boolean
}

export interface Left {
  type: 'left'
}

export interface LogIn {
  name: string
  password: string
}

export interface Mark {
  kind: MarkKind
  points: number[]
  text: string
}

export type MarkKind =
  | 'pen'
  | 'box'
  | 'note'

export interface MaterialRequirement {
  material_id: string
  name: Wording
  required: boolean
  note: Wording | null
}

export interface MediaFigures {
  lost_in_permille: number
  lost_out_permille: number
  round_trip_ms: number | null
  received_kbps: number
  sent_kbps: number
  freezes: number
}

export type NetworkGrade =
  | 'good'
  | 'slow'
  | 'lost'

export interface NetworkJudged {
  type: 'network_judged'
  booth: NetworkGrade
  clerk: NetworkGrade
}

export type Outcome =
  | 'accepted'
  | 'refused'
  | 'withdrawn'

export interface Outline {
  corners: number[]
}

export interface PageAdjusted {
  corners: number[]
}

export interface PageFiled {
  material_id: string | null
}

export type PageKind =
  | 'id_card_front'
  | 'id_card_back'
  | 'household_register'
  | 'medical_booklet'
  | 'social_security_card'
  | 'form'
  | 'other'

export interface PageMarked {
  marks: Mark[]
}

export interface PageMoved {
  before: string | null
}

export type PageState =
  | 'announced'
  | 'light'
  | 'stored'

export interface PageTurned {
  quarters: number
}

export interface PageView {
  page_id: string
  state: PageState
  material_id: string | null
  width_px: number
  height_px: number
  size_bytes: number
  received_bytes: number
  sha256: string
  taken_at_ms: number
  flat: boolean
  device: string
  session: number
  previous_sha256: string | null
  turn: number
  marks: Mark[]
  replaced_by: string | null
  size: string | null
  seen_dpi: number
  turned: number
  upright: boolean
  flaws: Flaw[]
  has_frame: boolean
  corners: number[] | null
  reading: ReadingView
}

export interface PermanentResidentCard {
  type: 'permanent_resident_card'
  version: PermanentResidentCardVersion
  name_en: string
  name: string
  sex: Sex
  nationality: string
  birth_date: string | null
  number: string
  number_valid: boolean
  valid_from: string | null
  valid_until: string | null
  authority: string
  renewals: string
  long_term: boolean
}

export type PermanentResidentCardVersion =
  | '2017'
  | '2023'

export interface RatingSkipped {
  type: 'rating_skipped'
}

export type ReadingState =
  | 'pending'
  | 'read'
  | 'unread'

export interface ReadingView {
  state: ReadingState
  kind: PageKind | null
  quarter_turns: number
  suggestions: Suggestion[]
}

export interface ReceiptRead {
  type: 'receipt_read'
}

export interface RecordingAnswered {
  type: 'recording_answered'
  agreed: boolean
}

export type RecordingConsent =
  | 'none'
  | 'asked'
  | 'given'
  | 'refused'

export type RecordingFault =
  | 'no_packets'
  | 'disk_full'
  | 'disk_failed'
  | 'writer_slow'
  | 'forwarder_lost'
  | 'nothing_recorded'

export type RecordingState =
  | 'requested'
  | 'recording'
  | 'stalled'
  | 'sealed'
  | 'failed'

export interface RecordingView {
  state: RecordingState
  since_ms: number | null
  fault: RecordingFault | null
}

export interface Region {
  x: number
  y: number
  span: number
}

export interface ResidencePermit {
  type: 'residence_permit'
  name: string
  sex: Sex
  birth_date: string | null
  address: string
  number: string
  number_valid: boolean
  issuer: string
  valid_from: string | null
  valid_until: string | null
  pass_number: string
  issues: string
  long_term: boolean
  added_address: string
}

export type SessionState =
  | 'connecting'
  | 'live'
  | 'interrupted'
  | 'ended'

export type Sex =
  | 'unknown'
  | 'male'
  | 'female'
  | 'unstated'

export type SignatureState =
  | 'none'
  | 'asked'
  | 'signed'
  | 'disputed'

export interface SignatureView {
  state: SignatureState
  strokes: number[][]
  signed_at_ms: number | null
}

export interface Signed {
  type: 'signed'
  form_sha256: string
  strokes: number[][]
}

export interface SocialSecurityCard {
  type: 'social_security_card'
  version: string
  card_number: string
  name: string | null
  number: string | null
  number_valid: boolean
  sex: Sex
  birth_date: string | null
  issued: string | null
  expires: string | null
  psam_required: boolean
  bank_number: string | null
}

export interface Suggestion {
  attribute: Attribute
  value: string
  box: TextBox
  doubts: Doubt[]
  field_id: string | null
  differs_from_card: boolean
  answer: SuggestionAnswer | null
}

export type SuggestionAnswer =
  | 'taken'
  | 'ignored'

export interface SuggestionAnswered {
  attribute: Attribute
  answer: SuggestionAnswer
}

export interface TextBox {
  left: number
  top: number
  right: number
  bottom: number
}

export interface TicketRow {
  affair_id: string
  ticket_no: string
  state: TicketState
  item_name: Wording
  booth_id: string
  booth_name: Wording
  booth_online: boolean
  waiting_since_ms: number
}

export type TicketState =
  | 'waiting'
  | 'called'
  | 'connecting'
  | 'serving'
  | 'held'
  | 'finished'
  | 'missed'
  | 'abandoned'
  | 'transferred'

export interface TimelineRow {
  at_ms: number
  kind: string
}

export interface Touched {
  type: 'touched'
}

export type TrackDirection =
  | 'publish'
  | 'subscribe'

export type TrackName =
  | 'face'
  | 'voice'
  | 'document'
  | 'clerk_face'
  | 'clerk_voice'

export interface TrackOffer {
  mid: string
  track: TrackName
  direction: TrackDirection
}

export interface Visit {
  affair_id: string
  ticket_no: string
  item_id: string
  item_name: Wording
  ticket_state: TicketState
  ahead: number
  session_state: SessionState | null
  clerk_name: string | null
  counter: string | null
  asks: Ask[]
  form: FormShown | null
  signature: SignatureState
  pages: number
  outcome: Outcome | null
  case_no: string | null
  message: string | null
  rated: boolean
  recording_consent: RecordingConsent
  recording: RecordingState | null
  must_record: boolean
}

export type VisitState =
  | 'welcome'
  | 'choose'
  | 'identify'
  | 'wait'
  | 'serve'
  | 'sign'
  | 'receipt'
  | 'rate'
  | 'wipe'

export interface WentBack {
  type: 'went_back'
}

export interface Wording {
  zh: string
  en: string
}
