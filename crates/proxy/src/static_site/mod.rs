//! Serving a static release from its manifest.
//!
//! A path of a request is looked up in the manifest and never reaches the file system, so there is nothing to walk out
//! of and no symlink to follow. The way of a request: clean the path, rules of `_redirects`, look up, choose the
//! encoding, conditions, ranges, then bytes from memory or from disk.

mod cache;
mod conditional;
mod encoding;
mod file_body;
#[cfg(test)]
mod fuzz;
mod path;
mod range;
mod response;
mod rules;
mod site;
mod slot;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use http::request::Parts;
use http::{Method, Request, Response};
use hyper::body::Incoming;

use crate::body::Body;
use crate::respond::{Refusal, refuse};
use crate::server::Thread;
pub(crate) use crate::static_site::cache::HotFiles;
pub(crate) use crate::static_site::file_body::FileBody;
use crate::static_site::path::{PathFault, clean_path};
use crate::static_site::response::{FileAnswer, redirect};
use crate::static_site::rules::RuleAnswer;
use crate::static_site::site::{Found, Site};
pub(crate) use crate::static_site::slot::SiteSlot;

/// An answer that is there, or needs the disk first.
pub(crate) enum Served {
    Now(Response<Body>),
    Later(Pin<Box<dyn Future<Output = Response<Body>>>>),
}

/// What the path of a request stands for.
enum Resolved<'s> {
    File(FileAnswer<'s>),
    Redirect(http::StatusCode, http::HeaderValue),
    Refuse(Refusal),
}

/// Answers a request to a static site.
pub(crate) fn serve(thread: &Rc<Thread>, slot: &Arc<SiteSlot>, request: Request<Incoming>) -> Served {
    let (parts, _) = request.into_parts();
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return Served::Now(refuse(Refusal::MethodNotAllowed, &parts.method, &parts.headers));
    }
    if let Some(site) = &*slot.loaded() {
        return answer(thread, site, parts);
    }
    let (thread, slot) = (Rc::clone(thread), Arc::clone(slot));
    Served::Later(Box::pin(async move {
        match slot.load(&thread.shared).await {
            Ok(site) => match answer(&thread, &site, parts) {
                Served::Now(response) => response,
                Served::Later(response) => response.await,
            },
            Err(error) => {
                tracing::warn!(deployment = %slot.deployment_id, %error, "cannot load the manifest");
                refuse(Refusal::SiteUnavailable, &parts.method, &parts.headers)
            }
        }
    }))
}

fn answer(thread: &Rc<Thread>, site: &Arc<Site>, parts: Parts) -> Served {
    match resolve(site, &parts) {
        Resolved::File(answer) => match answer.respond(site, &parts) {
            Ok(response) => Served::Now(response),
            // Not in memory: the same question again, now with time for the disk.
            Err(wanted) => {
                let thread = Rc::clone(thread);
                Served::Later(Box::pin(async move { wanted.respond(&thread, parts).await }))
            }
        },
        Resolved::Redirect(status, location) => Served::Now(redirect(site, &parts, status, location)),
        Resolved::Refuse(refusal) => Served::Now(refuse(refusal, &parts.method, &parts.headers)),
    }
}

/// Files win over rules unless a rule insists; then rules, the SPA's page, and the nearest `404.html`.
fn resolve<'s>(site: &'s Site, parts: &Parts) -> Resolved<'s> {
    let path = match clean_path(parts.uri.path()) {
        Ok(path) => path,
        Err(PathFault::Malformed) => return Resolved::Refuse(Refusal::BadRequest),
        Err(PathFault::Hidden) => {
            return site
                .not_found("")
                .map_or(Resolved::Refuse(Refusal::NotFound), |file| {
                    Resolved::File(FileAnswer::not_found(file))
                });
        }
    };
    let found = site.find(&path);
    if let Some(answer) = site.rules().redirect(site, parts, &path, found.is_some()) {
        return match answer {
            RuleAnswer::Redirect(status, location) => Resolved::Redirect(status, location),
            RuleAnswer::Serve(status, to) => site.file_at(&to).map_or_else(
                || missing(site, &path),
                |file| Resolved::File(FileAnswer::with_status(file, status)),
            ),
        };
    }
    match found {
        Some(Found::File(file)) => Resolved::File(FileAnswer::ok(file)),
        Some(Found::Redirect(location)) => {
            Resolved::Redirect(http::StatusCode::PERMANENT_REDIRECT, with_query(location, parts))
        }
        None => match site.spa_page() {
            Some(page) => Resolved::File(FileAnswer::ok(page)),
            None => missing(site, &path),
        },
    }
}

fn missing<'s>(site: &'s Site, path: &str) -> Resolved<'s> {
    match site.not_found(path) {
        Some(file) => Resolved::File(FileAnswer::not_found(file)),
        None => Resolved::Refuse(Refusal::NotFound),
    }
}

/// A redirect keeps the query.
fn with_query(location: &http::HeaderValue, parts: &Parts) -> http::HeaderValue {
    let Some(query) = parts.uri.query() else {
        return location.clone();
    };
    let joined = [location.as_bytes(), b"?", query.as_bytes()].concat();
    http::HeaderValue::from_bytes(&joined).unwrap_or_else(|_| location.clone())
}
