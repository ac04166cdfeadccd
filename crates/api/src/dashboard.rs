//! The dashboard, built into the program from `web/dist`.
//!
//! Files under `assets/` carry a fingerprint in their names and never change; every other path is the page itself, which
//! knows the routes. Scripts and styles were compressed when the dashboard was built (`web/vite.config.ts`), smaller than
//! the middleware would do it in passing. They come from this origin only, never inline (threats.md input 111); frames
//! show deployed sites and nothing else.

use actix_web::HttpResponse;
use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, EntityTag, HeaderMap,
    IF_NONE_MATCH, VARY,
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::state::AppState;

const PAGE: &str = "index.html";
const FINGERPRINTED: &str = "assets/";
/// Ending of a file's compressed form, which stands beside it and has no address of its own.
const BROTLI: &str = ".br";
/// Told instead of the dashboard when the program was built without it.
const NOT_BUILT: &str = "The dashboard is not part of this build of Aether.\n\n\
    Build it with `npm ci && npm run build` in `web/`, then build the program again.\n\
    The API itself works: see /api/v1.\n";

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
#[exclude = "*.map"]
struct Files;

/// Answers a request for a page or a file of the dashboard.
pub(crate) fn serve(state: &AppState, path: &str, headers: &HeaderMap) -> HttpResponse {
    let name = path.trim_start_matches('/');
    if let Some(file) = Files::get(name).filter(|_| name != PAGE && !name.ends_with(BROTLI)) {
        let cache = if name.starts_with(FINGERPRINTED) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        return answer(state, name, file, cache, headers);
    }
    if name.starts_with(FINGERPRINTED) {
        // A page of an older build asks for a file that is gone; HTML in its place would only confuse.
        return HttpResponse::NotFound().finish();
    }
    match Files::get(PAGE) {
        Some(page) => answer(state, PAGE, page, "no-cache", headers),
        None => HttpResponse::NotFound()
            .content_type("text/plain; charset=utf-8")
            .body(NOT_BUILT),
    }
}

fn answer(
    state: &AppState,
    name: &str,
    file: EmbeddedFile,
    cache: &str,
    headers: &HeaderMap,
) -> HttpResponse {
    let compressed = takes_brotli(headers)
        .then(|| Files::get(&format!("{name}{BROTLI}")))
        .flatten();
    let is_compressed = compressed.is_some();
    let file = compressed.unwrap_or(file);
    let tag = EntityTag::new_strong(hex::encode(file.metadata.sha256_hash())).to_string();
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| known.contains(&tag));
    let mut response = if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((CACHE_CONTROL, cache))
        .insert_header((ETAG, tag))
        .insert_header((CONTENT_SECURITY_POLICY, policy(state)))
        .content_type(mime_guess::from_path(name).first_or_octet_stream().as_ref());
    if is_compressed {
        response
            .insert_header((CONTENT_ENCODING, "br"))
            .insert_header((VARY, ACCEPT_ENCODING.as_str()));
    }
    if is_known {
        // With a body the server would send one, and a reader would take it for the beginning of the next answer
        // (RFC 9112, 6.3).
        return response.finish();
    }
    response.body(file.data.into_owned())
}

/// Whether the reader offers to decode Brotli (RFC 9110, 12.5.3). `*` does not count: nobody sends it alone.
fn takes_brotli(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|offer| {
            let mut parts = offer.split(';').map(str::trim);
            let is_brotli = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br"));
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            is_brotli && weight != Some(0.0)
        })
}

fn policy(state: &AppState) -> String {
    let sites = state.urls.sites_below(state.hosts.apps_domain());
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; frame-src {sites}; frame-ancestors 'none'; base-uri 'none'; \
         form-action 'self'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(value: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, value.parse().unwrap());
        takes_brotli(&headers)
    }

    #[test]
    fn brotli_is_taken_only_by_readers_who_offer_it() {
        assert!(offers("gzip, deflate, br, zstd"));
        assert!(offers("br;q=0.5"));
        assert!(offers("BR"));
        assert!(!offers("gzip, br;q=0"));
        assert!(!offers("gzip;q=1.0, br; q=0.000"));
        assert!(!offers("gzip"));
        assert!(!offers("brotli"));
        assert!(!offers("*"));
        assert!(!takes_brotli(&HeaderMap::new()));
    }
}
