//! What is signed and what is said of it. That others can verify it is shown with a library that is not ours
//! (`tests/interop`).

use super::*;
use aws_lc_rs::encoding::Pkcs8V1Der;
use aws_lc_rs::rsa::KeySize;

pub(in super::super) fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

pub(in super::super) fn rsa(size: KeySize) -> Vec<u8> {
    let der: Pkcs8V1Der<'_> = RsaKeyPair::generate(size).unwrap().as_der().unwrap();
    der.as_ref().to_vec()
}

fn ed25519() -> String {
    pem("PRIVATE KEY", Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap().as_ref())
}

/// Made for this test: 1,024 bits.
const SHORT: &str = "-----BEGIN RSA PRIVATE KEY-----\n\
MIICXAIBAAKBgQC82Raex6IuCzfBnLW9FMeCZVQ3gReyXR2yHC4JfPRR3HuMz4vU\n\
7+sXPzSBj+jnRC2X2mDdorR5bLkFaHoYMIxaYZSi6OM4+IvAF+KewpUoAeiKfzx2\n\
IUJ/IsF+s9VUSVPJ4OuwJwUKnCYiL9NWaGLfL0BC6V409O6n1crd3P0rPwIDAQAB\n\
AoGAGfW5r1AAElZGbt4M+ZYOqvUk85BSYpl8SIypI3LC3zHw5fVt4nKsnYB5xkmz\n\
GX98yQAjCrSgHIT+lii7h/G8iT+nLCc0NaAb2x5y5vOjLhiRYBMfY+G3wLriLvGb\n\
fLBrnSChHy7gTIpoTfAM3X5jM0nTAfCDP1AUrKTuMC7CmJECQQDc1HRRoQOqC6qa\n\
wbl+kTVS3gccZZIjxZWJhDhL/pwMovd872UIeA2wgx3EUQW9hN9S2NC4LTa9K/6r\n\
OWmpGZxZAkEA2uyv34Kh2MmW+NKnpPeYNts18DIpqcjiXOLcMUSKCQWSP6mqOlPx\n\
9dBqkMSfZq1q0XScAXm+NzFDiIt0dbwxVwJAcaee3kximGg8vD2sfKm7qhS/0Cuu\n\
lV6h4g788o/uPMq7Wb/UXhF76jbxYRLaQ3pZfkg81C3hGGfGQNXhvbiCsQJALxnF\n\
LP1Z/N5CUP5heyiZ4xN+o1Lni9Pgf8N/REpOuGoucOv759ivsgdJJiRndxvQY4gH\n\
GHos5or+0J3QTJRUuQJBAJW5G8L4QXG0TjnBAbCb5Y5CHT+7A0Anhk8BNGrE5f63\n\
ag/lh4OysY7ViP0r/K3g3yewCeW44fORw7r+hOUUpGo=\n\
-----END RSA PRIVATE KEY-----";

const HEAD: &[u8] = b"Received: x\r\nFrom: An <an@example.org>\r\nTo: Bo\r\n <bo@example.org>\r\nSubject: x\r\nX-Other: y\r\n\r\n";

#[test]
fn keys_are_read_in_both_forms_and_bad_ones_are_named() {
    let pkcs8 = rsa(KeySize::Rsa2048);
    let one = DkimKey::new("Be-Alert.be", "s1", &pem("PRIVATE KEY", &pkcs8)).unwrap();
    // The same key without what PKCS#8 puts around it.
    let other = DkimKey::new("be-alert.be", "s1", &pem("RSA PRIVATE KEY", &pkcs8[26..])).unwrap();
    assert_eq!(one.record(), other.record());
    assert!(one.record().starts_with("v=DKIM1; k=rsa; p=MIIBIjAN"));
    assert_eq!(one.record_name(), "s1._domainkey.be-alert.be");
    assert_eq!(format!("{one:?}"), "DkimKey(s1._domainkey.be-alert.be)", "nothing of the key");
    assert!(
        DkimKey::new("be-alert.be", "s1", &ed25519()).unwrap().record().starts_with("v=DKIM1; k=ed25519; p=")
    );
    let problem = |domain, selector, pem: &str| DkimKey::new(domain, selector, pem).unwrap_err();
    assert_eq!(problem("be-alert.be", "s1", "no key"), DkimProblem::Pem);
    assert_eq!(problem("be-alert.be", "s1", &pem("PRIVATE KEY", &pkcs8[..300])), DkimProblem::Key);
    assert_eq!(problem("be-alert.be", "s1", SHORT), DkimProblem::TooShort);
    assert_eq!(problem("be alert.be", "s1", &ed25519()), DkimProblem::Name("be alert.be".into()));
    assert_eq!(problem("be-alert.be", "s1; d=x", &ed25519()), DkimProblem::Name("s1; d=x".into()));
    assert_eq!(problem("be-alert.be", "", &ed25519()), DkimProblem::Name(String::new()));
}

#[test]
fn a_key_signs_for_its_domain_and_those_below() {
    let key = DkimKey::new("be-alert.be", "s1", &ed25519()).unwrap();
    assert!(key.signs_for("be-alert.be") && key.signs_for("mail.be-alert.be"));
    assert!(!key.signs_for("not-be-alert.be") && !key.signs_for("be") && !key.signs_for("example.org"));
}

#[test]
fn point_21_a_signature_says_what_it_covers() {
    for (key, algorithm) in
        [(pem("PRIVATE KEY", &rsa(KeySize::Rsa2048)), "rsa-sha256"), (ed25519(), "ed25519-sha256")]
    {
        let key = DkimKey::new("example.org", "s1", &key).unwrap();
        let sign = || {
            let mut out = key.intro(HEAD, 1_700_000_000);
            key.sign(&out.clone(), HEAD, &body_hash(b"x\r\n"), &mut out);
            out
        };
        let out = sign();
        let text = String::from_utf8(out.clone()).unwrap();
        assert!(text.lines().all(|line| line.len() <= 78), "{text}");
        let tags: String = text.replace("\r\n ", "");
        let tags: Vec<&str> =
            tags.trim_end().trim_start_matches("DKIM-Signature: ").split(';').map(str::trim).collect();
        let a = format!("a={algorithm}");
        assert_eq!(tags[..6], ["v=1", &*a, "c=relaxed/relaxed", "d=example.org", "s=s1", "t=1700000000"]);
        assert_eq!(tags[6], "h=From:From:To:To:Subject:Subject:Date:Message-ID:Reply-To:Content-Type");
        assert!(
            tags[7].starts_with("bh=") && tags[8].starts_with("b=") && tags.len() == 9,
            "no l=: {tags:?}"
        );
        assert_eq!(out, sign(), "the same on every try");
    }
}
