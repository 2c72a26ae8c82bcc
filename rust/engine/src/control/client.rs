//! The side of whoever wants something of the process that holds a directory.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use bealert_core::model::CampaignId;
use thiserror::Error;

use super::frame::{read_head, write_body, write_head};
use super::message::{Answer, CommandName, Request};
use super::socket;
use crate::engine::{SLICE, Waiter};
use crate::error::EngineError;
use crate::plan::Plan;

/// Why the holder did not do it, or was not asked.
#[derive(Debug, Clone, Error)]
pub enum ControlError {
    /// No process holds the directory.
    #[error("no process sends from {}; start `bealert run`, or open an engine on it", .0.display())]
    NobodySends(PathBuf),
    /// The holder refuses, as it would refuse its own caller.
    #[error(transparent)]
    Holder(#[from] EngineError),
    /// Something between here and there went wrong; whether it was done, the launch key or the campaign's state
    /// tells.
    #[error("the process that holds the directory could not be asked: {0}")]
    Failed(String),
}

/// A connection to the process that holds a directory.
#[derive(Debug)]
pub struct ControlClient {
    stream: UnixStream,
}

impl ControlClient {
    /// Connects.
    ///
    /// # Errors
    /// [`ControlError::NobodySends`], [`ControlError::Failed`].
    pub fn connect(directory: &Path) -> Result<Self, ControlError> {
        let stream = socket::connect(directory).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                ControlError::NobodySends(directory.to_owned())
            }
            _ => failed(&error),
        })?;
        let patient = |error| failed(&error);
        stream.set_read_timeout(Some(SLICE)).map_err(patient)?;
        stream.set_write_timeout(Some(SLICE)).map_err(patient)?;
        Ok(Self { stream })
    }

    /// Launches a plan there; durable when it returns, safe to repeat with the same key.
    ///
    /// # Errors
    /// [`ControlError`]. After [`EngineError::Interrupted`] the launch may go on.
    pub fn launch(
        &mut self,
        plan: &Plan,
        by: &str,
        key: &str,
        waiter: Waiter<'_>,
    ) -> Result<CampaignId, ControlError> {
        let request = Request::Launch { by: by.to_owned(), key: key.to_owned() };
        self.ask(&request, &plan.to_bytes(), waiter).map(CampaignId)
    }

    /// Pauses, resumes or cancels a campaign there; durable when it returns.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn command(
        &mut self,
        command: CommandName,
        id_or_key: &str,
        waiter: Waiter<'_>,
    ) -> Result<(), ControlError> {
        let request = Request::Command { command, campaign: id_or_key.to_owned() };
        self.ask(&request, &[], waiter).map(drop)
    }

    /// The id of the process that holds the directory.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn ping(&mut self, waiter: Waiter<'_>) -> Result<u32, ControlError> {
        self.ask(&Request::Ping, &[], waiter)
    }

    fn ask(&mut self, request: &Request, body: &[u8], waiter: Waiter<'_>) -> Result<u32, ControlError> {
        let mut patient = Patient { stream: &self.stream, waiter, gave_up: false };
        let asked = write_head(&mut patient, request).and_then(|()| write_body(&mut patient, body));
        // One that refuses before it has read all has answered, too.
        let answer = match read_head(&mut patient) {
            Ok(None) => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            Ok(Some(answer)) => Ok(answer),
            Err(error) => Err(asked.err().unwrap_or(error)),
        };
        if patient.gave_up {
            return Err(EngineError::Interrupted.into());
        }
        match answer {
            Ok(Answer::Ok(number)) => Ok(number),
            Ok(Answer::Error(refusal)) => {
                Err(refusal.error().map_or_else(ControlError::Failed, ControlError::Holder))
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(ControlError::Failed("it ended meanwhile; ask again, with the same key".to_owned()))
            }
            Err(error) => Err(failed(&error)),
        }
    }
}

/// Waits as long as its waiter does.
struct Patient<'a> {
    stream: &'a UnixStream,
    waiter: Waiter<'a>,
    gave_up: bool,
}

impl Patient<'_> {
    fn wait(&mut self, mut work: impl FnMut(&UnixStream) -> io::Result<usize>) -> io::Result<usize> {
        loop {
            match work(self.stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            self.gave_up |= !(self.waiter)();
            if self.gave_up {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wait(|mut stream| stream.read(buffer))
    }
}

impl Write for Patient<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.wait(|mut stream| stream.write(buffer))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn failed(error: &io::Error) -> ControlError {
    ControlError::Failed(error.to_string())
}
