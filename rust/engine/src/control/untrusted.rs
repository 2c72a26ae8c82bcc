//! What is said over `control.sock`, as octets alone.

use std::io::{self, Read};

use super::frame::{read_body, read_head};
use super::message::{Answer, Request};
use crate::plan::Plan;

/// Reads requests as the server does until one of them is none; hands over the plan of each launch. How many there
/// were.
pub fn requests(mut octets: &[u8], mut plan: impl FnMut(Plan)) -> usize {
    let mut read = 0;
    while let Ok(Some(body)) = next(&mut octets) {
        if let Some(Ok(made)) = body.as_deref().map(Plan::from_bytes) {
            plan(made);
        }
        read += 1;
    }
    read
}

/// Reads an answer as the client does. Whether it was one.
pub fn answer(mut octets: &[u8]) -> bool {
    match read_head(&mut octets) {
        Ok(Some(Answer::Error(refusal))) => {
            let _ = refusal.error().map(|error| error.to_string());
            true
        }
        Ok(Some(Answer::Ok(_))) => true,
        Ok(None) | Err(_) => false,
    }
}

/// The body of a launch, none of another request, and the end.
fn next(input: &mut impl Read) -> io::Result<Option<Option<Vec<u8>>>> {
    let Some(request) = read_head::<Request>(input)? else { return Ok(None) };
    let body = read_body(input)?;
    Ok(Some(matches!(request, Request::Launch { .. }).then_some(body)))
}
