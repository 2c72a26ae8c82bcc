//! One PDU, whatever command it has: its body, its optional parameters, its times.

use bealert_wire::smpp::{
    Body, Command, Frames, HEADER_OCTETS, Header, Receipt, Status, Time, class, name, tlv,
};

/// The octets: a PDU, whose length does not count here.
pub(crate) fn read(octets: &[u8]) -> bool {
    framed(octets);
    let Ok((header, body)) = Header::split(octets) else { return false };
    let _ = (class(header.status), name(header.status), Status(header.status).to_string());
    parameters(body);
    time(body);
    let Some(command) = Command::from_id(header.command) else { return false };
    let Ok(decoded) = Body::decode(command, body) else { return false };
    assert_eq!(decoded.command(), command);
    if let Body::SubmitSm(message) | Body::DeliverSm(message) = &decoded {
        let _ = (Receipt::find(message), message.body());
    }
    if let Body::DataSm(message) = &decoded {
        let _ = Receipt::find(&message.as_short_message());
    }
    // What was read is written so that it is read again.
    let mut written = Vec::new();
    decoded.encode(header.status, header.sequence, &mut written);
    let length = u32::try_from(written.len()).expect("it is as long as what was read");
    assert_eq!(written[..4], length.to_be_bytes());
    let (again, body) = Header::split(&written).expect("a PDU has a header");
    assert_eq!(again, header);
    assert_eq!(Body::decode(command, body), Ok(decoded));
    true
}

/// Frames come out whole and in order, and none is longer than it may be.
fn framed(octets: &[u8]) {
    let (mut frames, mut rest, mut taken) = (Frames::default(), octets, 0);
    while let Ok(Some(frame)) = frames.next(&mut rest) {
        assert!(frame.len() >= HEADER_OCTETS);
        assert_eq!(frame, &octets[taken..taken + frame.len()]);
        taken += frame.len();
    }
}

fn parameters(octets: &[u8]) {
    let Ok(parameters) = tlv::Tlvs::parse(octets) else { return };
    let mut written = Vec::new();
    for (tag, value) in parameters.iter() {
        assert!(parameters.find(tag).is_some());
        tlv::put(&mut written, tag, value);
    }
    assert_eq!(written, octets);
}

fn time(octets: &[u8]) {
    // A time that can be written is read again.
    if let Ok(Some(time)) = Time::parse(octets)
        && let Ok(text) = time.to_text()
    {
        assert_eq!(Time::parse(text.as_bytes()), Ok(Some(time)));
    }
}
