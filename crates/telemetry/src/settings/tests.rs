//! Row 104: every wrong setting is named, none is shown.

use std::io::Write;

use super::*;

fn reader(pairs: &[(&str, &str)]) -> SettingsReader {
    SettingsReader::from_pairs(
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
    )
}

fn problem<T>(pairs: &[(&str, &str)], read: impl Fn(&mut SettingsReader) -> T) -> String {
    let mut reader = reader(pairs);
    read(&mut reader);
    let text = reader.finish().unwrap_err().to_string();
    for (key, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        assert!(
            text.contains(key.trim_end_matches(FILE_SUFFIX)),
            "{key} is not named in: {text}"
        );
        assert!(!text.contains(value), "the value is shown in: {text}");
    }
    text
}

#[test]
fn input_104_a_missing_short_or_default_secret_is_refused_without_being_shown() {
    let read = |reader: &mut SettingsReader| reader.secret_key("AETHER_SECRET_KEY");
    for value in [
        "",
        "changeme",
        "changemechangemechangemechangeme",
        &"x1Y9".repeat(7),
        &"a".repeat(40),
    ] {
        problem(&[("AETHER_SECRET_KEY", value)], read);
    }
    let good = "m9Q2vXw7Lk3ZpR8tYb5NcD1sFg6HjK4a";
    let mut reader = reader(&[("AETHER_SECRET_KEY", good)]);
    reader.secret_key("AETHER_SECRET_KEY");
    reader.finish().unwrap();
}

#[test]
fn input_104_bad_addresses_ports_and_urls_are_refused() {
    let default = SocketAddr::from(([127, 0, 0, 1], 3000));
    for value in ["127.0.0.2:70000", "nowhere", ":4567", "4567", "127.0.0.2:-1"] {
        problem(&[("AETHER_API_ADDR", value)], |reader| {
            reader.address("AETHER_API_ADDR", default)
        });
    }
    for value in [
        "http://public.example.org",
        "ftp://x",
        "nowhere.example.org",
        "https:///path",
        "https://a b",
        "https://h:99999",
    ] {
        problem(&[("AETHER_PUBLIC_URL", value)], |reader| {
            reader.public_url("AETHER_PUBLIC_URL", "")
        });
    }
    let database = [
        "mysql://u:hunter22@h/d",
        "postgres://u:100%sure@h/d",
        "postgres://u:p@h/d b",
        "hunter22",
    ];
    for value in database {
        problem(&[("DATABASE_URL", value)], |reader| {
            reader.connection("DATABASE_URL", &["postgres", "postgresql"])
        });
    }
}

#[test]
fn input_104_good_addresses_pass() {
    let mut reader = reader(&[
        ("AETHER_PUBLIC_URL", "http://127.0.0.1:3000/"),
        ("DATABASE_URL", "postgres://u:100%25sure@h/d?host=%2Frun"),
        ("REDIS_URL", "redis+unix:///run/redis.sock"),
    ]);
    assert_eq!(
        reader.public_url("AETHER_PUBLIC_URL", ""),
        "http://127.0.0.1:3000"
    );
    reader.connection("DATABASE_URL", &["postgres"]);
    reader.connection("REDIS_URL", &["redis", "redis+unix"]);
    reader.finish().unwrap();
}

#[test]
fn input_104_all_faults_are_told_at_once() {
    let text = problem(
        &[
            ("AETHER_A", "seventy"),
            ("AETHER_B", "eighty"),
            ("AETHER_C", "ninety"),
        ],
        |reader| {
            reader.parse("AETHER_A", 1_u16, "a number");
            reader.flag("AETHER_B", false);
            reader.duration("AETHER_C", Duration::ZERO);
            reader.secret_key("AETHER_D");
        },
    );
    assert_eq!(text.lines().count(), 5, "{text}");
}

#[test]
fn input_104_unknown_keys_are_found_and_other_peoples_variables_are_not_ours() {
    let mut reader = reader(&[
        ("AETHER_API_ADR", "x"),
        ("AETHER_LOG", "info"),
        ("PATH", "/bin"),
        ("AETHER_KEY_FILE", ""),
    ]);
    reader.optional_text("AETHER_LOG");
    reader.optional_text("AETHER_KEY");
    assert_eq!(reader.unknown_keys(), ["AETHER_API_ADR"]);
    reader.finish().unwrap();
}

#[test]
fn a_setting_of_another_service_is_not_unknown() {
    let reader = reader(&[("AETHER_PROXY_ADDR", "x"), ("AETHER_SECRET_KEY_FILE", "x")]);
    assert!(reader.unknown_keys().is_empty(), "{:?}", reader.unknown_keys());
}

#[test]
fn input_104_a_secret_file_is_read_and_an_unreadable_or_doubled_one_is_refused() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "m9Q2vXw7Lk3ZpR8tYb5NcD1sFg6HjK4a").unwrap();
    let path = file.path().to_str().unwrap();
    let mut good = reader(&[("AETHER_SECRET_KEY_FILE", path)]);
    let secret = good.secret_key("AETHER_SECRET_KEY");
    good.finish().unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&secret).len(), 32);

    let read = |reader: &mut SettingsReader| reader.secret_key("AETHER_SECRET_KEY");
    problem(&[("AETHER_SECRET_KEY_FILE", "/nowhere/at/all")], read);
    problem(
        &[
            ("AETHER_SECRET_KEY_FILE", path),
            ("AETHER_SECRET_KEY", "some-other-value"),
        ],
        read,
    );
}

#[test]
fn what_is_set_wins_over_the_default_of_the_mode_and_that_over_the_built_in_one() {
    let mut reader = reader(&[("AETHER_A", "set"), ("AETHER_B", "")]);
    reader.default_to("AETHER_A", "mode");
    reader.default_to("AETHER_B", "mode");
    assert_eq!(reader.text("AETHER_A", "built in"), "set");
    assert_eq!(reader.text("AETHER_B", "built in"), "mode");
    assert_eq!(reader.text("AETHER_C", "built in"), "built in");
    assert_eq!(reader.list("AETHER_D"), Vec::<String>::new());
}
