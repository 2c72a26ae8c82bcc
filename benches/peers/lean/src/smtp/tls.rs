//! A certificate for the length of a measurement.

use std::path::Path;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;

/// TLS with a new certificate for this machine, which is written as PEM for the client to trust.
pub fn config(certificate: &Path) -> ServerConfig {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).expect("both are names");
    if let Err(error) = std::fs::write(certificate, cert.pem()) {
        eprintln!("{}: {error}", certificate.display());
    }
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .expect("the key is of the certificate")
}
