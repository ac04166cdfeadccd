//! Access tokens: JWTs (RFC 7519, RFC 9068) that live 15 minutes and name a session.
//!
//! All of ours have the same header, byte for byte, so that one comparison settles every question about `alg`, `kid`,
//! `jku` and `crit` before anything of the token is decoded (threats.md inputs 1 to 5). Times come from the injected clock.

use aether_models::{SessionId, SharedClock, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, ApiResult};

/// How long a token is good.
pub(crate) const ACCESS_TOKEN_SECONDS: i64 = 15 * 60;
/// How far another of our machines' clocks may be ahead.
const CLOCK_SKEW_SECONDS: i64 = 30;
const ISSUER: &str = "aether";
const AUDIENCE: &str = "aether-api";
/// RFC 9068 section 2.1.
const TOKEN_TYPE: &str = "at+jwt";

/// Makes and reads access tokens.
pub(crate) struct AccessTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    header: Header,
    validation: Validation,
    encoded_header: String,
    clock: SharedClock,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    sid: SessionId,
    iat: i64,
    exp: i64,
}

impl AccessTokens {
    /// Signs with `key`, which nothing else uses.
    pub(crate) fn new(key: &[u8; 32], clock: SharedClock) -> ApiResult<Self> {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TOKEN_TYPE.to_owned());
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // Checked below against the injected clock.
        validation.validate_exp = false;
        let encoding = EncodingKey::from_secret(key);
        let sample =
            jsonwebtoken::encode(&header, &serde_json::json!({}), &encoding).map_err(ApiError::internal)?;
        let encoded_header = sample.split('.').next().unwrap_or_default().to_owned();
        Ok(Self {
            encoding,
            decoding: DecodingKey::from_secret(key),
            header,
            validation,
            encoded_header,
            clock,
        })
    }

    /// A token for a session.
    pub(crate) fn issue(&self, user: UserId, session: SessionId) -> ApiResult<SecretString> {
        let now = self.clock.now().timestamp();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            sid: session,
            iat: now,
            exp: now + ACCESS_TOKEN_SECONDS,
        };
        let token =
            jsonwebtoken::encode(&self.header, &claims, &self.encoding).map_err(ApiError::internal)?;
        Ok(token.into())
    }

    /// The session a token names; none when the token is not one of ours or its time is over.
    pub(crate) fn session(&self, token: &SecretString) -> Option<SessionId> {
        let token = token.expose_secret();
        let (header, _) = token.split_once('.')?;
        if header != self.encoded_header {
            return None;
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .ok()?
            .claims;
        let now = self.clock.now().timestamp();
        let in_time = claims.iat <= now + CLOCK_SKEW_SECONDS
            && claims.exp > now
            && claims.exp - claims.iat <= ACCESS_TOKEN_SECONDS;
        in_time.then_some(claims.sid)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aether_models::Clock;
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use chrono::{DateTime, Utc};
    use serde_json::{Value, json};

    use super::*;

    const KEY: [u8; 32] = [7; 32];
    const NOW: i64 = 1_800_000_000;

    struct At(i64);

    impl Clock for At {
        fn now(&self) -> DateTime<Utc> {
            DateTime::from_timestamp(self.0, 0).unwrap()
        }
    }

    fn tokens(now: i64) -> AccessTokens {
        AccessTokens::new(&KEY, Arc::new(At(now))).unwrap()
    }

    fn claims() -> Value {
        json!({"iss": "aether", "aud": "aether-api", "sub": UserId::generate(), "sid": SessionId::generate(),
            "iat": NOW, "exp": NOW + 900})
    }

    fn signed(header: &Value, claims: &Value, key: &[u8]) -> SecretString {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = jsonwebtoken::crypto::sign(
            message.as_bytes(),
            &EncodingKey::from_secret(key),
            Algorithm::HS256,
        )
        .unwrap();
        format!("{message}.{signature}").into()
    }

    /// Signed with our header, exactly as we write it.
    fn ours(claims: &Value) -> SecretString {
        let tokens = tokens(NOW);
        jsonwebtoken::encode(&tokens.header, claims, &tokens.encoding)
            .unwrap()
            .into()
    }

    #[test]
    fn a_token_names_its_session_until_it_expires() {
        let session = SessionId::generate();
        let token = tokens(NOW).issue(UserId::generate(), session).unwrap();
        assert_eq!(tokens(NOW).session(&token), Some(session));
        assert_eq!(tokens(NOW + 899).session(&token), Some(session));
        assert_eq!(tokens(NOW + 900).session(&token), None);
    }

    #[test]
    fn inputs_1_to_3_and_5_any_other_header_is_refused() {
        for header in [
            json!({"typ": "at+jwt", "alg": "none"}),
            json!({"typ": "at+jwt", "alg": "None"}),
            json!({"typ": "at+jwt", "alg": "nOnE"}),
            json!({"typ": "at+jwt", "alg": "HS512"}),
            json!({"typ": "at+jwt", "alg": "RS256"}),
            json!({"typ": "JWT", "alg": "HS256"}),
            json!({"alg": "HS256"}),
            json!({"typ": "at+jwt", "alg": "HS256", "kid": "../../dev/null"}),
            json!({"typ": "at+jwt", "alg": "HS256", "jku": "https://evil.example/keys"}),
            json!({"typ": "at+jwt", "alg": "HS256", "crit": ["b64"], "b64": false}),
        ] {
            assert_eq!(
                tokens(NOW).session(&signed(&header, &claims(), &KEY)),
                None,
                "{header}"
            );
        }
    }

    #[test]
    fn input_4_odd_times_are_refused() {
        for (name, value) in [
            ("exp", json!(NOW - 1)),
            ("exp", json!(1e308)),
            ("exp", json!((NOW + 60).to_string())),
            ("exp", json!(NOW + 901)),
            ("exp", Value::Null),
            ("iat", json!(NOW + 86_400)),
            ("iat", Value::Null),
            ("nbf", json!(NOW + 3600)),
        ] {
            let mut claims = claims();
            claims[name] = value.clone();
            assert_eq!(tokens(NOW).session(&ours(&claims)), None, "{name} {value}");
        }
        assert!(
            tokens(NOW).session(&ours(&claims())).is_some(),
            "the untouched claims are fine"
        );
    }

    #[test]
    fn input_5_other_issuers_audiences_and_keys_are_refused() {
        for (name, value) in [("iss", "other"), ("aud", "other"), ("sid", "ses_x"), ("sub", "")] {
            let mut claims = claims();
            claims[name] = json!(value);
            assert_eq!(tokens(NOW).session(&ours(&claims)), None, "{name}");
        }
        let other = AccessTokens::new(&[8; 32], Arc::new(At(NOW))).unwrap();
        let foreign = other.issue(UserId::generate(), SessionId::generate()).unwrap();
        assert_eq!(tokens(NOW).session(&foreign), None);
        for text in ["", ".", "..", "a.b.c"] {
            assert_eq!(tokens(NOW).session(&text.to_owned().into()), None);
        }
    }
}
