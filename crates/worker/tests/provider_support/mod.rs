//! Stand-ins of GitLab's, Bitbucket's and Gitea's interfaces on loopback: they do what the published descriptions say, keep
//! what they were told, and write down every call that the real ones would refuse.
//!
//! Sources: <https://docs.gitlab.com/api/commits/#set-commit-pipeline-status>, <https://docs.gitlab.com/api/notes/>,
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses/>,
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/>, <https://gitea.com/swagger.v1.json>.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each test binary uses a part of it"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

mod bodies;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aether_store::{ProviderConnection, SealContext};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Project, World, keyring};

pub const TOKEN: &str = "a-provider-token";
/// The repository that the stand-in has.
pub const REPOSITORY: &str = "group/site";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    GitLab,
    Bitbucket,
    Gitea,
}

/// Everything is answered with this.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
}

/// What it was told.
#[derive(Debug, Default)]
pub struct Told {
    /// Every call, answered or refused.
    pub calls: Vec<String>,
    /// Calls that the provider would not take, and why.
    pub faults: Vec<String>,
    /// States of each commit and name, in their order.
    pub statuses: BTreeMap<(String, String), Vec<String>>,
    /// Comments there are: the request's number and the text.
    pub comments: BTreeMap<u64, (u64, String)>,
    last_comment: u64,
    pub refuse: Option<Refusal>,
}

#[derive(Clone)]
pub struct StandIn {
    pub kind: Kind,
    pub address: SocketAddr,
    pub told: Arc<Mutex<Told>>,
}

/// A call taken apart.
struct Call {
    method: Method,
    path: Vec<String>,
    body: Value,
}

type Answer = Result<(StatusCode, Value), String>;

impl Kind {
    pub const ALL: [Self; 3] = [Self::GitLab, Self::Bitbucket, Self::Gitea];

    const fn name(self) -> &'static str {
        match self {
            Self::GitLab => "gitlab",
            Self::Bitbucket => "bitbucket",
            Self::Gitea => "gitea",
        }
    }

    /// Where the interface begins, and what every path of a repository has in front.
    fn base(self) -> (&'static str, Vec<&'static str>) {
        match self {
            Self::GitLab => ("/api/v4", vec!["projects", "group%2Fsite"]),
            Self::Bitbucket => ("/2.0", vec!["repositories", "group", "site"]),
            Self::Gitea => ("/api/v1", vec!["repos", "group", "site"]),
        }
    }

    pub const fn success(self) -> &'static str {
        match self {
            Self::Bitbucket => "SUCCESSFUL",
            _ => "success",
        }
    }

    pub const fn failure(self) -> &'static str {
        match self {
            Self::GitLab => "failed",
            Self::Bitbucket => "FAILED",
            Self::Gitea => "failure",
        }
    }
}

