//! The one place that turns an error into a response.
//!
//! Every answer the proxy gives in its own name is a [`Refusal`]: a page for people, a problem document (RFC 9457) for
//! clients that ask for JSON. All of them are rendered once, so that a flood of unknown hosts costs no formatting.
//! Nothing in them depends on the request: no host, path or address of an instance can leak or be injected.

mod page;

use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, Response, StatusCode};

use crate::body::Body;

/// Why the proxy answers itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Refusal {
    BadRequest,
    BadHost,
    TargetTooLong,
    HeadTooLarge,
    MethodNotAllowed,
    NotImplemented,
    VersionNotSupported,
    BodyTooLarge,
    RequestTimeout,
    Misdirected,
    UnknownHost,
    NotDeployed,
    Building,
    DeploymentFailed,
    Stopped,
    Starting,
    NotFound,
    SiteUnavailable,
    AppDown,
    AppBadAnswer,
    AppTimeout,
    SiteBusy,
    Loop,
}

/// The words of a refusal.
struct Wording {
    status: u16,
    code: &'static str,
    title: &'static str,
    detail: &'static str,
    /// Seconds after which trying again makes sense; the page then also reloads itself.
    retry_after: Option<&'static str>,
}

/// A refusal in its two forms.
struct Rendered {
    html: Bytes,
    problem: Bytes,
}

const COUNT: usize = Refusal::Loop as usize + 1;

impl Refusal {
    const ALL: [Self; COUNT] = [
        Self::BadRequest,
        Self::BadHost,
        Self::TargetTooLong,
        Self::HeadTooLarge,
        Self::MethodNotAllowed,
        Self::NotImplemented,
        Self::VersionNotSupported,
        Self::BodyTooLarge,
        Self::RequestTimeout,
        Self::Misdirected,
        Self::UnknownHost,
        Self::NotDeployed,
        Self::Building,
        Self::DeploymentFailed,
        Self::Stopped,
        Self::Starting,
        Self::NotFound,
        Self::SiteUnavailable,
        Self::AppDown,
        Self::AppBadAnswer,
        Self::AppTimeout,
        Self::SiteBusy,
        Self::Loop,
    ];

    pub(crate) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.wording().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    #[rustfmt::skip]
    const fn wording(self) -> Wording {
        let (status, code, title, detail, retry_after) = match self {
            Self::BadRequest => (400, "bad_request", "Bad request", "The request is malformed.", None),
            Self::BadHost => (400, "bad_host", "Bad request", "The request names no valid host, or more than one.", None),
            Self::TargetTooLong => (414, "target_too_long", "Address too long", "The address of the request is longer than 16 KiB.", None),
            Self::HeadTooLarge => (431, "head_too_large", "Request head too large", "The request has more than 100 header fields, or they are larger than 32 KiB. Clearing this site's cookies often helps.", None),
            Self::MethodNotAllowed => (405, "method_not_allowed", "Method not allowed", "This address does not support the method of the request.", None),
            Self::NotImplemented => (501, "not_implemented", "Not implemented", "The request uses a transfer coding this server does not support.", None),
            Self::VersionNotSupported => (505, "version_not_supported", "HTTP version not supported", "Use HTTP/1.1 or HTTP/2.", None),
            Self::BodyTooLarge => (413, "body_too_large", "Upload too large", "The body of the request is larger than this server allows.", None),
            Self::RequestTimeout => (408, "request_timeout", "Request timed out", "The request did not arrive in time.", None),
            Self::Misdirected => (421, "misdirected", "Misdirected request", "This connection was made for another host than the request names.", None),
            Self::UnknownHost => (404, "unknown_host", "There is no site here", "No site is deployed at this address. Check the address for a typing error; if it is yours, add it as a domain of your project.", None),
            Self::NotDeployed => (404, "not_deployed", "Nothing here yet", "This project has not been deployed yet. Push to its repository or start a deployment to see it here.", None),
            Self::Building => (503, "building", "Almost there", "The first deployment of this project is being built. This page reloads by itself.", Some("5")),
            Self::DeploymentFailed => (503, "deployment_failed", "The first deployment failed", "This project has no working deployment yet. Its owner finds the reason in the deployment's log.", None),
            Self::Stopped => (404, "stopped", "This deployment is not running", "Only the newest deployments of an app are kept running. Its owner can promote it to start it again.", None),
            Self::Starting => (503, "starting", "Starting up", "The server has just started and does not know its sites yet. This page reloads by itself.", Some("2")),
            Self::NotFound => (404, "not_found", "Page not found", "This site has no page at this address.", None),
            Self::SiteUnavailable => (503, "site_unavailable", "Site unavailable", "The files of this site cannot be read right now.", Some("5")),
            Self::AppDown => (502, "app_down", "The app is not responding", "The app behind this address is not accepting connections. It may be restarting.", Some("5")),
            Self::AppBadAnswer => (502, "app_bad_answer", "The app gave no valid answer", "The app behind this address closed the connection or sent something that is not HTTP.", None),
            Self::AppTimeout => (504, "app_timeout", "The app took too long", "The app behind this address did not answer in time.", None),
            Self::SiteBusy => (503, "site_busy", "Too many requests at once", "This site is answering as many requests as it may. Try again in a moment.", Some("1")),
            Self::Loop => (508, "loop", "Going round in circles", "The app behind this address sends its requests back to itself.", None),
        };
        Wording {
            status,
            code,
            title,
            detail,
            retry_after,
        }
    }
}

