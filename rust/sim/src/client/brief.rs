//! Short texts on the stack, for what is written once per message.

use std::fmt::{self, Write};

use arrayvec::ArrayString;

/// What is formatted, cut to what fits.
pub fn brief<const N: usize>(what: fmt::Arguments<'_>) -> ArrayString<N> {
    let mut out = Cut(ArrayString::new());
    // Only a full buffer is an error here, and then the rest is left out.
    let _ = out.write_fmt(what);
    out.0
}

struct Cut<const N: usize>(ArrayString<N>);

impl<const N: usize> Write for Cut<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut end = text.len().min(self.0.remaining_capacity());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.0.push_str(&text[..end]);
        if end == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_between_characters() {
        assert_eq!(brief::<5>(format_args!("{}-{}", "ab", "éé")).as_str(), "ab-é");
        assert_eq!(brief::<64>(format_args!("{:#x}", 255)).as_str(), "0xff");
    }
}