impl StandIn {
    pub async fn start(kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stand_in = Self {
            kind,
            address: listener.local_addr().unwrap(),
            told: Arc::default(),
        };
        let this = stand_in.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let this = this.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| this.serve(request));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        stand_in
    }

    /// Lets a project report here.
    pub async fn connect(&self, world: &World, project: &Project) {
        let context = SealContext {
            team: project.team,
            project: project.id,
            name: "provider_token",
        };
        let connection = ProviderConnection {
            team_id: project.team,
            project_id: project.id,
            forge: self.kind.name().to_owned(),
            api_url: format!("http://{}{}", self.address, self.kind.base().0),
            token: keyring().seal(&context, TOKEN.as_bytes()).unwrap(),
            last_error: None,
        };
        world.store.set_provider(&connection).await.unwrap();
    }

    pub fn look<T>(&self, look: impl FnOnce(&mut Told) -> T) -> T {
        look(&mut self.told.lock().unwrap())
    }

    /// The last state of a commit, whatever its name.
    pub fn last_state(&self, commit: &str) -> Option<String> {
        self.look(|told| {
            let found = told.statuses.iter().find(|((sha, _), _)| sha == commit);
            found.and_then(|(_, states)| states.last().cloned())
        })
    }

    async fn serve(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let line = format!("{} {}", head.method, head.uri);
        let body = body.collect().await.unwrap().to_bytes();
        let refusal = self.look(|told| {
            told.calls.push(line.clone());
            told.refuse.clone()
        });
        if let Some(refusal) = refusal {
            let mut response = Response::builder().status(refusal.status);
            for (name, value) in refusal.headers {
                response = response.header(name, value);
            }
            return Ok(response.body(Full::default()).unwrap());
        }
        let answer = self
            .check_head(&head.method, &head.headers, &line, &body)
            .and_then(|body| {
                let path = self.path(head.uri.path())?;
                self.answer(&Call {
                    method: head.method.clone(),
                    path,
                    body,
                })
            });
        let (status, body) = answer.unwrap_or_else(|why| {
            self.look(|told| told.faults.push(format!("{line}: {why}")));
            (StatusCode::BAD_REQUEST, json!({ "message": why }))
        });
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = status;
        Ok(response)
    }

    /// The token is in its header and nowhere else; a body is JSON; the client says who it is.
    fn check_head(
        &self,
        method: &Method,
        headers: &HeaderMap,
        line: &str,
        body: &[u8],
    ) -> Result<Value, String> {
        let (name, value) = match self.kind {
            Kind::GitLab => ("private-token", TOKEN.to_owned()),
            Kind::Bitbucket => ("authorization", format!("Bearer {TOKEN}")),
            Kind::Gitea => ("authorization", format!("token {TOKEN}")),
        };
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if text(name) != Some(&value) {
            return Err("no valid token".to_owned());
        }
        if line.contains(TOKEN) || text("user-agent").is_none() {
            return Err("the token is in the address, or there is no user agent".to_owned());
        }
        if *method == Method::DELETE {
            return if body.is_empty() {
                Ok(Value::Null)
            } else {
                Err("a body".to_owned())
            };
        }
        if text("content-type") != Some("application/json") {
            return Err("a body of another type".to_owned());
        }
        serde_json::from_slice(body).map_err(|error| error.to_string())
    }

    /// The path behind the repository's own.
    fn path(&self, path: &str) -> Result<Vec<String>, String> {
        let (base, repository) = self.kind.base();
        let rest = path.strip_prefix(base).ok_or("not below the interface")?;
        let parts: Vec<&str> = rest.trim_start_matches('/').split('/').collect();
        let rest = parts
            .strip_prefix(repository.as_slice())
            .ok_or("another repository")?;
        Ok(rest.iter().map(|part| (*part).to_owned()).collect())
    }

    fn answer(&self, call: &Call) -> Answer {
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        match (self.kind, &call.method, path.as_slice()) {
            (Kind::GitLab | Kind::Gitea, &Method::POST, ["statuses", sha])
            | (Kind::Bitbucket, &Method::POST, ["commit", sha, "statuses", "build"]) => {
                self.status(sha, call)
            }
            (Kind::GitLab, &Method::POST, ["merge_requests", number, "notes"])
            | (Kind::Bitbucket, &Method::POST, ["pullrequests", number, "comments"])
            | (Kind::Gitea, &Method::POST, ["issues", number, "comments"]) => {
                self.write_comment(number.parse().map_err(|_| "no number")?, call)
            }
            (Kind::GitLab, method, ["merge_requests", number, "notes", id])
            | (Kind::Bitbucket, method, ["pullrequests", number, "comments", id]) => {
                let number: u64 = number.parse().map_err(|_| "no number")?;
                self.change_comment(Some(number), id, method, &Method::PUT, call)
            }
            (Kind::Gitea, method, ["issues", "comments", id]) => {
                self.change_comment(None, id, method, &Method::PATCH, call)
            }
            _ => Err("there is no such call".to_owned()),
        }
    }

    fn status(&self, sha: &str, call: &Call) -> Answer {
        if sha.len() != 40 {
            return Err("no whole object id".to_owned());
        }
        let (name, state) = bodies::status(self.kind, &call.body)?;
        self.look(|told| {
            let states = told.statuses.entry((sha.to_owned(), name.clone())).or_default();
            // GitLab: "Cannot transition status via :run from :running".
            if self.kind == Kind::GitLab && states.last() == Some(&state) {
                return Err(format!("cannot go from {state} to {state}"));
            }
            states.push(state.clone());
            Ok((
                StatusCode::CREATED,
                json!({"id": 1, "sha": sha, "name": name, "status": state}),
            ))
        })
    }

    fn write_comment(&self, number: u64, call: &Call) -> Answer {
        let text = bodies::comment(self.kind, &call.body)?;
        self.look(|told| {
            told.last_comment += 1;
            let id = 4200 + told.last_comment;
            told.comments.insert(id, (number, text));
            Ok((StatusCode::CREATED, json!({ "id": id })))
        })
    }

    fn change_comment(
        &self,
        number: Option<u64>,
        id: &str,
        method: &Method,
        update: &Method,
        call: &Call,
    ) -> Answer {
        let id: u64 = id.parse().map_err(|_| "no id")?;
        self.look(|told| {
            let Some((of, text)) = told.comments.get_mut(&id) else {
                return Ok((StatusCode::NOT_FOUND, json!({"message": "404 Not found"})));
            };
            if number.is_some_and(|number| number != *of) {
                return Ok((StatusCode::NOT_FOUND, json!({"message": "404 Not found"})));
            }
            if *method == Method::DELETE {
                told.comments.remove(&id);
                return Ok((StatusCode::NO_CONTENT, Value::Null));
            }
            if method != update {
                return Err(format!("{method} is not the method of a change"));
            }
            *text = bodies::comment(self.kind, &call.body)?;
            Ok((StatusCode::OK, json!({ "id": id })))
        })
    }
}
