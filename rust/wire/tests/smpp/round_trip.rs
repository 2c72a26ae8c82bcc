//! Every PDU reads back as it was written, and a stream reads the same however it is cut.

use bealert_wire::smpp::{
    BadLength, Bind, BindMode, BindResp, Body, Command, DataSm, Frames, Header, MAX_SEQUENCE, MessageResp,
    ShortMessage, tlv,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// The parts a body is made of, owned.
#[derive(Debug, Clone)]
struct Parts {
    strings: Vec<Vec<u8>>,
    numbers: Vec<u8>,
    message: Vec<u8>,
    tlvs: Vec<u8>,
    mode: BindMode,
    version: Option<u8>,
}

/// A C-octet string of at most `most` octets, none of them NUL.
fn string(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(1u8..=255, 0..=most)
}

fn parts() -> impl Strategy<Value = Parts> {
    let strings = [5, 20, 20, 16, 16, 64, 15, 8, 12, 40].map(string);
    let tlvs = vec((any::<u16>(), vec(any::<u8>(), 0..40)), 0..4).prop_map(|all| {
        let mut octets = Vec::new();
        all.iter().for_each(|(tag, value)| tlv::put(&mut octets, *tag, value));
        octets
    });
    let mode =
        prop_oneof![Just(BindMode::Transmitter), Just(BindMode::Receiver), Just(BindMode::Transceiver)];
    (strings, vec(any::<u8>(), 12), vec(any::<u8>(), 0..=254), tlvs, mode, any::<Option<u8>>()).prop_map(
        |(strings, numbers, message, tlvs, mode, version)| {
            let strings = strings.into_iter().collect();
            Parts { strings, numbers, message, tlvs, mode, version }
        },
    )
}

/// One body of every kind.
fn bodies(parts: &Parts) -> Vec<Body<'_>> {
    let [service_type, source, destination, schedule, validity, id, system_id, password, system_type, range] =
        &parts.strings[..]
    else {
        unreachable!("ten strings")
    };
    let n = &parts.numbers;
    let tlvs = tlv::Tlvs::parse(&parts.tlvs).unwrap();
    let bind = Bind {
        system_id,
        password,
        system_type,
        interface_version: n[0],
        address_ton: n[1],
        address_npi: n[2],
        address_range: range,
    };
    let message = ShortMessage {
        service_type,
        source_ton: n[0],
        source_npi: n[1],
        source,
        destination_ton: n[2],
        destination_npi: n[3],
        destination,
        esm_class: n[4],
        protocol_id: n[5],
        priority: n[6],
        schedule,
        validity,
        registered_delivery: n[7],
        replace_if_present: n[8],
        data_coding: n[9],
        default_message_id: n[10],
        short_message: &parts.message,
        tlvs,
    };
    let data = DataSm {
        service_type,
        source_ton: n[0],
        source_npi: n[1],
        source: id,
        destination_ton: n[2],
        destination_npi: n[3],
        destination,
        esm_class: n[4],
        registered_delivery: n[5],
        data_coding: n[6],
        tlvs,
    };
    let response = MessageResp { message_id: id, tlvs };
    let bind_response = BindResp { system_id, version: parts.version };
    vec![
        Body::Bind(parts.mode, bind),
        Body::BindResp(parts.mode, bind_response),
        Body::SubmitSm(message),
        Body::SubmitSmResp(response),
        Body::DeliverSm(message),
        Body::DeliverSmResp(response),
        Body::DataSm(data),
        Body::DataSmResp(response),
        Body::Unbind,
        Body::UnbindResp,
        Body::EnquireLink,
        Body::EnquireLinkResp,
        Body::GenericNack,
        Body::Other(Command::QuerySm),
    ]
}

proptest! {
    #[test]
    fn every_pdu_reads_back(parts in parts(), status in any::<u32>(), sequence in 1..=MAX_SEQUENCE) {
        for body in bodies(&parts) {
            let mut pdu = Vec::new();
            body.encode(status, sequence, &mut pdu);
            prop_assert_eq!(&pdu[..4], &(pdu.len() as u32).to_be_bytes());
            let (header, octets) = Header::split(&pdu).unwrap();
            prop_assert_eq!(header, Header { command: body.command().id(), status, sequence });
            let command = Command::from_id(header.command).unwrap();
            prop_assert_eq!(Body::decode(command, octets), Ok(body));
        }
    }

    #[test]
    fn the_cuts_of_a_stream_make_no_difference(
        parts in parts(),
        broken in prop_oneof![Just(None), (0u32..16).prop_map(Some), (70_001..=u32::MAX).prop_map(Some)],
        cuts in vec(1usize..60, 1..20),
    ) {
        let mut stream = Vec::new();
        for (sequence, body) in bodies(&parts).into_iter().enumerate() {
            body.encode(0, sequence as u32, &mut stream);
        }
        if let Some(length) = broken {
            stream.extend_from_slice(&length.to_be_bytes());
            stream.extend_from_slice(&[7; 40]);
        }
        let whole = framed(std::iter::once(&stream[..]));
        prop_assert_eq!(whole.0.len(), 14);
        prop_assert_eq!(whole.1, broken.map(BadLength));

        let mut pieces = Vec::new();
        let mut rest = &stream[..];
        for cut in cuts.into_iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, tail) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = tail;
        }
        prop_assert_eq!(framed(pieces.into_iter()), whole);
    }
}

fn framed<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, Option<BadLength>) {
    let mut frames = Frames::default();
    let mut pdus = Vec::new();
    for mut piece in pieces {
        loop {
            match frames.next(&mut piece) {
                Ok(Some(pdu)) => pdus.push(pdu.to_vec()),
                Ok(None) => break,
                Err(error) => return (pdus, Some(error)),
            }
        }
        assert!(piece.is_empty());
    }
    (pdus, None)
}
