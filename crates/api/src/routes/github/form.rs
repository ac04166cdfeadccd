//! `GET /github/form`

use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::{HttpResponse, get, web};
use aether_forge::{AppManifest, GitHubHost};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::IntoParams;

use super::wrong_state;
use crate::auth::{digest, generate};
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Query;
use crate::state::AppState;

/// Which connection.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct FormQuery {
    /// The state of `POST /github/manifest`.
    state: String,
}

/// A page that sends the browser to GitHub with the description of the new App. It is a page of its own, because it may do
/// what the dashboard may not: send a form to another site. Who knows the state began the connection.
#[utoipa::path(
    tag = "github",
    security(()),
    params(FormQuery),
    responses((status = 200, content_type = "text/html", body = String), Problems)
)]
#[get("/github/form")]
pub(crate) async fn get_github_app_form(
    state: web::Data<AppState>,
    Query(query): Query<FormQuery>,
) -> ApiResult<HttpResponse> {
    let secret = SecretString::from(query.state);
    let draft = state.store.github_app_draft(&digest(&secret)).await?;
    let draft = draft.ok_or_else(wrong_state)?;
    let host: GitHubHost = draft.base_url.parse().map_err(ApiError::internal)?;
    let manifest = AppManifest::new(&draft.name, &state.settings.public_url);
    let manifest = serde_json::to_string(&manifest).map_err(ApiError::internal)?;
    let action = host.new_app(draft.organization.as_deref(), secret.expose_secret());
    let nonce = generate("");
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{}'; form-action {host}; frame-ancestors 'none'; base-uri 'none'",
        nonce.expose_secret()
    );
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .content_type("text/html; charset=utf-8")
        .body(page(&action, &manifest, nonce.expose_secret())))
}

fn page(action: &str, manifest: &str, nonce: &str) -> String {
    let (action, manifest) = (escape(action), escape(manifest));
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Connecting GitHub</title></head>\n\
         <body><form id=\"form\" method=\"post\" action=\"{action}\">\n\
         <input type=\"hidden\" name=\"manifest\" value=\"{manifest}\">\n\
         <p>Taking you to GitHub…</p><button type=\"submit\">Continue to GitHub</button></form>\n\
         <script nonce=\"{nonce}\">document.getElementById(\"form\").submit()</script></body></html>\n"
    )
}

/// For an attribute in double quotes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_typed_stays_in_its_attribute() {
        let page = page(
            "https://a/?state=x",
            r#"{"name":"\"><script>alert(1)</script>&"}"#,
            "n",
        );
        assert!(page.contains(
            "{&quot;name&quot;:&quot;\\&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;}"
        ));
        assert_eq!(page.matches("<script").count(), 1);
    }
}
