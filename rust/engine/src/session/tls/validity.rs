//! From when and until when a certificate is valid.

use mail_parser::DateTime;
use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error};

/// The dates of a certificate (RFC 5280 §4.1.2.5), in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    not_before_s: u64,
    not_after_s: u64,
}

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// Of X.509 since its third version; the first has none.
const VERSION: u8 = 0xA0;

impl Validity {
    /// Of a certificate in DER; `None` where that can't be read.
    pub(crate) fn of(certificate: &[u8]) -> Option<Self> {
        let mut rest = certificate;
        let mut signed = element(&mut rest, SEQUENCE)?;
        let mut fields = element(&mut signed, SEQUENCE)?;
        if fields.first() == Some(&VERSION) {
            element(&mut fields, VERSION)?;
        }
        // serialNumber, signature, issuer
        for tag in [INTEGER, SEQUENCE, SEQUENCE] {
            element(&mut fields, tag)?;
        }
        let mut dates = element(&mut fields, SEQUENCE)?;
        Some(Self { not_before_s: time(&mut dates)?, not_after_s: time(&mut dates)? })
    }

    /// Whole days that are left; none once it is over.
    pub(crate) fn days_left(self, now_s: u64) -> u64 {
        self.not_after_s.saturating_sub(now_s) / 86_400
    }

    /// # Errors
    /// It is not valid now, in the words of the verifier.
    pub(super) fn covers(self, now: UnixTime) -> Result<(), Error> {
        let Self { not_before_s, not_after_s } = self;
        let why = if now.as_secs() < not_before_s {
            let not_before = UnixTime::since_unix_epoch(std::time::Duration::from_secs(not_before_s));
            CertificateError::NotValidYetContext { time: now, not_before }
        } else if now.as_secs() > not_after_s {
            let not_after = UnixTime::since_unix_epoch(std::time::Duration::from_secs(not_after_s));
            CertificateError::ExpiredContext { time: now, not_after }
        } else {
            return Ok(());
        };
        Err(Error::InvalidCertificate(why))
    }
}

/// What the next element of DER holds, if it is one of this tag (X.690 §8.1).
fn element<'a>(rest: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (&[found, short], behind) = rest.split_first_chunk()?;
    let (octets, behind) = match short {
        0..=0x7F => (usize::from(short), behind),
        // A certificate of over 16 MB is none.
        0x81..=0x83 => {
            let (long, behind) = behind.split_at_checked(usize::from(short & 0x7F))?;
            (long.iter().fold(0, |octets, octet| octets << 8 | usize::from(*octet)), behind)
        }
        _ => return None,
    };
    let (held, behind) = behind.split_at_checked(octets)?;
    *rest = behind;
    (found == tag).then_some(held)
}

/// The next time, which is always in UTC and to the second (RFC 5280 §4.1.2.5.1, §4.1.2.5.2).
fn time(rest: &mut &[u8]) -> Option<u64> {
    let general = rest.first() == Some(&GENERALIZED_TIME);
    let digits = element(rest, if general { GENERALIZED_TIME } else { UTC_TIME })?;
    let digits = digits.strip_suffix(b"Z").filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let mut pairs = digits.chunks_exact(2).map(|pair| (pair[0] - b'0') * 10 + (pair[1] - b'0'));
    let year = match (general, u16::from(pairs.next()?)) {
        (true, century) => century * 100 + u16::from(pairs.next()?),
        (false, year @ 50..) => 1900 + year,
        (false, year) => 2000 + year,
    };
    let (month, day) = (pairs.next()?, pairs.next()?);
    let (hour, minute, second) = (pairs.next()?, pairs.next()?, pairs.next()?);
    let date =
        DateTime { year, month, day, hour, minute, second, tz_before_gmt: false, tz_hour: 0, tz_minute: 0 };
    // The reader of mail dates has no year 9999, which stands for no end (RFC 5280 §4.1.2.5).
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
    let is_time = hour < 24 && minute < 60 && second < 60;
    (is_date && is_time).then(|| date.to_timestamp().max(0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(from: (i32, u8, u8), until: (i32, u8, u8)) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(["relay.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
        params.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn both_ways_of_writing_a_time_are_read() {
        let of = |from, until| Validity::of(&made(from, until)).unwrap();
        let near = of((1999, 12, 31), (2049, 12, 31));
        assert_eq!((near.not_before_s, near.not_after_s), (946_598_400, 2_524_521_600));
        let far = of((2024, 2, 29), (2100, 3, 1));
        assert_eq!((far.not_before_s, far.not_after_s), (1_709_164_800, 4_107_542_400));
        assert_eq!(of((1975, 1, 1), (9999, 12, 31)).not_after_s, 253_402_214_400);
    }

    #[test]
    fn days_are_counted_until_the_last() {
        let validity = Validity { not_before_s: 0, not_after_s: 10 * 86_400 };
        assert_eq!(validity.days_left(0), 10);
        assert_eq!(validity.days_left(9 * 86_400 + 1), 0);
        assert_eq!(validity.days_left(11 * 86_400), 0);
    }

    #[test]
    fn what_is_no_certificate_has_no_dates() {
        let der = made((2024, 1, 1), (2025, 1, 1));
        for end in 0..120 {
            assert_eq!(Validity::of(&der[..end]), None, "{end}");
        }
        for octets in [&[][..], &[0x30], &[0x30, 0x84, 0, 0, 0, 1], b"-----BEGIN"] {
            assert_eq!(Validity::of(octets), None);
        }
    }
}
