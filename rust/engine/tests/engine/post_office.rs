//! The simulated relay on loopback, in plain or with TLS.

#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use bealert_sim::relay::{Books, ConnectionId, Faults, RelayConfig, RelaySim};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{HandshakeKind, ServerConfig, ServerConnection};

/// How a relay is encrypted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    None,
    StartTls,
    Implicit,
}

pub(crate) struct PostOffice {
    pub port: u16,
    /// The certificate, as a gateway's `ca` takes it.
    pub ca: String,
    sim: Arc<Mutex<RelaySim>>,
    nagle: Arc<AtomicBool>,
    /// Handshakes that took up an earlier connection's session.
    pub resumed: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl PostOffice {
    pub(crate) fn start(config: RelayConfig) -> Self {
        Self::start_encrypted(config, Encryption::None, "127.0.0.1")
    }

    /// With a certificate for this name.
    pub(crate) fn start_encrypted(config: RelayConfig, encryption: Encryption, name: &str) -> Self {
        let params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        Self::start_certified(config, encryption, params)
    }

    /// With this certificate, which signs itself.
    pub(crate) fn start_certified(
        mut config: RelayConfig,
        encryption: Encryption,
        params: rcgen::CertificateParams,
    ) -> Self {
        let signing_key = rcgen::KeyPair::generate().unwrap();
        let cert = params.self_signed(&signing_key).unwrap();
        let ca = cert.pem();
        let tls = Arc::new(server_config(&rcgen::CertifiedKey { cert, signing_key }));
        config.extensions.starttls = encryption == Encryption::StartTls;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sim, stop) = (Arc::new(Mutex::new(RelaySim::new(config))), Arc::new(AtomicBool::new(false)));
        let nagle = Arc::new(AtomicBool::new(false));
        let resumed = Arc::new(AtomicU64::new(0));
        let served = Served {
            sim: Arc::clone(&sim),
            stop: Arc::clone(&stop),
            nagle: Arc::clone(&nagle),
            resumed: Arc::clone(&resumed),
            tls,
            encryption,
        };
        thread::spawn(move || serve(&listener, &served));
        Self { port, ca, sim, nagle, resumed, stop }
    }

    /// With Nagle's algorithm on, as a server has it that does not think of it.
    pub(crate) fn start_with_nagle(config: RelayConfig) -> Self {
        let office = Self::start(config);
        office.nagle.store(true, Ordering::Relaxed);
        office
    }

    pub(crate) fn faulty(faults: Faults) -> Self {
        Self::start(RelayConfig { faults, ..RelayConfig::default() })
    }

    pub(crate) fn books(&self) -> Books {
        *self.sim().books()
    }

    pub(crate) fn sim(&self) -> MutexGuard<'_, RelaySim> {
        self.sim.lock().unwrap()
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        self.sim().set_faults(faults);
    }
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn server_config(certified: &rcgen::CertifiedKey<rcgen::KeyPair>) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let certificate = CertificateDer::from(certified.cert.der().to_vec());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

struct Line {
    socket: TcpStream,
    tls: Option<Box<ServerConnection>>,
    gone: bool,
}

struct Served {
    sim: Arc<Mutex<RelaySim>>,
    stop: Arc<AtomicBool>,
    nagle: Arc<AtomicBool>,
    resumed: Arc<AtomicU64>,
    tls: Arc<ServerConfig>,
    encryption: Encryption,
}

fn serve(listener: &TcpListener, served: &Served) {
    let Served { sim, stop, nagle, resumed, tls, encryption } = served;
    let origin = Instant::now();
    let now = || 1_000_000 + origin.elapsed().as_micros() as u64;
    let mut lines: HashMap<ConnectionId, Line> = HashMap::new();
    let mut buffer = vec![0; 256 * 1024];
    while !stop.load(Ordering::Relaxed) {
        let mut busy = false;
        while let Ok((socket, _)) = listener.accept() {
            socket.set_nonblocking(true).unwrap();
            socket.set_nodelay(!nagle.load(Ordering::Relaxed)).unwrap();
            let implicit = *encryption == Encryption::Implicit;
            let connection = sim.lock().unwrap().connect(now(), implicit);
            let tls = implicit.then(|| Box::new(ServerConnection::new(Arc::clone(tls)).unwrap()));
            lines.insert(connection, Line { socket, tls, gone: false });
            busy = true;
        }
        let mut sim = sim.lock().unwrap();
        if sim.poll_timeout().is_some_and(|at_us| at_us <= now()) {
            sim.handle_timeout(now());
        }
        for (connection, line) in &mut lines {
            busy |= line.read(&mut sim, *connection, now(), &mut buffer);
            line.write(&mut sim, *connection, now());
            if sim.wants_tls(*connection) && sim.outgoing(*connection).is_empty() {
                line.tls = Some(Box::new(ServerConnection::new(Arc::clone(tls)).unwrap()));
                sim.tls_started(now(), *connection);
            }
            if sim.is_reset(*connection) {
                let _ = socket2::SockRef::from(&line.socket).set_linger(Some(Duration::ZERO));
                line.gone = true;
            }
            line.gone |= sim.wants_close(*connection) && sim.outgoing(*connection).is_empty();
            if line.gone {
                let kind = line.tls.as_ref().and_then(|tls| tls.handshake_kind());
                resumed.fetch_add(u64::from(kind == Some(HandshakeKind::Resumed)), Ordering::Relaxed);
                sim.disconnected(now(), *connection);
            }
        }
        drop(sim);
        lines.retain(|_, line| !line.gone);
        if !busy {
            thread::sleep(Duration::from_micros(200));
        }
    }
}

impl Line {
    fn read(&mut self, sim: &mut RelaySim, id: ConnectionId, now_us: u64, buffer: &mut [u8]) -> bool {
        let room = sim.room(now_us, id).min(buffer.len());
        if room == 0 {
            return false;
        }
        let read = match &mut self.tls {
            None => self.socket.read(&mut buffer[..room]),
            Some(tls) => read_tls(tls, &mut self.socket, &mut buffer[..room]),
        };
        match read {
            Ok(0) => self.gone = true,
            Ok(read) => {
                sim.receive(now_us, id, &buffer[..read]);
                return true;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.gone = true,
        }
        false
    }

    fn write(&mut self, sim: &mut RelaySim, id: ConnectionId, now_us: u64) {
        loop {
            let bytes = sim.outgoing(id);
            let wrote = match &mut self.tls {
                None if bytes.is_empty() => return,
                None => self.socket.write(bytes),
                Some(tls) => {
                    let wrote = tls.writer().write(bytes);
                    while tls.wants_write() && tls.write_tls(&mut self.socket).is_ok_and(|wrote| wrote > 0) {}
                    if bytes.is_empty() {
                        return;
                    }
                    wrote
                }
            };
            match wrote {
                Ok(wrote) => sim.wrote(now_us, id, wrote),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.gone = true;
                    return;
                }
            }
        }
    }
}

fn read_tls(tls: &mut ServerConnection, socket: &mut TcpStream, buffer: &mut [u8]) -> std::io::Result<usize> {
    let read = tls.read_tls(socket);
    tls.process_new_packets().map_err(std::io::Error::other)?;
    match tls.reader().read(buffer) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => match read {
            Ok(0) => Ok(0),
            _ => Err(error),
        },
        read => read,
    }
}
