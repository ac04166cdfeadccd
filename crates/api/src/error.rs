//! Every failure leaves this service as `application/problem+json` (RFC 9457), made here and nowhere else.
//!
//! A handler returns [`ApiError`]; its public half (`code`, `title`, `detail`, `hint`, `errors`) is for the caller, its
//! cause goes to the log once, with the request's id, and never to the caller.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use aether_store::{Conflict, StoreError};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::middleware::request_id;

/// Media type of a problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// How long a caller waits before it tries again while Postgres is away.
const RETRY_SECONDS: u64 = 3;

/// What every handler returns.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

/// A failure as its caller reads it (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:aether:problem:not_found")]
    pub kind: String,
    /// What happened, in a few words.
    pub title: String,
    /// The HTTP status, once more.
    pub status: u16,
    /// Stable name for machines.
    #[schema(example = "not_found")]
    pub code: String,
    /// Why, with the particulars of this case.
    pub detail: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Names this request in the service's log.
    pub request_id: String,
    /// What is wrong with single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Its path in the body, or the parameter's name.
    pub field: String,
    /// What is wrong with it, as a sentence without its full stop.
    pub message: String,
}

/// Every operation can fail like this.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only its derive is used, to document the responses")]
pub(crate) enum Problems {
    /// The request failed.
    #[response(status = "default", content_type = "application/problem+json")]
    Any(Problem),
}

/// A failure on its way to the caller. In a box, because it rides in every result.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", .0.code, .0.detail)]
pub(crate) struct ApiError(Box<Failure>);

#[derive(Debug)]
struct Failure {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    hint: Option<String>,
    errors: Vec<FieldError>,
    retry_after: Option<u64>,
    header: Option<(HeaderName, HeaderValue)>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ApiError {
    /// A failure with this status and code.
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self(Box::new(Failure {
            status,
            code,
            title,
            detail: detail.into(),
            hint: None,
            errors: Vec::new(),
            retry_after: None,
            header: None,
            cause: None,
        }))
    }

    /// 400: the request is malformed.
    pub(crate) fn malformed(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, "The request is malformed", detail)
    }

    /// 401: nobody we know.
    pub(crate) fn unauthenticated(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, "Sign in first", detail).header(
            actix_web::http::header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer"),
        )
    }

    /// 403: known, and not allowed.
    pub(crate) fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, "Not allowed", detail)
    }

    /// 404: not there, or not yours to see.
    pub(crate) fn not_found(what: &'static str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "Not found",
            format!("there is no such {what}, or it belongs to another team"),
        )
    }

    /// 409: something else stands in the way.
    pub(crate) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            code,
            "Something else stands in the way",
            detail,
        )
    }

    /// 422: well-formed, and not possible.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let (title, detail) = match errors.as_slice() {
            [one] => (title_of(&one.field), one.on_its_own()),
            many => (
                "Some values cannot be used",
                format!("{} fields are not valid", many.len()),
            ),
        };
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", title, detail);
        error.0.errors = errors;
        error
    }

    /// 422 for one field.
    pub(crate) fn invalid_field(field: impl Into<String>, message: impl std::fmt::Display) -> Self {
        Self::invalid(vec![FieldError::new(field, message)])
    }

    /// 429: too often, or too many.
    pub(crate) fn too_many(code: &'static str, detail: impl Into<String>, retry_after: u64) -> Self {
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, code, "Too many requests", detail);
        error.0.retry_after = Some(retry_after);
        error
    }

    /// 500: our fault; the cause is for the log only.
    pub(crate) fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side",
            "the request could not be done because of a fault in the service",
        )
        .hint("try again; if it stays, look for the request id in the service's log");
        error.0.cause = Some(cause.into());
        error
    }

    /// What is wrong, for an answer that is about more than this.
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Adds what the caller can do about it.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// A store is away: the same call may work later.
    pub(crate) fn is_unavailable(&self) -> bool {
        self.0.status == StatusCode::SERVICE_UNAVAILABLE
    }

    fn unavailable(cause: StoreError) -> Self {
        let mut error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "database_unavailable",
            "The database does not answer",
            "the service cannot reach its database right now",
        )
        .hint("sites go on being served; try again in a few seconds");
        error.0.retry_after = Some(RETRY_SECONDS);
        error.0.cause = Some(cause.into());
        error
    }

    fn log(&self) {
        let cause = self.0.cause.as_deref().map(|cause| format!("{cause:?}"));
        if self.0.status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(code = self.0.code, cause, "a request failed");
        } else if self.0.status == StatusCode::SERVICE_UNAVAILABLE {
            tracing::warn!(code = self.0.code, cause, "a request failed");
        }
    }
}

