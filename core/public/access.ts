/** The public part of access: its reducer, and the inquiry. */
export {
  type AccessGiven,
  type AccessLost,
  type AccessOutcome,
  type AccessQuestion,
  type AccessState,
  afterAnswer,
  Entry,
  initial,
  type Inquiry,
  inquiry,
  type InquiryAbout,
  type InquiryAnswer,
  isQuestion,
  reduce,
  WrittenAccess
} from '../access/index.js'
