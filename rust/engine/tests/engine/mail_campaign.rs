//! Everybody gets one letter, whatever the relay does.

use std::time::Duration;

use bealert_core::outcome::State;
use bealert_engine::{CampaignState, Engine};
use bealert_sim::relay::{Books, RelayConfig};

use crate::far::{Far, Manners};
use crate::host::{close, delivered, ended, gateway};
use crate::post::{accepted, config, email, launch, relay};
use crate::post_office::{Encryption, PostOffice};

const PEOPLE: u32 = 3_000;

fn sends_all(engine: &Engine, office: &PostOffice) -> Books {
    let id = launch(engine, "alert", PEOPLE, "k");
    let progress = ended(engine, id, Duration::from_secs(60));
    assert_eq!((progress.state, accepted(&progress)), (CampaignState::Done, u64::from(PEOPLE)));
    let books = office.books();
    let count = u64::from(PEOPLE);
    assert_eq!((books.messages, books.unique, books.duplicates), (count, count, 0));
    assert_eq!((books.malformed, books.faults), (0, 0));
    books
}

#[test]
fn joined_over_eight_connections() {
    let office = PostOffice::start(RelayConfig::default());
    let engine = Engine::open(config(None, &[relay("mail-a", office.port, "")])).unwrap();
    let books = sends_all(&engine, &office);
    assert!((1..=8).contains(&books.connections), "{books:?}");
    close(&engine);
    let report = office.sim().connections();
    assert!(report.is_empty(), "{report:?} are left after a close");
}

#[test]
fn on_every_rung() {
    for mode in ["lockstep", "pipelined", "joined", "bdat"] {
        let office = PostOffice::start(RelayConfig::default());
        let more = format!(r#", "mode": "{mode}", "connections": 4"#);
        let engine = Engine::open(config(None, &[relay("mail-a", office.port, &more)])).unwrap();
        sends_all(&engine, &office);
    }
}

#[test]
fn with_tls_by_starttls_and_from_the_first_octet() {
    let encryptions = [(Encryption::StartTls, "required"), (Encryption::Implicit, "implicit")];
    for (encryption, mode) in encryptions {
        let account = RelayConfig {
            user: Some("bealert".into()),
            password: Some("secret".into()),
            auth_required: true,
            tls_required: true,
            ..RelayConfig::default()
        };
        let mut account = account;
        account.extensions.auth.plain = true;
        let office = PostOffice::start_encrypted(account, encryption, "127.0.0.1");
        let more = format!(r#", "username": "bealert", "password": "secret", "ca": {:?}"#, office.ca);
        let gateway = relay("mail-a", office.port, &more).replace("\"none\"", &format!("{mode:?}"));
        let engine = Engine::open(config(None, &[gateway])).unwrap();
        let books = sends_all(&engine, &office);
        assert_eq!((books.encrypted, books.authenticated), (books.connections, books.connections));
    }
}

#[test]
fn beside_the_sms_of_the_same_campaign() {
    let (office, far) = (PostOffice::start(RelayConfig::default()), Far::start(Manners::default()));
    let gateways = [gateway("sms-a", far.port, ""), relay("mail-a", office.port, "")];
    let engine = Engine::open(config(None, &gateways)).unwrap();
    let id = launch(&engine, "both", PEOPLE, "k");
    let progress = ended(&engine, id, Duration::from_secs(60));
    let count = u64::from(PEOPLE);
    assert_eq!(progress.state, CampaignState::Done);
    assert_eq!((delivered(&progress), accepted(&progress)), (count, count));
    assert_eq!(email(&progress).of(State::Waiting), 0);
    assert_eq!((far.books().messages.len() as u64, office.books().unique), (count, count));
}

#[test]
fn a_connection_after_the_first_takes_up_its_tls_session() {
    let office = PostOffice::start_encrypted(RelayConfig::default(), Encryption::StartTls, "127.0.0.1");
    let more = format!(r#", "ca": {:?}, "connections": 1, "messages_per_connection": 100"#, office.ca);
    let gateway = relay("mail-a", office.port, &more).replace("\"none\"", "\"required\"");
    let engine = Engine::open(config(None, &[gateway])).unwrap();
    let books = sends_all(&engine, &office);
    close(&engine);
    std::thread::sleep(Duration::from_millis(50));
    let resumed = office.resumed.load(std::sync::atomic::Ordering::Relaxed);
    assert!(books.connections >= 30 && resumed + 1 >= books.connections, "{resumed} of {books:?}");
}
