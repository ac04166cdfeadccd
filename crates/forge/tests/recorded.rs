//! Deliveries as the providers have really sent or published them, each with a valid signature over its own bytes. The
//! samples are not ours to copy: `scripts/test` installs GitHub's; those of the others are read where somebody has them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aether_forge::{Event, WebhookRequest, WebhookSecret, receive};
use http::HeaderMap;
use serde_json::Value;

const DELIVERY: &str = "72d3162e-cc78-11e3-81ab-4c9367dc0958";
const SECRET: &str = "a secret of the project";

/// What was read, by provider and kind of event.
#[derive(Default)]
struct Counts(BTreeMap<String, usize>);

impl Counts {
    fn add(&mut self, forge: &str, event: &Event) {
        let kind = format!("{event:?}");
        let kind = kind.split([' ', '(']).next().unwrap();
        *self.0.entry(format!("{forge} {kind}")).or_default() += 1;
    }

    fn at_least(&self, key: &str, count: usize) {
        let found = self.0.get(key).copied().unwrap_or_default();
        assert!(found >= count, "{key}: {:?}", self.0);
    }
}

fn deliver(forge: &str, event: &str, body: &[u8]) -> Vec<Event> {
    let secret = WebhookSecret::new(SECRET).unwrap();
    let signature = secret.sign(body);
    let digits = signature.trim_start_matches("sha256=").to_owned();
    let headers: Vec<(&'static str, &str)> = match forge {
        "github" => vec![
            ("x-github-event", event),
            ("x-github-delivery", DELIVERY),
            ("x-hub-signature-256", &signature),
        ],
        "gitlab" => vec![
            ("x-gitlab-event", event),
            ("x-gitlab-event-uuid", DELIVERY),
            ("x-gitlab-token", SECRET),
        ],
        "gitea" => vec![
            ("x-gitea-event", event),
            ("x-gitea-delivery", DELIVERY),
            ("x-gitea-signature", &digits),
        ],
        _ => vec![
            ("x-event-key", event),
            ("x-request-uuid", DELIVERY),
            ("x-hub-signature", &signature),
        ],
    };
    let headers: HeaderMap = headers
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
    let request = WebhookRequest {
        headers: &headers,
        body,
    };
    let delivery = receive(request, &secret).unwrap_or_else(|error| panic!("{forge} {event}: {error}"));
    assert_eq!(delivery.forge, forge);
    delivery.events
}

fn setting(name: &str) -> PathBuf {
    std::env::var_os(name)
        .unwrap_or_else(|| panic!("{name} is not set"))
        .into()
}

/// GitHub's own examples, the npm package `@octokit/webhooks-examples`: each of them, of GitHub.com and of every version of
/// GitHub Enterprise in it.
#[test]
#[ignore = "needs AETHER_WEBHOOK_EXAMPLES, the folder of the package"]
fn every_example_of_github_is_read() {
    let mut counts = Counts::default();
    let mut deliveries = 0;
    for folder in std::fs::read_dir(setting("AETHER_WEBHOOK_EXAMPLES")).unwrap() {
        let index = folder.unwrap().path().join("index.json");
        let Ok(text) = std::fs::read(&index) else { continue };
        let examples: Vec<Value> = serde_json::from_slice(&text).unwrap();
        for group in &examples {
            let name = group["name"].as_str().unwrap();
            for example in group["examples"].as_array().unwrap() {
                let events = deliver("github", name, example.to_string().as_bytes());
                let [event] = events.as_slice() else {
                    panic!("{name}: {events:?}")
                };
                counts.add("github", event);
                deliveries += 1;
                let is_read = ["push", "pull_request", "ping"].contains(&name);
                // What else is read may grow; what a deployment hangs on must not be lost.
                assert!(!is_read || !matches!(event, Event::Unknown), "{name}");
            }
        }
    }
    // 14 pushes are in version 7.6.1, of which only two are to a branch.
    counts.at_least("github Push", 2);
    counts.at_least("github Tag", 12);
    counts.at_least("github PullRequest", 20);
    counts.at_least("github Ping", 1);
    eprintln!("{deliveries} deliveries of GitHub: {:?}", counts.0);
}

fn samples(folder: &Path, forge: &str) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder.join(forge))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect();
    found.sort();
    found
}

/// A folder with `gitlab`, `gitea` and `bitbucket` in it, each with one delivery a file, as the tests of
/// `go-playground/webhooks` have them (`testdata`).
#[test]
#[ignore = "needs AETHER_WEBHOOK_SAMPLES"]
fn every_sample_of_gitlab_gitea_and_bitbucket_is_read() {
    let folder = setting("AETHER_WEBHOOK_SAMPLES");
    let mut counts = Counts::default();
    for (file, body) in samples(&folder, "gitlab") {
        let kind: Value = serde_json::from_slice(&body).unwrap();
        let event = match kind["object_kind"].as_str().unwrap_or("system") {
            "push" => "Push Hook",
            "tag_push" => "Tag Push Hook",
            "merge_request" => "Merge Request Hook",
            _ => "Another Hook",
        };
        for read in deliver("gitlab", event, &body) {
            assert_eq!(
                event == "Another Hook",
                matches!(read, Event::Unknown),
                "{file}: {read:?}"
            );
            counts.add("gitlab", &read);
        }
    }
    for (file, body) in samples(&folder, "gitea") {
        let event = file.trim_end_matches("-event").replace('-', "_");
        let is_read = ["push", "delete", "pull_request"].contains(&event.as_str());
        for read in deliver("gitea", &event, &body) {
            assert_eq!(!is_read, matches!(read, Event::Unknown), "{file}: {read:?}");
            counts.add("gitea", &read);
        }
    }
    for (file, body) in samples(&folder, "bitbucket") {
        let event = match file.as_str() {
            "repo-push" => "repo:push",
            "pull-request-created" => "pullrequest:created",
            "pull-request-updated" => "pullrequest:updated",
            "pull-request-merged" => "pullrequest:fulfilled",
            "pull-request-declined" => "pullrequest:rejected",
            _ => "another:event",
        };
        for read in deliver("bitbucket", event, &body) {
            assert_eq!(
                event == "another:event",
                matches!(read, Event::Unknown),
                "{file}: {read:?}"
            );
            counts.add("bitbucket", &read);
        }
    }
    for forge in ["gitlab", "gitea", "bitbucket"] {
        counts.at_least(&format!("{forge} Push"), 1);
        counts.at_least(&format!("{forge} PullRequest"), 1);
    }
    eprintln!("{:?}", counts.0);
}
