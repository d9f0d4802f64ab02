use std::path::Path;

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
    assert_eq!(config.clearing_every, Some("1h".parse().unwrap()));
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
        "mychips.toml, line 2",
    ];
    assert_eq!(places, expected);
}

#[test]
fn what_containers_set_by_themselves_is_passed_over() {
    let foreign = [("MYCHIPS_SERVICE_HOST", "10.0.0.1"), ("MYCHIPS_PORT_8420_TCP", "tcp://x")];
    assert!(config("", &foreign).is_ok());
}
