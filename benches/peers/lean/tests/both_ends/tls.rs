//! SMTP inside TLS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::ends::{Sink, figure};

/// More than one read and many records of TLS.
const BODY_OCTETS: usize = 300_000;

fn encrypted(stream: TcpStream, certificate: &[u8]) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate).expect("PEM")).expect("a certificate");
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").expect("an address");
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).expect("a client"), stream)
}

/// The code of the next reply.
fn reply(reader: &mut impl BufRead) -> String {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        if line.as_bytes().get(3) != Some(&b'-') {
            return line[..3].to_owned();
        }
    }
}

#[test]
fn what_came_in_plain_after_starttls_is_dropped_and_bodies_come_whole() {
    let file = std::env::temp_dir().join(format!("lean-{}.pem", std::process::id()));
    let sink = Sink::start("smtp-sink", &["--starttls", file.to_str().expect("a path")]);
    let certificate = std::fs::read(&file).expect("it was written");
    std::fs::remove_file(&file).expect("it is there");
    let stream = TcpStream::connect(format!("127.0.0.1:{}", sink.port)).expect("it listens");
    let mut plain = BufReader::new(stream.try_clone().expect("a socket"));
    (&stream).write_all(b"EHLO x\r\nSTARTTLS\r\nMAIL FROM:<in@plain>\r\n").expect("it reads");
    assert_eq!([(); 3].map(|()| reply(&mut plain)).join(" "), "220 250 220");
    assert!(plain.buffer().is_empty(), "nothing is answered in plain");
    let mut secret = BufReader::new(encrypted(stream, &certificate));
    let body = vec![b'x'; BODY_OCTETS];
    secret.get_mut().write_all(b"RCPT TO:<user1@example.org>\r\nEHLO x\r\nSTARTTLS\r\n").expect("it reads");
    let chunk = format!("MAIL FROM:<a@b>\r\nRCPT TO:<user1@example.org>\r\nBDAT {BODY_OCTETS} LAST\r\n");
    secret.get_mut().write_all(chunk.as_bytes()).expect("it reads");
    secret.get_mut().write_all(&body).expect("it reads");
    secret.get_mut().write_all(b"QUIT\r\n").expect("it reads");
    let codes = [(); 7].map(|()| reply(&mut secret));
    assert_eq!(codes.join(" "), "503 250 503 250 250 250 221", "MAIL in plain was not heard");
    let _ = secret.read(&mut [0]);
    let books = sink.books();
    assert_eq!((figure(&books, "messages"), figure(&books, "octets")), (1.0, BODY_OCTETS as f64));
}

#[test]
fn signatures_are_counted() {
    let said = Command::new(env!("CARGO_BIN_EXE_lean"))
        .args(["rsa-signs", "--seconds", "1"])
        .output()
        .expect("it runs")
        .stdout;
    let said = String::from_utf8(said).expect("JSON");
    assert!(figure(&said, "signatures_per_second") > 10.0, "{said}");
}
