//! One request to GitHub's interface and its answer, with every refusal told apart.

use std::time::Duration;

use aether_models::{GitHostPolicy, SharedClock};
use chrono::DateTime;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reqwest::Response;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{GitHubError, GitHubHost};
use crate::outbound::{OutboundError, TlsRoots, checked_client, root_cause};

/// GitHub refuses requests without a name.
const USER_AGENT: &str = concat!("aether/", env!("CARGO_PKG_VERSION"));
/// The version of the interface that these types were written from.
const API_VERSION: &str = "2022-11-28";
/// Somebody waits for most of these.
const TIMEOUT: Duration = Duration::from_secs(15);
/// A page of a hundred repositories is less than a megabyte.
const ANSWER_MAX: usize = 4 * 1024 * 1024;
/// GitHub's advice for a limit it gives no time for.
/// Source: <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
const SECONDARY_PAUSE: u64 = 60;
/// A clock that is off by more explains a refused signature.
const SKEW_MAX: i64 = 60;

/// GitHub's interface, as far as it may be reached.
#[derive(Clone)]
pub(super) struct Api {
    client: reqwest::Client,
    base: String,
    clock: SharedClock,
}

/// What came back.
pub(super) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Api {
    pub(super) fn new(
        host: &GitHubHost,
        policy: &GitHostPolicy,
        tls: &TlsRoots,
        clock: SharedClock,
    ) -> Result<Self, GitHubError> {
        let probe = host.api_probe().map_err(|_| GitHubError::Malformed)?;
        let client = checked_client(&probe, policy, tls).map_err(|error| match error {
            OutboundError::HostNotAllowed(why) => GitHubError::HostNotAllowed(why),
            OutboundError::Certificate(why) => GitHubError::Unreachable(why),
        })?;
        let client = client
            .user_agent(USER_AGENT)
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| GitHubError::Unreachable(root_cause(&error)))?;
        Ok(Self {
            client,
            base: host.api(),
            clock,
        })
    }

    /// Sends a request. `path` is made of our own words and numbers only.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, GitHubError> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION);
        if let Some(bearer) = bearer {
            let mut value =
                HeaderValue::try_from(format!("Bearer {bearer}")).map_err(|_| GitHubError::Malformed)?;
            value.set_sensitive(true);
            request = request.header("authorization", value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request
            .send()
            .await
            .map_err(|error| GitHubError::Unreachable(root_cause(&error)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read(response).await?;
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    /// What a refusal means that any request may meet.
    pub(super) fn refusal(&self, answer: &Answer) -> GitHubError {
        let now = self.clock.now();
        if let Some(seconds) = rate_limit(answer.status, &answer.headers, &answer.body, now.timestamp()) {
            return GitHubError::RateLimited { seconds };
        }
        if answer.status == StatusCode::UNAUTHORIZED {
            let theirs = answer.headers.get("date").and_then(|value| value.to_str().ok());
            let theirs = theirs.and_then(|text| DateTime::parse_from_rfc2822(text).ok());
            let seconds = theirs.map_or(0, |theirs| now.timestamp() - theirs.timestamp());
            if seconds.abs() > SKEW_MAX {
                return GitHubError::ClockSkew { seconds };
            }
            return GitHubError::AppRefused;
        }
        GitHubError::Status(answer.status.as_u16())
    }

    /// The answer's body when it is the wanted one.
    pub(super) fn expect<T: DeserializeOwned>(
        &self,
        answer: &Answer,
        wanted: StatusCode,
    ) -> Result<T, GitHubError> {
        if answer.status != wanted {
            return Err(self.refusal(answer));
        }
        serde_json::from_slice(&answer.body).map_err(|_| GitHubError::Malformed)
    }
}

impl Answer {
    pub(super) const fn status(&self) -> StatusCode {
        self.status
    }

    /// GitHub's own words about a refusal, for telling cases apart; never shown.
    pub(super) fn says(&self, words: &str) -> bool {
        message(&self.body).contains(words)
    }
}

/// How long GitHub, or another provider, wants to be left alone: `Retry-After`, the end of the hour's limit, or a minute for a limit of the
/// secondary kind that names no time. None when the answer is about something else.
#[must_use]
pub fn rate_limit(status: StatusCode, headers: &HeaderMap, body: &[u8], now: i64) -> Option<u64> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<i64>().ok();
    if !matches!(
        status,
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        return None;
    }
    // Seconds, or a date (RFC 9110, section 10.2.3).
    let date = || {
        let text = headers.get("retry-after")?.to_str().ok()?;
        Some(DateTime::parse_from_rfc2822(text).ok()?.timestamp() - now)
    };
    // GitLab's names have no `x-` in front.
    let window = |prefix: &str| {
        let used_up = number(&format!("{prefix}ratelimit-remaining")) == Some(0);
        Some(number(&format!("{prefix}ratelimit-reset")).filter(|_| used_up)? - now)
    };
    let told = number("retry-after")
        .or_else(date)
        .or_else(|| window("x-"))
        .or_else(|| window(""));
    if let Some(seconds) = told {
        return u64::try_from(seconds.max(1)).ok();
    }
    let message = message(body);
    let is_secondary = message.contains("secondary rate limit") || message.contains("abuse detection");
    (is_secondary || status == StatusCode::TOO_MANY_REQUESTS).then_some(SECONDARY_PAUSE)
}

fn message(body: &[u8]) -> String {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    value["message"].as_str().unwrap_or_default().to_lowercase()
}

async fn read(mut response: Response) -> Result<Vec<u8>, GitHubError> {
    let mut bytes = Vec::new();
    loop {
        let chunk = response.chunk().await;
        match chunk.map_err(|error| GitHubError::Unreachable(root_cause(&error)))? {
            None => return Ok(bytes),
            Some(chunk) if bytes.len() + chunk.len() > ANSWER_MAX => return Err(GitHubError::Malformed),
            Some(chunk) => bytes.extend_from_slice(&chunk),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_limit_is_a_pause() {
        let limit = |status: u16, headers: &[(&'static str, &'static str)], body: &str| {
            let headers = headers
                .iter()
                .map(|&(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
                .collect();
            rate_limit(
                StatusCode::from_u16(status).unwrap(),
                &headers,
                body.as_bytes(),
                1000,
            )
        };
        let secondary = r#"{"message": "You have exceeded a secondary rate limit."}"#;
        let reset = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1090")];
        assert_eq!(limit(403, &reset, "{}"), Some(90));
        assert_eq!(limit(429, &[("retry-after", "7")], "{}"), Some(7));
        assert_eq!(limit(403, &[("retry-after", "7")], secondary), Some(7));
        assert_eq!(limit(403, &[], secondary), Some(60));
        assert_eq!(limit(429, &[], ""), Some(60));
        assert_eq!(
            limit(
                403,
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "900")],
                ""
            ),
            Some(1)
        );
        assert_eq!(
            limit(
                403,
                &[("x-ratelimit-remaining", "4999"), ("x-ratelimit-reset", "1090")],
                "{}"
            ),
            None
        );
        assert_eq!(limit(404, &[("retry-after", "7")], ""), None);
    }
}
