/** The reducer of access, and what finds out who may push, as others see them. */
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
