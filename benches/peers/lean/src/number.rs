//! Numbers as decimal digits.

/// Writes a number with leading zeros.
#[inline]
pub fn digits(mut number: u64, into: &mut [u8]) {
    for digit in into.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Reads the digits at the front.
#[inline]
pub fn number(octets: &[u8]) -> u64 {
    let digits = octets.iter().take_while(|octet| octet.is_ascii_digit());
    digits.fold(0, |number, digit| number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')))
}
