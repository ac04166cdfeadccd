//! Bitbucket Cloud's webhooks. A push may tell of several branches at once and lists no files; ids of commits in pull
//! requests are shortened, and there is no ref for the head of a fork's request: its branch is in the fork.
//!
//! Source: <https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/>.

use http::HeaderMap;
use serde::Deserialize;

use crate::forge::single;
use crate::payload::is_object_id;
use crate::{
    Changes, Event, Forge, Fork, PullRequest, PullRequestAction, Push, Repository, WebhookError,
    WebhookRequest, WebhookSecret,
};

const SIGNATURE_HEADER: &str = "x-hub-signature";
const EVENT_HEADER: &str = "x-event-key";
const DELIVERY_HEADER: &str = "x-request-uuid";
/// Fewer digits of an object id say too little.
const HEAD_START_MIN: usize = 12;

/// Bitbucket Cloud.
#[derive(Debug, Clone, Copy)]
pub struct Bitbucket;

impl Forge for Bitbucket {
    fn name(&self) -> &'static str {
        "bitbucket"
    }

    fn claims(&self, headers: &HeaderMap) -> bool {
        // GitHub's old SHA-1 signature has the same header; the event's tells them apart.
        headers.contains_key(SIGNATURE_HEADER) && headers.contains_key(EVENT_HEADER)
    }

    fn verify(&self, secret: &WebhookSecret, request: WebhookRequest<'_>) -> bool {
        single(request.headers, SIGNATURE_HEADER)
            .is_some_and(|signature| secret.verify(signature, request.body))
    }

    fn delivery_id<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        single(headers, DELIVERY_HEADER)
    }

    fn event_name<'a>(&self, headers: &'a HeaderMap) -> Result<&'a str, WebhookError> {
        single(headers, EVENT_HEADER).ok_or(WebhookError::EventName)
    }

    fn parse(&self, event_name: &str, body: &[u8]) -> Result<Vec<Event>, WebhookError> {
        let action = match event_name {
            "repo:push" => return pushes(body),
            "pullrequest:created" => PullRequestAction::Opened,
            "pullrequest:updated" => PullRequestAction::Synchronised,
            "pullrequest:fulfilled" | "pullrequest:rejected" => PullRequestAction::Closed,
            "diagnostics:ping" => return Ok(vec![Event::Ping]),
            _ => return Ok(vec![Event::Unknown]),
        };
        Ok(vec![pull_request(body, action)?])
    }
}

#[derive(Debug, Deserialize)]
struct PushBody {
    push: Changed,
    repository: BitbucketRepository,
}

#[derive(Debug, Deserialize)]
struct Changed {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Debug, Deserialize)]
struct Change {
    new: Option<Reference>,
    old: Option<Reference>,
}

#[derive(Debug, Deserialize)]
struct Reference {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    target: Option<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    hash: String,
    message: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct BitbucketRepository {
    uuid: Option<String>,
    full_name: Option<String>,
    links: Option<Links>,
    mainbranch: Option<Named>,
}

#[derive(Debug, Clone, Deserialize)]
struct Links {
    html: Option<Link>,
}

#[derive(Debug, Clone, Deserialize)]
struct Link {
    href: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Named {
    name: String,
}

impl BitbucketRepository {
    fn into_repository(self) -> Repository {
        let page = self.links.and_then(|links| links.html).map(|link| link.href);
        let by_name = self.full_name.map(|name| format!("https://bitbucket.org/{name}"));
        Repository {
            id: self.uuid,
            urls: page.into_iter().chain(by_name).collect(),
            default_branch: self.mainbranch.map(|branch| branch.name),
        }
    }
}

fn pushes(body: &[u8]) -> Result<Vec<Event>, WebhookError> {
    let body: PushBody = serde_json::from_slice(body).map_err(|_| WebhookError::Payload)?;
    let repository = Some(body.repository.into_repository());
    let changes = body.push.changes.into_iter();
    let events: Vec<Event> = changes
        .map(|change| into_event(change, repository.clone()))
        .collect::<Result<_, _>>()?;
    Ok(if events.is_empty() {
        vec![Event::Unknown]
    } else {
        events
    })
}

fn into_event(change: Change, repository: Option<Repository>) -> Result<Event, WebhookError> {
    let reference = change.new.as_ref().or(change.old.as_ref());
    let reference = reference.ok_or(WebhookError::Payload)?;
    if reference.kind != "branch" && reference.kind != "named_branch" {
        return Ok(Event::Tag {
            name: reference.name.clone(),
            repository,
        });
    }
    let branch = reference.name.parse().map_err(|_| WebhookError::Payload)?;
    let Some(new) = change.new else {
        return Ok(Event::BranchDeleted { branch, repository });
    };
    let target = new.target.filter(|target| is_object_id(&target.hash));
    let target = target.ok_or(WebhookError::Payload)?;
    Ok(Event::Push(Push {
        branch,
        commit: target.hash,
        message: target.message,
        changes: Changes::Unknown("Bitbucket does not say which files changed"),
        repository,
    }))
}

#[derive(Debug, Deserialize)]
struct PullRequestBody {
    pullrequest: RequestPayload,
    repository: BitbucketRepository,
}

#[derive(Debug, Deserialize)]
struct RequestPayload {
    id: i32,
    #[serde(default)]
    title: String,
    links: Option<Links>,
    source: Side,
    destination: Side,
}

#[derive(Debug, Deserialize)]
struct Side {
    branch: Option<Named>,
    commit: Option<Shortened>,
    repository: Option<BitbucketRepository>,
}

#[derive(Debug, Deserialize)]
struct Shortened {
    hash: String,
}

impl Side {
    /// The repository it is in, as somebody else's.
    fn fork(&self) -> Option<Fork> {
        let url = self
            .repository
            .clone()?
            .into_repository()
            .urls
            .into_iter()
            .next()?;
        let head_start = self.commit.as_ref()?.hash.to_ascii_lowercase();
        let is_start = (HEAD_START_MIN..=40).contains(&head_start.len())
            && head_start.bytes().all(|b| b.is_ascii_hexdigit());
        is_start.then_some(Fork { url, head_start })
    }
}

fn pull_request(body: &[u8], action: PullRequestAction) -> Result<Event, WebhookError> {
    let body: PullRequestBody = serde_json::from_slice(body).map_err(|_| WebhookError::Payload)?;
    let request = body.pullrequest;
    let uuid = |side: &Side| {
        side.repository
            .as_ref()
            .and_then(|repository| repository.uuid.clone())
    };
    let (source, destination) = (uuid(&request.source), uuid(&request.destination));
    let from_fork = source.is_none() || source != destination;
    let fork = request.source.fork().filter(|_| from_fork);
    let branch = request.source.branch.and_then(|branch| branch.name.parse().ok());
    Ok(Event::PullRequest(PullRequest {
        number: request.id,
        action,
        title: request.title,
        url: request.links.and_then(|links| links.html).map(|link| link.href),
        fetch_ref: if from_fork { None } else { branch.clone() },
        branch,
        commit: None,
        from_fork,
        fork,
        repository: Some(body.repository.into_repository()),
    }))
}
