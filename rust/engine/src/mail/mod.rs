//! Letters: from a scenario's subject, text and HTML to the octets that go over SMTP, and from the octets of a
//! bounce to what became of a letter.
//!
//! A letter is compiled once per language ([`Letters`]): its MIME tree is built, encoded, wrapped and made free of
//! leading dots, with a slot where a value goes. Per recipient only the values are encoded ([`Letters::render`]),
//! on the pool; sending copies segments and values ([`Letter::write`]). Nothing here does I/O.

mod address;
mod bounce;
mod derived;
mod dkim;
mod email;
mod head;
mod html;
mod letters;
mod mailbox;
mod patches;
mod problem;
mod qp;
mod render;
mod settings;
mod slots;
mod template;
mod told;
mod tree;
mod tried;
mod verp;
mod version;
mod words;

pub use address::{AddressProblem, MailAddress, judge};
pub use bounce::{Action, Bounced, NotABounce, Status, read as read_bounce};
pub use dkim::{DkimKey, DkimProblem};
pub use email::{Attachment, EmailText};
pub use letters::{Addressee, Letters, Preview, Shape};
pub use mailbox::{Mailbox, MailboxProblem};
pub use patches::{Letter, Patches};
pub use problem::{LetterProblem, MailProblem, Part};
pub use settings::{Identity, LetterSettings, Unsubscribe};
pub(crate) use tried::Tried;
pub use verp::{Token, Verp, VerpProblem};
