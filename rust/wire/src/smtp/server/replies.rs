//! What a session says by itself.

use super::command::CommandError;
use super::event::ServerFault;

/// Code, enhanced code and text of one reply.
pub(super) type Said = (u16, &'static str, &'static str);

pub(super) const DONE: Said = (250, "2.0.0", "Ok");
pub(super) const BYE: Said = (221, "2.0.0", "Bye");
pub(super) const IDLE: Said = (421, "4.4.2", "Waited too long for a command");
pub(super) const MAYBE: Said = (252, "2.5.0", "Send it and see");
pub(super) const HELP: Said = (214, "2.0.0", "RFC 5321");
pub(super) const NOT_DONE: Said = (502, "5.5.1", "Not implemented");
pub(super) const GREET_FIRST: Said = (503, "5.5.1", "Greet first");
pub(super) const NO_SERVICE: Said = (503, "5.5.1", "No service here, say QUIT");
pub(super) const WRONG_GREETING: Said = (500, "5.5.1", "Not the greeting of this protocol");
pub(super) const OUT_OF_ORDER: Said = (503, "5.5.1", "Out of order");
pub(super) const NO_RECIPIENTS: Said = (554, "5.5.1", "No valid recipients");
pub(super) const TOO_LARGE: Said = (552, "5.3.4", "Larger than what is taken here");
pub(super) const TOO_MANY: Said = (452, "4.5.3", "Too many recipients");
pub(super) const NOT_ENCRYPTED: Said = (530, "5.7.0", "Say STARTTLS first");
pub(super) const NOT_AUTHENTICATED: Said = (530, "5.7.0", "Authentication required");
pub(super) const NO_MECHANISM: Said = (504, "5.5.4", "Not a mechanism offered here");
pub(super) const NO_CREDENTIALS: Said = (501, "5.5.2", "Cannot be read");
pub(super) const PIPELINED: Said = (503, "5.5.0", "Improper command pipelining");
pub(super) const NOT_ASCII: Said = (553, "5.6.7", "An address beyond ASCII needs SMTPUTF8");
pub(super) const NOT_OFFERED: Said = (555, "5.5.4", "A parameter that is not offered");
pub(super) const LINE_TOO_LONG: Said = (500, "5.5.2", "Line too long");
pub(super) const BARE_NEWLINE: Said = (500, "5.5.2", "A line ends in CR and LF");

/// What is said to a line that is no command, and what it is called.
pub(super) fn of_error(error: CommandError, verb_is_mail: bool) -> (Said, ServerFault) {
    match error {
        CommandError::Unknown => ((500, "5.5.1", "Not a command"), ServerFault::Unknown),
        CommandError::Characters => ((500, "5.5.2", "Characters that may not be"), ServerFault::Unknown),
        CommandError::Arguments => ((501, "5.5.4", "Bad arguments"), ServerFault::Arguments),
        CommandError::Path if verb_is_mail => ((501, "5.1.7", "Bad sender address"), ServerFault::Path),
        CommandError::Path => ((501, "5.1.3", "Bad recipient address"), ServerFault::Path),
        CommandError::Parameter => (NOT_OFFERED, ServerFault::Parameter),
    }
}
