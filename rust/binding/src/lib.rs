//! `bealert_engine._engine`: the engine for Python. Conversions only; nothing is decided here.
//!
//! Calls that block release the interpreter and take it every 50 ms for signals. No thread of the
//! engine ever enters the interpreter: events and progress ring a descriptor, log records are
//! fetched by a Python thread.

mod control;
mod engine;
mod error;
mod events;
mod ledger;
mod mail;
mod owned;
mod people;
mod plan;
mod planner;
mod relay;
mod report;
mod rows;
mod smsc;
mod stop;
mod verify;
mod waiting;
mod watch;
mod world;

/// The module as Python sees it.
#[pyo3::pymodule]
mod _engine {
    #[pymodule_export]
    use crate::control::{control, control_launch};
    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::events::Subscription;
    #[pymodule_export]
    use crate::ledger::Ledger;
    #[pymodule_export]
    use crate::mail::mail_problem;
    #[pymodule_export]
    use crate::plan::Plan;
    #[pymodule_export]
    use crate::planner::{Planner, planner};
    #[pymodule_export]
    use crate::relay::Relay;
    #[pymodule_export]
    use crate::report::Report;
    #[pymodule_export]
    use crate::smsc::Smsc;
    #[pymodule_export]
    use crate::stop::Stop;
    #[pymodule_export]
    use crate::verify::verify;
    #[pymodule_export]
    use crate::watch::Watch;
    #[pymodule_export]
    use crate::world::World;
}
