//! The configuration as it crosses from Python, and what planning makes of it.

use bealert_engine::plan::{Plan, Planner, RecipientIn};
use bealert_engine::{Config, GatewayConfig, SmtpConfig};

/// The octets: JSON.
pub(crate) fn read(octets: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(octets) else { return false };
    let config = match Config::from_json(text) {
        Ok(config) => config,
        Err(problem) => {
            assert!(!problem.is_empty());
            return false;
        }
    };
    assert_eq!(config.gateways_fingerprint(), config.clone().gateways_fingerprint());
    let shown = format!("{config:?}");
    for gateway in &config.gateways {
        assert!(config.gateway(gateway.name()).is_some());
        for secret in secrets(gateway) {
            let hidden = secret.len() < 8 || !shown.contains(secret);
            assert!(hidden || said_elsewhere(&config, secret));
        }
    }
    for scenario in &config.scenarios {
        plan(&config, &scenario.name);
    }
    true
}

/// What must never be shown of a gateway.
fn secrets(gateway: &GatewayConfig) -> Vec<&str> {
    match gateway {
        GatewayConfig::Smpp(smpp) => vec![&smpp.password],
        GatewayConfig::Smtp(smtp) => {
            let keys = smtp.dkim.iter().map(|dkim| dkim.key.as_str());
            smtp.password.as_deref().into_iter().chain(keys).collect()
        }
    }
}

/// A secret that is also the name of something is no secret.
fn said_elsewhere(config: &Config, secret: &str) -> bool {
    let bare = config.gateways.iter().map(|gateway| match gateway {
        GatewayConfig::Smpp(smpp) => {
            format!("{} {} {} {}", smpp.name, smpp.host, smpp.system_id, smpp.port)
        }
        GatewayConfig::Smtp(smtp) => {
            let without = SmtpConfig { password: None, dkim: Vec::new(), ..smtp.clone() };
            format!("{without:?}")
        }
    });
    let without = Config { gateways: Vec::new(), ..config.clone() };
    bare.chain([format!("{without:?}"), "SmppConfig system_id window sessions".to_owned()])
        .any(|text| text.contains(secret))
}

/// A plan is made or refused, never half of one; what is made can be launched.
fn plan(config: &Config, scenario: &str) {
    let Ok(mut planner) = Planner::new(config, scenario, vec![("street".into(), "Markt".into())]) else {
        return;
    };
    for (id, phone) in [("p1", Some("0470 12 34 56")), ("p2", Some("+33 6 39 98 12 34")), ("p3", None)] {
        planner.push(RecipientIn { id, phone, language: Some("nl"), ..RecipientIn::default() });
    }
    match planner.finish(0) {
        Ok(plan) => {
            assert_eq!(plan.people, 3);
            let people = plan.channels.iter().map(|channel| channel.people).sum::<u64>();
            assert_eq!(people + plan.excluded.len() as u64, 3, "each is sent to or excluded");
            assert_eq!(Plan::from_bytes(&plan.to_bytes()).as_ref(), Ok(&plan));
            assert!(bealert_engine::untrusted::rendered(&plan, 7).is_some(), "what was planned can be sent");
        }
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
}