impl FieldError {
    pub(crate) fn new(field: impl Into<String>, message: impl std::fmt::Display) -> Self {
        Self {
            field: field.into(),
            message: with_capital(&message.to_string()),
        }
    }

    /// The message for a reader who does not see the field; of a list it says which entry is meant.
    fn on_its_own(&self) -> String {
        let entry = self.field.split_once('[').and_then(|(list, rest)| {
            let (index, _) = rest.split_once(']')?;
            Some((list, index.parse::<usize>().ok()?.checked_add(1)?))
        });
        match entry {
            Some((list, number)) => format!("{} (number {number} of the {list})", self.message),
            None => self.message.clone(),
        }
    }
}

/// Errors of types begin small, so that they can stand inside a sentence; here they are one.
fn with_capital(message: &str) -> String {
    let mut characters = message.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// What a fault in this field comes to, in a few words.
fn title_of(field: &str) -> &'static str {
    match field.rsplit('.').next().unwrap_or(field) {
        "repo_url" => "This repository address cannot be used",
        "github_repository" => "This repository cannot be used",
        "email" => "This email address cannot be used",
        "password" | "new_password" => "This password cannot be used",
        "current_password" => "Your password could not be confirmed",
        "hostname" => "This domain cannot be used",
        "name" | "slug" => "This name cannot be used",
        "branch" | "ref" => "This branch cannot be used",
        "root_dir" | "output_directory" => "This folder cannot be used",
        "install_command" | "build_command" | "start_command" => "This command cannot be used",
        "template" => "This template cannot be used",
        "token" => "This token cannot be used",
        "api_url" | "base_url" => "This address cannot be used",
        "archive" | "entries" | "sha256" | "upload" => "This upload cannot be used",
        _ => "A value cannot be used",
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        self.log();
        let mut response = HttpResponse::build(self.0.status);
        response.content_type(PROBLEM_JSON);
        if let Some(seconds) = self.0.retry_after {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if let Some((name, value)) = &self.0.header {
            response.insert_header((name.clone(), value.clone()));
        }
        let problem = Problem {
            kind: format!("urn:aether:problem:{}", self.0.code),
            title: self.0.title.to_owned(),
            status: self.0.status.as_u16(),
            code: self.0.code.to_owned(),
            detail: self.0.detail.clone(),
            hint: self.0.hint.clone(),
            request_id: request_id::current(),
            errors: self.0.errors.clone(),
        };
        // `json` would replace the content type; a struct of texts always serialises.
        response.body(serde_json::to_vec(&problem).unwrap_or_default())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(conflict) => conflict.into(),
            StoreError::Unavailable(_) => Self::unavailable(error),
            other => Self::internal(other),
        }
    }
}

impl From<Conflict> for ApiError {
    fn from(conflict: Conflict) -> Self {
        let code = match conflict {
            Conflict::EmailTaken => "email_taken",
            Conflict::OwnerExists => "owner_exists",
            Conflict::SlugTaken => "slug_taken",
            Conflict::DomainTaken => "domain_taken",
            Conflict::DeliveryKnown => "delivery_known",
            Conflict::GitHubAppKnown => "github_app_known",
            Conflict::ParentGone => return Self::not_found("thing"),
        };
        Self::conflict(code, conflict.to_string())
    }
}
