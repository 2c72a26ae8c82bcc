//! Certificates that are believed because they were named.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::validity::Validity;

/// Believes a certificate that is one of those named, octet for octet, whatever it says that it is for; its name and
/// its dates have to be right. Every other is left to the roots.
///
/// What signs itself is often an authority (`openssl req -x509` makes it one), which no chain may end in
/// (RFC 5280 §4.2.1.9). But no chain is asked for where the certificate itself is known, as in RFC 7671 §5.1.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) others: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.certificates.contains(certificate) {
            return self.others.verify_server_cert(certificate, chain, host, ocsp, now);
        }
        let dates = Validity::of(certificate);
        dates.ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?.covers(now)?;
        verify_server_name(&ParsedCertificate::try_from(certificate)?, host)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.others.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.others.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.others.supported_verify_schemes()
    }
}
