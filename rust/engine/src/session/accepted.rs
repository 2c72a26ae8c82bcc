//! A connection that somebody made to us, which may be encrypted.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What proves who we are to those who call: a certificate with its chain, and its key.
#[derive(Clone)]
pub(crate) struct Identity(TlsAcceptor);

/// A connected socket, in plain or over TLS.
pub(crate) struct Accepted(Io);

enum Io {
    Plain(TcpStream),
    Handshake(Pin<Box<tokio_rustls::Accept<TcpStream>>>),
    Encrypted(Box<TlsStream<TcpStream>>),
    /// A handshake failed.
    Gone,
}

impl Identity {
    /// Reads them from PEM.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub(crate) fn from_pem(certificate: &str, key: &str) -> Result<Self, String> {
        let chain = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| format!("the certificate cannot be read: {error}"))?;
        if chain.is_empty() {
            return Err("the certificate is no PEM".into());
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes());
        let key = key.map_err(|error| format!("the key cannot be read: {error}"))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
        let config = config.map_err(|error| format!("the certificate and the key do not serve: {error}"))?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(..)")
    }
}

impl Accepted {
    /// Takes a connection over. Nagle's algorithm holds replies back until those before them are acknowledged: it is
    /// off unless that is wanted.
    pub(crate) fn new(stream: TcpStream, nagle: bool) -> io::Result<Self> {
        stream.set_nodelay(!nagle)?;
        Ok(Self(Io::Plain(stream)))
    }

    /// Begins to encrypt it. What was read of it in plain text has to be gone.
    pub(crate) fn secure(&mut self, identity: &Identity) {
        self.0 = match std::mem::replace(&mut self.0, Io::Gone) {
            Io::Plain(stream) => Io::Handshake(Box::pin(identity.0.accept(stream))),
            already => already,
        };
    }

    /// Whether it is ready: there is no handshake, or it is done.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Io::Handshake(handshake) = &mut self.0 else { return Poll::Ready(Ok(())) };
        match handshake.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(stream)) => {
                self.0 = Io::Encrypted(Box::new(stream));
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => {
                self.0 = Io::Gone;
                Poll::Ready(Err(error))
            }
        }
    }

    /// Reads into what is free of `buffer`; nothing at the end of the stream.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Io::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Io::Encrypted(stream) => Pin::new(&mut **stream).poll_read(cx, buffer),
            Io::Handshake(_) => Poll::Pending,
            Io::Gone => Poll::Ready(Ok(())),
        }
    }

    /// Takes what it can of `bytes`. Over TLS a part of it may stay here until [`Self::poll_flush`].
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Io::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Io::Encrypted(stream) => Pin::new(&mut **stream).poll_write(cx, bytes),
            Io::Handshake(_) => Poll::Pending,
            Io::Gone => Poll::Ready(Ok(0)),
        }
    }

    /// Hands the kernel what encryption holds back.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Io::Encrypted(stream) => Pin::new(&mut **stream).poll_flush(cx),
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Says that nothing more comes. What the far end still sends is to be read meanwhile: a socket closed with
    /// something unread resets the connection, and the last reply may be lost by it.
    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Io::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Io::Encrypted(stream) => Pin::new(&mut **stream).poll_shutdown(cx),
            Io::Handshake(_) | Io::Gone => Poll::Ready(Ok(())),
        }
    }

    /// Breaks it: the far end sees a reset, not an end; where that is refused an end must do.
    pub(crate) fn abort(&self) {
        let socket = match &self.0 {
            Io::Plain(stream) => stream,
            Io::Encrypted(stream) => stream.get_ref().0,
            Io::Handshake(_) | Io::Gone => return,
        };
        let _ = socket.set_zero_linger();
    }
}