static RENDERED: LazyLock<Vec<Rendered>> = LazyLock::new(|| {
    let render = |refusal: Refusal| {
        let wording = refusal.wording();
        let problem = serde_json::json!({
            "type": "about:blank",
            "title": wording.title,
            "status": wording.status,
            "code": wording.code,
            "detail": wording.detail,
        });
        Rendered {
            html: Bytes::from(page::render(&wording)),
            problem: Bytes::from(problem.to_string()),
        }
    };
    Refusal::ALL.into_iter().map(render).collect()
});

/// The response to a request that is refused.
pub(crate) fn refuse(refusal: Refusal, method: &Method, request: &HeaderMap) -> Response<Body> {
    let wording = refusal.wording();
    let rendered = &RENDERED[refusal as usize];
    let (text, content_type) = if asks_for_json(request) {
        (&rendered.problem, "application/problem+json")
    } else {
        (&rendered.html, "text/html; charset=utf-8")
    };
    let body = if *method == Method::HEAD {
        Body::Empty
    } else {
        Body::full(text.clone())
    };
    let mut response = Response::new(body);
    *response.status_mut() = refusal.status();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
    // An error page must not outlive its reason in a cache, nor be told apart by one that ignores `Accept`.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Some(seconds) = wording.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
    }
    if refusal == Refusal::MethodNotAllowed {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

/// The bytes to send when a request could not even be read; the connection closes behind them.
pub(crate) fn refuse_raw(refusal: Refusal) -> Vec<u8> {
    let status = refusal.status();
    let detail = refusal.wording().detail;
    format!(
        "HTTP/1.1 {} {}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         connection: close\r\n\r\n{detail}\n",
        status.as_u16(),
        status.canonical_reason().unwrap_or("Error"),
        detail.len() + 1,
    )
    .into_bytes()
}

/// JSON is asked for by name and before HTML; `*/*` is curl and gets the page, which reads well as text too.
fn asks_for_json(request: &HeaderMap) -> bool {
    let accept = request.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| {
        let position = |wanted: &[&str]| {
            let mut types = accept
                .split(',')
                .map(|item| item.split(';').next().unwrap_or("").trim());
            types.position(|item| wanted.iter().any(|name| item.eq_ignore_ascii_case(name)))
        };
        match (
            position(&["application/json", "application/problem+json"]),
            position(&["text/html"]),
        ) {
            (Some(json), Some(html)) => json < html,
            (json, _) => json.is_some(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_stands_at_its_own_place() {
        for (index, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal as usize, index);
            assert_eq!(refusal.status().as_u16(), refusal.wording().status);
        }
    }

    #[test]
    fn json_is_given_to_those_who_ask_for_it_first() {
        for (accept, expected) in [
            ("application/json", true),
            ("application/json, text/html;q=0.5", true),
            ("text/html,application/xhtml+xml,application/json", false),
            ("*/*", false),
        ] {
            let mut request = HeaderMap::new();
            request.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(asks_for_json(&request), expected, "{accept}");
        }
    }

    #[test]
    fn a_page_that_is_worth_waiting_for_reloads_itself() {
        for refusal in Refusal::ALL {
            let html = String::from_utf8(RENDERED[refusal as usize].html.to_vec()).unwrap();
            assert_eq!(
                html.contains("http-equiv=\"refresh\""),
                refusal.wording().retry_after.is_some()
            );
            assert!(html.contains(refusal.wording().title) && html.starts_with("<!doctype html>"));
        }
    }
}
