//! The cookie that keeps a browser signed in: its secret is exchanged for a new one at every use.
//!
//! Over HTTPS its name begins with `__Host-`, which no other host of the same domain can set (RFC 6265bis section
//! 4.1.3.2); deployed sites live on such hosts. Over plain HTTP (a machine on its own) that prefix does not exist.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::COOKIE;
use secrecy::{ExposeSecret, SecretString};

use crate::error::{ApiError, ApiResult};

/// How long a browser stays signed in without being used.
pub(crate) const SESSION_DAYS: i64 = 30;
const SECURE_NAME: &str = "__Host-aether_session";
const PLAIN_NAME: &str = "aether_session";

/// How the cookie looks on this instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefreshCookie {
    secure: bool,
}

impl RefreshCookie {
    /// For an instance that browsers reach over HTTPS (`secure`) or plain HTTP.
    pub(crate) const fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// The cookie with a new secret.
    pub(crate) fn set(self, secret: &SecretString) -> Cookie<'static> {
        self.build(secret.expose_secret().to_owned(), Duration::days(SESSION_DAYS))
    }

    /// The cookie that takes it away.
    pub(crate) fn clear(self) -> Cookie<'static> {
        self.build(String::new(), Duration::ZERO)
    }

    /// The secret in a request.
    ///
    /// Two cookies of the name mean that somebody else planted one: neither is believed (threats.md input 17).
    pub(crate) fn read(self, request: &HttpRequest) -> ApiResult<Option<SecretString>> {
        let mut found = None;
        let pairs = request
            .headers()
            .get_all(COOKIE)
            .filter_map(|value| value.to_str().ok());
        for (name, value) in pairs
            .flat_map(|text| text.split(';'))
            .filter_map(|pair| pair.split_once('='))
        {
            if name.trim() != self.name() {
                continue;
            }
            if found.is_some() {
                return Err(ApiError::malformed(
                    "duplicate_cookie",
                    "the session cookie was sent twice",
                ));
            }
            found = Some(value.trim().to_owned().into());
        }
        Ok(found)
    }

    const fn name(self) -> &'static str {
        if self.secure { SECURE_NAME } else { PLAIN_NAME }
    }

    fn build(self, value: String, max_age: Duration) -> Cookie<'static> {
        Cookie::build(self.name(), value)
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Strict)
            .max_age(max_age)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn input_17_a_doubled_or_unprefixed_cookie_is_not_believed() {
        let read = |header: &str| {
            let request = TestRequest::default()
                .insert_header((COOKIE, header))
                .to_http_request();
            RefreshCookie::new(true)
                .read(&request)
                .map(|secret| secret.map(|s| s.expose_secret().to_owned()))
        };
        assert_eq!(
            read("__Host-aether_session=a; x=y").unwrap().as_deref(),
            Some("a")
        );
        assert_eq!(read("aether_session=a").unwrap(), None);
        assert_eq!(
            read("aether_session=evil; __Host-aether_session=a")
                .unwrap()
                .as_deref(),
            Some("a")
        );
        assert!(read("__Host-aether_session=a; __Host-aether_session=b").is_err());
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_hosts() {
        let cookie = RefreshCookie::new(true).set(&"s".to_owned().into()).to_string();
        assert_eq!(
            cookie,
            "__Host-aether_session=s; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=2592000"
        );
    }
}
