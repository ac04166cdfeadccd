//! Media types by file name, and which names carry a fingerprint of their contents.

use mime_guess::mime;

/// Media type of a file, with charset where it is text.
pub(super) fn content_type(path: &str) -> String {
    // What browsers insist on and the table does not have right.
    let own = match extension(path) {
        "js" | "mjs" | "cjs" => Some("text/javascript; charset=utf-8"),
        "webmanifest" => Some("application/manifest+json"),
        "map" => Some("application/json"),
        "wasm" => Some("application/wasm"),
        "avif" => Some("image/avif"),
        _ => None,
    };
    if let Some(own) = own {
        return own.to_owned();
    }
    let guessed = mime_guess::from_path(path).first_or_octet_stream();
    let is_text =
        guessed.type_() == mime::TEXT || matches!(guessed.essence_str(), "application/xml" | "image/svg+xml");
    if is_text {
        format!("{}; charset=utf-8", guessed.essence_str())
    } else {
        guessed.essence_str().to_owned()
    }
}

/// Compressing it makes sense.
pub(super) fn is_compressible(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || matches!(
            essence,
            "application/json"
                | "application/javascript"
                | "application/xml"
                | "application/wasm"
                | "application/rtf"
                | "application/vnd.ms-fontobject"
                | "font/ttf"
                | "font/otf"
                | "image/bmp"
                | "image/x-icon"
                | "image/vnd.microsoft.icon"
        )
}

/// The name carries a hash of the contents (`app-BX3dk2a9.js`, `main.8f2c1a9b.css`), as bundlers write it: a part of at
/// least eight characters that has digits and letters, behind a `-`, `.` or `_` and before the extension.
pub(super) fn is_fingerprinted(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    // Pages are addressed by people and never carry one.
    if matches!(
        extension(path),
        "" | "html" | "htm" | "txt" | "xml" | "json" | "webmanifest"
    ) {
        return false;
    }
    let mut parts = name.split(['-', '.', '_']).skip(1).peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        if !is_last && looks_like_hash(part) {
            return true;
        }
    }
    false
}

fn looks_like_hash(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let letters = part.bytes().filter(u8::is_ascii_alphabetic).count();
    let is_mixed_case =
        part.bytes().any(|b| b.is_ascii_uppercase()) && part.bytes().any(|b| b.is_ascii_lowercase());
    let has_shape = part.len() >= 8 && part.len() <= 64 && digits + letters == part.len();
    // A date is digits only; a word has no digits. Eight letters of mixed case are what base64 hashes may look like.
    has_shape && letters > 0 && (digits > 0 || is_mixed_case)
}

fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(
        "",
        |(stem, extension)| if stem.is_empty() { "" } else { extension },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_a_charset_and_scripts_are_scripts() {
        assert_eq!(content_type("index.html"), "text/html; charset=utf-8");
        assert_eq!(content_type("a/b.mjs"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("logo.svg"), "image/svg+xml; charset=utf-8");
        assert_eq!(content_type("photo.jpg"), "image/jpeg");
        assert_eq!(content_type("unknown"), "application/octet-stream");
        assert!(is_compressible("image/svg+xml; charset=utf-8") && !is_compressible("image/png"));
    }

    #[test]
    fn only_names_with_a_hash_are_cached_for_ever() {
        for name in [
            "assets/index-BX3dk2a9.js",
            "main.8f2c1a9b.css",
            "chunk-DkQwErTz.js",
            "a.0123456789abcdef.woff2",
        ] {
            assert!(is_fingerprinted(name), "{name}");
        }
        for name in [
            "app.js",
            "jquery-3.7.1.min.js",
            "report-20240131.pdf",
            "index-BX3dk2a9.html",
            "bootstrap.bundle.min.js",
            "BX3dk2a9.js",
        ] {
            assert!(!is_fingerprinted(name), "{name}");
        }
    }
}
