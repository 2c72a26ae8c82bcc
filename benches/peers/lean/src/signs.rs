//! How many signatures the cores make: what DKIM with RSA can reach at most.

use std::num::NonZero;
use std::thread;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;

use crate::clock::{now_ns, used_ns};
use crate::options::{read, value};

/// The headers of a letter as DKIM signs them, with the hash of the body among them (RFC 6376 §3.7).
const SIGNED_OCTETS: usize = 700;

const SECOND_NS: u64 = 1_000_000_000;

/// Signs on all cores for so many `--seconds`, and prints one line of JSON.
pub fn run(words: impl Iterator<Item = String>) -> Result<(), String> {
    let mut seconds = 3;
    read(words, |name, words| {
        match name {
            "--seconds" => seconds = value(name, words)?,
            _ => return Err(format!("unknown option {name}")),
        }
        Ok(())
    })?;
    let key = KeyPair::generate(KeySize::Rsa2048).map_err(|_| "no key")?;
    let key = key.as_der().map_err(|_| "no key")?;
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let cpu_ns = used_ns();
    let signers: Vec<_> = (0..threads)
        .map(|_| {
            let key = KeyPair::from_pkcs8(key.as_ref()).expect("a key that was just made");
            thread::spawn(move || sign_for(&key, seconds))
        })
        .collect();
    let signed: u64 = signers.into_iter().map(|signer| signer.join().expect("it only signs")).sum();
    println!(
        "{{\"signatures_per_second\": {:.1}, \"threads\": {threads}, \"cpu_us_per_signature\": {:.1}}}",
        signed as f64 / seconds as f64,
        (used_ns() - cpu_ns) as f64 / 1e3 / signed as f64,
    );
    Ok(())
}

fn sign_for(key: &KeyPair, seconds: u64) -> u64 {
    let random = SystemRandom::new();
    let mut signature = vec![0; key.public_modulus_len()];
    let until_ns = now_ns() + seconds * SECOND_NS;
    let mut signed = 0;
    while now_ns() < until_ns {
        let headers = [signed as u8; SIGNED_OCTETS];
        key.sign(&RSA_PKCS1_SHA256, &random, &headers, &mut signature).expect("a key of RSA signs");
        signed += 1;
    }
    signed
}
