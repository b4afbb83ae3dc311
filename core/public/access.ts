/** The public part of access: its reducer, and the inquiry. */
export {
  type AccessGiven,
  type AccessLost,
  type AccessOutcome,
  type AccessQuestion,
  type AccessState,
  Entry,
  hear,
  initial,
  type Inquiry,
  inquiry,
  type InquiryAbout,
  isQuestion,
  reduce,
  type Said,
  WrittenAccess
} from '../access/index.js'
