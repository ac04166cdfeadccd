//! The manifest of a static release: every path that exists, and nothing else does.
//!
//! Written by the worker at deploy time as `<deployments>/<deployment uuid>/manifest.json`, read by the proxy. Contents
//! lie beside it as `files/<sha256>` with precompressed variants `files/<sha256>.br`, `.zst` and `.gz`, each a hard
//! link into the content-addressed store, so a path of a request never reaches the file system.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{HeaderRule, RedirectRule};

/// Version of the format this code writes.
pub const MANIFEST_VERSION: u32 = 1;
/// File name of the manifest within a deployment's directory.
pub const MANIFEST_FILE: &str = "manifest.json";
/// Folder of the contents within a deployment's directory.
pub const FILES_DIRECTORY: &str = "files";
/// Folder of a server app within a deployment's directory.
pub const APP_DIRECTORY: &str = "app";

/// Every file of a static release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format version, [`MANIFEST_VERSION`].
    pub version: u32,
    /// Unknown paths are answered with `index.html` and status 200.
    pub spa: bool,
    /// When the release was made, seconds since 1970; the `Last-Modified` of its files.
    pub created: i64,
    /// Files by path relative to the site's root, `/`-separated, without a leading slash.
    pub files: BTreeMap<String, FileEntry>,
    /// Rules of `_redirects`, first match wins ([`crate::parse_redirects`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirects: Vec<RedirectRule>,
    /// Rules of `_headers`, all matches apply in order ([`crate::parse_headers`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HeaderRule>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// SHA-256 of the contents, 64 hex digits; names the file and is its strong ETag.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Media type with charset where it is text.
    pub content_type: String,
    /// The name carries a fingerprint of the contents, so it may be cached for ever.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub immutable: bool,
    /// Sizes of the precompressed variants that exist.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub encodings: BTreeMap<Encoding, u64>,
}

/// A content coding made at deploy time (RFC 9110 section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Encoding {
    /// Brotli, RFC 7932.
    #[serde(rename = "br")]
    Brotli,
    /// Zstandard, RFC 8878.
    #[serde(rename = "zstd")]
    Zstd,
    /// gzip, RFC 1952.
    #[serde(rename = "gzip")]
    Gzip,
}

impl Encoding {
    /// Every coding, best first.
    pub const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// The token of `Content-Encoding` and `Accept-Encoding`.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// The ending of the variant's file name.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Zstd => ".zst",
            Self::Gzip => ".gz",
        }
    }
}
