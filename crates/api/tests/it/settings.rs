//! What the operator set wrong.

use aether_api::{Settings, store_settings};
use aether_telemetry::SettingsReader;

fn reader(pairs: &[(&str, &str)]) -> SettingsReader {
    SettingsReader::from_pairs(
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
    )
}

#[test]
fn input_104_every_wrong_setting_is_named_and_no_value_is_shown() {
    let wrong = [
        ("AETHER_API_ADDR", "localhost:70000"),
        ("AETHER_PUBLIC_URL", "http://aether.example.com"),
        ("AETHER_APPS_DOMAIN", "not_a_domain!"),
        ("AETHER_APPS_URL_SCHEME", "gopher"),
        ("AETHER_APPS_URL_PORT", "http-port"),
        ("AETHER_SECRET_KEY", "changeme"),
        ("AETHER_REGISTRATION", "sometimes"),
        ("AETHER_GIT_ALLOWED_HOSTS", "a host"),
        ("AETHER_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("AETHER_GITHUB_WEBHOOK_SECRET", "s3cr3t"),
        ("AETHER_API_THREADS", "none"),
        ("DATABASE_URL", "mysql://user:hunter2@db/x"),
        ("REDIS_URL", "hunter2"),
    ];
    let mut reader = reader(&wrong);
    Settings::read(&mut reader);
    store_settings(&mut reader);
    let error = reader.finish().unwrap_err();
    let named: Vec<&str> = error.faults.iter().map(|fault| fault.key.as_str()).collect();
    let text = error.to_string();
    for (key, value) in wrong {
        assert!(named.contains(&key), "{key} is not named in {text}");
        assert!(!text.contains(value), "the value of {key} is shown in {text}");
    }
    assert_eq!(named.len(), wrong.len(), "{text}");
}

#[test]
fn input_104_without_a_key_and_a_database_nothing_starts() {
    let mut reader = reader(&[]);
    Settings::read(&mut reader);
    store_settings(&mut reader);
    let error = reader.finish().unwrap_err();
    let named: Vec<&str> = error.faults.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(named, ["AETHER_SECRET_KEY", "DATABASE_URL", "REDIS_URL"]);
}

#[test]
fn sites_are_shown_where_the_proxy_is_unless_something_else_is_said() {
    let key = ("AETHER_SECRET_KEY", "m9Q2vXw7Lk3ZpR8tYb5NcD1sFg6HjK4a");
    let apps_url = |pairs: &[(&str, &str)]| {
        let mut reader = reader(&[&[key], pairs].concat());
        let settings = Settings::read(&mut reader);
        reader.finish().unwrap();
        (settings.apps_url.scheme, settings.apps_url.port)
    };
    assert_eq!(apps_url(&[]), ("http".to_owned(), 3005));
    assert_eq!(
        apps_url(&[("AETHER_PROXY_ADDR", "0.0.0.0:80")]),
        ("http".to_owned(), 80)
    );
    assert_eq!(
        apps_url(&[("AETHER_APPS_URL_SCHEME", "https")]),
        ("https".to_owned(), 443)
    );
}
