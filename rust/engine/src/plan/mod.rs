//! What happens between an audience and a launch: addresses are judged, languages chosen, messages rendered, senders
//! checked, blocks filled. Nothing here has side effects, and whatever is wrong is said here, before anything is
//! sent.

mod bytes;
mod digest;
mod finished;
mod frozen;
mod ids;
mod language;
mod numbers;
mod plain;
mod planner;
mod problems;
mod recipient;
mod sender;
mod templates;
mod values;

pub use bytes::PlanBytesError;
pub use finished::{ChannelPlan, Example, Excluded, Plan};
pub(crate) use frozen::{Frozen, FrozenEmail, person as person_values};
pub use language::Languages;
pub use numbers::{NumberProblem, Numbers, UnknownCountry};
pub(crate) use plain::Piece;
pub use planner::Planner;
pub use problems::PlanRefused;
pub use recipient::RecipientIn;
pub use sender::{SenderProblem, judge_sender};
pub use templates::{Content, RenderProblem, TemplateProblem};
pub use values::Values;
