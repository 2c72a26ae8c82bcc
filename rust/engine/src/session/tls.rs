//! Encryption of connections to mail relays: TLS 1.2 and later, with the system's roots and those configured.

mod anybody;
mod named;
mod validity;

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, ProtocolVersion, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::anybody::Anybody;
use self::named::Named;
pub(crate) use self::validity::Validity;

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
    /// Those that a root of the system or one of these (PEM) vouches for, and these themselves, under the name of the
    /// host (RFC 9525).
    Roots(Option<&'a str>),
    /// Anybody's: against whoever only listens (RFC 7435). Never where a password is sent.
    Anybody,
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Secured {
    version: ProtocolVersion,
    /// The dates of the far end's certificate, where they can be read.
    pub(crate) validity: Option<Validity>,
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
                builder.with_custom_certificate_verifier(Arc::new(verifier(more, provider)?))
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
        let certificate = connection.peer_certificates().and_then(|chain| chain.first());
        Self {
            version: connection.protocol_version().unwrap_or(ProtocolVersion::Unknown(0)),
            validity: certificate.and_then(|certificate| Validity::of(certificate)),
        }
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

/// What did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The connection, encrypted from its first octet where that is asked for.
    Connect,
    /// TLS on a connection that began in plain.
    StartTls,
}

/// Why there is no connection, or no TLS, and what to do about it.
pub(crate) fn not_open(step: Step, error: &io::Error) -> String {
    let what = match step {
        Step::Connect => "no connection",
        Step::StartTls => "no TLS",
    };
    match of_tls(error) {
        Some(rustls::Error::InvalidCertificate(why)) if is_authority(why) => {
            "the certificate does not verify: it is that of an authority (CA:TRUE), which is not one for servers; \
             name this very certificate in `ca`, or give the relay one with CA:FALSE"
                .to_owned()
        }
        Some(rustls::Error::InvalidCertificate(why)) => format!(
            "the certificate does not verify: {why}; give the relay a valid one, or its authority in `ca`"
        ),
        Some(rustls::Error::InvalidMessage(_)) if step == Step::Connect => format!(
            "{what}: what answers there does not speak TLS from the first octet ({error}); where STARTTLS comes \
             first, as at ports 25 and 587, `tls` is \"required\""
        ),
        _ => format!("{what}: {error}"),
    }
}

fn of_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What most that sign themselves are, and no chain may end in: `openssl req -x509` makes an authority unless it is told not to.
fn is_authority(why: &CertificateError) -> bool {
    // The verifier has no word of its own for it here, and passes on what it was told.
    matches!(why, CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity"))
}

/// Believes what is named, and what the system's roots or those named vouch for.
fn verifier(named: Option<&str>, provider: Arc<CryptoProvider>) -> Result<Named, String> {
    static SYSTEM: OnceLock<RootCertStore> = OnceLock::new();
    let mut roots = SYSTEM.get_or_init(system).clone();
    let certificates = CertificateDer::pem_slice_iter(named.unwrap_or_default().as_bytes());
    let certificates = certificates.collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| format!("`ca` is no PEM: {error}"))?;
    if named.is_some() && certificates.is_empty() {
        return Err("`ca` has no certificate in it: give a file of certificates (PEM)".to_owned());
    }
    for certificate in &certificates {
        let added = roots.add(certificate.clone());
        added.map_err(|error| format!("`ca` has a bad certificate: {error}"))?;
    }
    if roots.is_empty() {
        return Err("the system has no root certificates; give the relay's authority in `ca`".to_owned());
    }
    let others = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let others = others.map_err(|error| format!("no roots to verify with: {error}"))?;
    Ok(Named { certificates, others })
}

fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // One that can't be read vouches for nobody; the others still do.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
    use rustls::client::danger::ServerCertVerifier;
    use rustls::pki_types::UnixTime;

    use super::*;

    fn params(name: &str) -> CertificateParams {
        CertificateParams::new([name.to_owned()]).unwrap()
    }

    fn authority(name: &str) -> CertificateParams {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    }

    fn of_itself(params: &CertificateParams) -> Certificate {
        params.self_signed(&KeyPair::generate().unwrap()).unwrap()
    }

    /// What is said of a certificate for relay.example where these are in `ca`; `None` where it is believed.
    fn judged(certificate: &Certificate, named: &[&Certificate]) -> Option<String> {
        let named: String = named.iter().map(|certificate| certificate.pem()).collect();
        let named = (!named.is_empty()).then_some(&*named);
        let verifier = verifier(named, Arc::new(aws_lc_rs::default_provider())).unwrap();
        let host = ServerName::try_from("relay.example").unwrap();
        let verified = verifier.verify_server_cert(certificate.der(), &[], &host, &[], UnixTime::now());
        let error = io::Error::new(io::ErrorKind::InvalidData, verified.err()?);
        assert!(is_certificate(&error), "{error}");
        Some(not_open(Step::StartTls, &error))
    }

    #[test]
    fn the_very_certificate_that_is_named_is_believed_whoever_made_it() {
        for itself in [of_itself(&params("relay.example")), of_itself(&authority("relay.example"))] {
            assert_eq!(judged(&itself, &[&itself]), None);
            let beside = of_itself(&authority("beside.example"));
            assert_eq!(judged(&itself, &[&beside, &itself]), None);
        }
        // One that an authority made, without the authority.
        let (parent, key) = (authority("parent.example"), KeyPair::generate().unwrap());
        let issuer = Issuer::from_params(&parent, &key);
        let own = KeyPair::generate().unwrap();
        let leaf = params("relay.example").signed_by(&own, &issuer).unwrap();
        assert_eq!(judged(&leaf, &[&leaf]), None);
        assert_eq!(
            judged(&leaf, &[&parent.self_signed(&key).unwrap()]),
            None,
            "and as ever by its authority"
        );
        assert!(judged(&leaf, &[&of_itself(&authority("relay.example"))]).is_some());
    }

    #[test]
    fn its_name_and_its_dates_have_to_be_right_all_the_same() {
        let other = of_itself(&authority("other.example"));
        let said = judged(&other, &[&other]).expect("another name");
        assert!(said.contains("relay.example") && said.contains("`ca`"), "{said}");
        for (from, until, word) in [(2000, 2001, "expired"), (2990, 2999, "not valid yet")] {
            let mut dated = authority("relay.example");
            (dated.not_before, dated.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
            let dated = of_itself(&dated);
            let said = judged(&dated, &[&dated]).expect("out of date");
            assert!(said.contains(word), "{said}");
        }
    }

    #[test]
    fn one_that_is_not_named_is_told_with_what_to_do() {
        let own = of_itself(&authority("relay.example"));
        let namesake = of_itself(&authority("relay.example"));
        for named in [&[][..], &[&namesake]] {
            let said = judged(&own, named).expect("that of an authority");
            assert!(said.contains("CA:FALSE") && said.contains("`ca`"), "{said}");
            assert!(!said.contains("OtherError"), "{said}");
        }
    }
}
