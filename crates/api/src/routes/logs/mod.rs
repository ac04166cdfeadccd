//! Logs, in pages or live.

mod build;
mod runtime;

use serde::Deserialize;
use utoipa::IntoParams;

pub(crate) use build::get_build_log;
pub(crate) use runtime::get_runtime_log;

use crate::error::{ApiError, ApiResult};

/// Most lines of a page.
const LINES_MAX: i64 = aether_store::LOG_PAGE_MAX;
/// Lines of a page when nothing else is asked for.
const LINES_DEFAULT: i64 = 500;

/// Which part of a log.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// How many lines, at most 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl LogQuery {
    fn limit(&self) -> ApiResult<i64> {
        let limit = self.limit.unwrap_or(LINES_DEFAULT);
        if (1..=LINES_MAX).contains(&limit) {
            return Ok(limit);
        }
        Err(ApiError::malformed(
            "malformed_query",
            format!("limit is a number from 1 to {LINES_MAX}"),
        ))
    }

    fn after(&self) -> ApiResult<Option<i64>> {
        let Some(text) = &self.cursor else { return Ok(None) };
        let number = text.parse::<i64>().ok().filter(|number| *number >= 0);
        number.map(Some).ok_or_else(|| {
            ApiError::malformed(
                "malformed_query",
                "cursor is not the next_cursor of a page of this log",
            )
        })
    }
}
