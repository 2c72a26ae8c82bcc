//! What a simulated far end is to the loop that serves it.

use std::io;

pub use bealert_sim::smsc::ConnectionId;

/// A far end of any protocol, under the session contract with a connection in each call.
pub trait FarEnd: Send + 'static {
    /// What it counts.
    type Books: Copy + Default + Send + 'static;
    /// How it may misbehave.
    type Faults: Clone;
    /// What serves it is called so.
    const NAME: &'static str;

    /// A connection was made; `encrypted` if it has TLS from the start.
    fn connect(&mut self, now_us: u64, encrypted: bool) -> ConnectionId;
    /// How much to read of a connection now; 0 for nothing before something happens.
    fn room(&mut self, now_us: u64, connection: ConnectionId) -> usize;
    /// What one read returned.
    fn receive(&mut self, now_us: u64, connection: ConnectionId, bytes: &[u8]);
    /// What waits to be written.
    fn outgoing(&self, connection: ConnectionId) -> &[u8];
    /// So much of it was.
    fn wrote(&mut self, now_us: u64, connection: ConnectionId, octets: usize);
    /// Whether to begin TLS.
    fn wants_tls(&self, _connection: ConnectionId) -> bool {
        false
    }
    /// TLS is up.
    fn tls_started(&mut self, _now_us: u64, _connection: ConnectionId) {}
    /// Whether to close a connection once all is written.
    fn wants_close(&self, connection: ConnectionId) -> bool;
    /// Whether to break it.
    fn is_reset(&self, connection: ConnectionId) -> bool;
    /// A connection is gone.
    fn disconnected(&mut self, now_us: u64, connection: ConnectionId);
    /// Time has passed.
    fn handle_timeout(&mut self, now_us: u64);
    /// When to say so.
    fn poll_timeout(&self) -> Option<u64>;
    /// Its books, up to date.
    fn books(&self) -> &Self::Books;
    /// How it behaves.
    fn faults(&self) -> &Self::Faults;
    /// Changes that.
    fn set_faults(&mut self, now_us: u64, faults: Self::Faults);
    /// Breaks every connection. Says how many there were.
    fn reset_connections(&mut self) -> usize;
    /// Everything was read, and nothing written yet: what is to be done with files and the like.
    ///
    /// # Errors
    /// What makes it impossible to go on.
    fn before_replies(&mut self, _now_us: u64) -> io::Result<()> {
        Ok(())
    }
}
