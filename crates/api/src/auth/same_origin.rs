//! Calls that a cookie alone authenticates must come from our own pages (threats.md inputs 16 and 18).
//!
//! Browsers say where a request comes from in `Sec-Fetch-Site` and `Origin`; a deployed site is another origin, and often
//! the same site. A caller that sends neither is no browser and has no cookie planted in it.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, ORIGIN};

use crate::error::{ApiError, ApiResult};
use crate::settings::Settings;

/// Refuses a request that a page of another origin caused.
pub(crate) fn require_same_origin(settings: &Settings, request: &HttpRequest) -> ApiResult<()> {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or("?"))
    };
    let site_is_ours = header("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let origin_is_ours = header(ORIGIN.as_str()).is_none_or(|origin| {
        let public = settings.public_url.origin().ascii_serialization();
        let own = header(HOST.as_str()).map(|host| format!("{}://{host}", settings.public_url.scheme()));
        origin == public || own.is_some_and(|own| own == origin)
    });
    if site_is_ours && origin_is_ours {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "cross_origin",
        "this call must come from the dashboard's own pages",
    ))
}
