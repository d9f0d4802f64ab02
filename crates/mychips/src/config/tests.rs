use std::path::Path;

use proptest::prelude::*;

use super::*;

fn os(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn config(file: &str, environment: &[(&str, &str)]) -> Result<Config, Failure> {
    let mut given = file::values(file, Path::new("mychips.toml"))?;
    given.extend(variables(os(environment).into_iter())?);
    Config::read(&given)
}

#[test]
fn what_is_usual_is_good() {
    let config = config("", &[]).unwrap();
    assert_eq!(config.store, StorePlace::Sqlite);
    assert_eq!(config.http.to_string(), "127.0.0.1:8420");
    assert_eq!((config.log_level, config.log_format), (Level::Info, Format::Auto));
    assert_eq!(config.clearing_every, Some("1m".parse().unwrap()));
    assert_eq!(
        config.shown.iter().map(|shown| shown.key).collect::<Vec<_>>(),
        KEYS.map(|k| k.name)
    );
}

#[test]
fn a_variable_counts_before_the_file() {
    let file = "store = 'sqlite'\nclearing.every = '1h'\n[http]\nport = 1\naddress = '::1'\n";
    let given = [("MYCHIPS_HTTP_PORT", "2"), ("MYCHIPS_LOG_LEVEL", ""), ("PATH", "/bin")];
    let config = config(file, &given).unwrap();
    assert_eq!(config.http.to_string(), "[::1]:2");
    assert_eq!(config.clearing_every, Some("1h".parse().unwrap()));
    let places: Vec<_> = config.shown.iter().map(|shown| shown.place.as_str()).collect();
    let expected = [
        "mychips.toml, line 1",
        "mychips.toml, line 5",
        "MYCHIPS_HTTP_PORT",
        "default",
        "default",
        "default",
        "default",
        "default",
        "default",
        "default",
        "mychips.toml, line 2",
    ];
    assert_eq!(places, expected);
}

#[test]
fn what_containers_set_by_themselves_is_passed_over() {
    let foreign = [("MYCHIPS_SERVICE_HOST", "10.0.0.1"), ("MYCHIPS_PORT_8420_TCP", "tcp://x")];
    assert!(config("", &foreign).is_ok());
}

/// Pieces of a file, so that random texts meet every rule.
fn piece() -> impl Strategy<Value = String> {
    let key = prop::sample::select(KEYS.map(|key| key.name).to_vec());
    let value = prop_oneof![
        "[0-9]{1,6}",
        "'[a-z0-9:/.@?=-]{0,12}'",
        "\"[a-z\\\\u0-9]{0,8}\"",
        Just("true".to_owned()),
        Just("[1, 'x']".to_owned()),
        Just("{ port = 1 }".to_owned()),
        Just("1979-05-27".to_owned()),
    ];
    prop_oneof![
        (key, value).prop_map(|(key, value)| format!("{key} = {value}\n")),
        "[\\[\\]{}=.#'\"\n a-z0-9]{1,4}",
        Just("[http]\n".to_owned()),
        "\\PC",
    ]
}

proptest! {
    #[test]
    fn any_file_is_a_configuration_or_a_reason_with_its_line(
        pieces in prop::collection::vec(piece(), 0..12)
    ) {
        let text = pieces.concat();
        let lines = text.split('\n').count() as u64;
        match file::values(&text, Path::new("mychips.toml")) {
            Ok(found) => for (key, given) in &found {
                prop_assert!(KEYS.iter().any(|known| known.name == key));
                let Origin::File(_, line) = &given.origin else { panic!("{key} is of the file") };
                prop_assert!((1..=lines).contains(line), "{key} stands on line {line}");
            },
            Err(failure) => prop_assert!(failure.text().contains("mychips.toml"), "{}", failure.text()),
        }
        if let Err(failure) = config(&text, &[]) {
            prop_assert!(!failure.text().is_empty());
        }
    }

    #[test]
    fn any_text_is_a_place_a_span_or_neither(text in "(sqlite|postgres(ql)?://)?\\PC{0,20}") {
        if let Ok(place) = text.parse::<StorePlace>() {
            prop_assert!(!place.shown(Path::new("x")).contains(char::is_control));
        }
        if let Ok(span) = text.parse::<Span>() {
            prop_assert!(span.ms > 0);
        }
    }

    #[test]
    fn no_password_is_shown_whatever_it_is(secret in "[A-Z0-9]{3}", around in "\\PC{0,6}") {
        for password in [format!("{around}{secret}"), format!("{secret}{around}")] {
            let shown = place::masked(&format!("postgres://ann:{password}@host/db?user=ann"));
            prop_assert!(!shown.contains(&secret), "{shown}");
        }
        prop_assume!(!around.contains('&'));
        let shown = place::masked(&format!("postgres://host/db?password={around}{secret}"));
        prop_assert!(!shown.contains(&secret), "{shown}");
    }
}

#[test]
fn a_relay_is_a_place_with_an_agent() {
    let agent = "12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2";
    let file = format!("peers.relay = 'chips.example.org:8421?relay={agent}'\n");
    let site = config(&file, &[]).unwrap();
    let relay = site.peers_relay.clone().unwrap().0;
    assert_eq!(relay.relay.unwrap().to_string(), agent);
    // Where nobody says otherwise, others are told to find it there.
    assert_eq!(site.peers_place(), Some(relay));
    assert!(config("peers.relay = 'chips.example.org:8421'\n", &[]).is_err());
    assert!(config("peers.relay = 'auto'\n", &[]).is_err());
    assert_eq!(site.peers_relay_for, RelayFor::Partners);
    let nobody = config("peers.relay_for = 'nobody'\npeers.transports = 'quic'\n", &[]).unwrap();
    assert_eq!(nobody.peers_relay_for, RelayFor::Nobody);
    let place = nobody.peers_place().unwrap().to_string();
    assert_eq!(place, "127.0.0.1:8421?transport=quic");
}
