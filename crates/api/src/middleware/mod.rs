//! What surrounds every request: its id, the access log, headers, who calls, and the audit trail.

pub(crate) mod audit;
pub(crate) mod authenticate;
pub(crate) mod observe;
pub(crate) mod request_id;
pub(crate) mod security_headers;
