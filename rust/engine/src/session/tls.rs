//! Encryption of connections to mail relays: TLS 1.2 and later, with the system's roots and those configured.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, ProtocolVersion, RootCertStore,
    SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A handshake under way.
pub(super) type Handshake = Pin<Box<dyn Future<Output = io::Result<TlsStream<TcpStream>>> + Send>>;

/// What the connections of a gateway are encrypted with. Clones share tickets: a connection after the first
/// one resumes, which costs a fraction of a handshake.
#[derive(Clone)]
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

/// Whose certificates are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust<'a> {
    /// Those that a root of the system vouches for, or one of these (PEM), under the name of the host
    /// (RFC 9525).
    Roots(Option<&'a str>),
    /// Anybody's: against whoever only listens (RFC 7435). Never where a password is sent.
    Anybody,
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Secured {
    version: ProtocolVersion,
}

impl Tls {
    /// # Errors
    /// A host that no certificate can be for, or roots that can't be read, in words.
    pub(crate) fn new(host: &str, trust: Trust<'_>) -> Result<Self, String> {
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|_| format!("no certificate can be for the host {host:?}"))?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
        let builder = builder.dangerous();
        let config = match trust {
            Trust::Roots(more) => {
                let roots = Arc::new(roots(more)?);
                let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
                let verifier = verifier.map_err(|error| format!("no roots to verify with: {error}"))?;
                builder.with_custom_certificate_verifier(verifier)
            }
            Trust::Anybody => builder.with_custom_certificate_verifier(Arc::new(Anybody(provider))),
        };
        Ok(Self { config: Arc::new(config.with_no_client_auth()), name })
    }

    pub(super) fn handshake(&self, stream: TcpStream) -> Handshake {
        let connect = TlsConnector::from(Arc::clone(&self.config)).connect(self.name.clone(), stream);
        Box::pin(connect)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Secured {
    pub(super) fn of(connection: &ClientConnection) -> Self {
        Self { version: connection.protocol_version().unwrap_or(ProtocolVersion::Unknown(0)) }
    }
}

impl fmt::Display for Secured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            ProtocolVersion::TLSv1_2 => f.write_str("TLS 1.2"),
            ProtocolVersion::TLSv1_3 => f.write_str("TLS 1.3"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// Whether a handshake failed for the certificate: what another try will not change.
pub(crate) fn is_certificate(error: &io::Error) -> bool {
    matches!(of_tls(error), Some(rustls::Error::InvalidCertificate(_)))
}

/// Why there is no connection, or no TLS, and what to do about it.
pub(crate) fn not_open(what: &str, error: &io::Error) -> String {
    match of_tls(error) {
        Some(rustls::Error::InvalidCertificate(why)) if is_authority(why) => {
            "the certificate does not verify: it is that of an authority (CA:TRUE), which is not one for servers; \
             give the relay one with CA:FALSE"
                .to_owned()
        }
        Some(rustls::Error::InvalidCertificate(why)) => format!(
            "the certificate does not verify: {why}; give the relay a valid one, or its authority in `ca`"
        ),
        Some(rustls::Error::InvalidMessage(_)) => format!(
            "{what}: what answers there does not speak TLS ({error}); if `tls` is \"implicit\", it may have to be \
             \"required\" at this port"
        ),
        _ => format!("{what}: {error}"),
    }
}

fn of_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What most that sign themselves are: `openssl req -x509` makes an authority unless it is told not to.
fn is_authority(why: &CertificateError) -> bool {
    // The verifier has no word of its own for it here, and passes on what it was told.
    matches!(why, CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity"))
}

/// The system's roots, read once, and those of a configuration.
fn roots(more: Option<&str>) -> Result<RootCertStore, String> {
    static SYSTEM: OnceLock<RootCertStore> = OnceLock::new();
    let mut roots = SYSTEM.get_or_init(system).clone();
    let before = roots.len();
    for certificate in more.map(|pem| CertificateDer::pem_slice_iter(pem.as_bytes())).into_iter().flatten() {
        let certificate = certificate.map_err(|error| format!("`ca` is no PEM: {error}"))?;
        roots.add(certificate).map_err(|error| format!("`ca` has a bad certificate: {error}"))?;
    }
    if more.is_some() && roots.len() == before {
        return Err("`ca` has no certificate in it: give a file of certificates (PEM)".to_owned());
    }
    if roots.is_empty() {
        return Err("the system has no root certificates; give the relay's authority in `ca`".to_owned());
    }
    Ok(roots)
}

fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // One that can't be read vouches for nobody; the others still do.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// Believes every certificate, but not a signature that its key did not make.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a certificate for itself that is in `ca`; `None` where it verifies.
    fn judged(made: rcgen::CertificateParams) -> Option<String> {
        let certificate = made.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let roots = Arc::new(roots(Some(&certificate.pem())).unwrap());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider).build().unwrap();
        let host = ServerName::try_from("relay.example").unwrap();
        let verified = verifier.verify_server_cert(certificate.der(), &[], &host, &[], UnixTime::now());
        let error = io::Error::new(io::ErrorKind::InvalidData, verified.err()?);
        assert!(is_certificate(&error), "{error}");
        Some(not_open("no TLS", &error))
    }

    #[test]
    fn a_certificate_that_does_not_verify_is_told_with_what_to_do() {
        let made = |name: &str| rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        assert_eq!(judged(made("relay.example")), None);
        let other = judged(made("other.example")).expect("another name");
        assert!(other.contains("relay.example") && other.contains("`ca`"), "{other}");
        let mut authority = made("relay.example");
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let own = judged(authority).expect("that of an authority");
        assert!(own.contains("CA:FALSE") && !own.contains("OtherError"), "{own}");
    }
}
