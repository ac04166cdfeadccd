//! Lists in pages: `?limit=&cursor=` in, `{items, next_cursor}` out.
//!
//! The cursor is the id of the last item. It carries no right: the query it goes into names the team as well, so one that
//! was made up or taken from elsewhere only chooses a place in the caller's own list (threats.md input 31).

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::{ApiError, ApiResult};

/// Most items of a page.
const LIST_MAX: i64 = 100;
/// Items of a page when nothing else is asked for.
const LIST_DEFAULT: i64 = 50;

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Give it as `cursor` to get what follows; null at the end of the list.
    pub next_cursor: Option<String>,
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many items, at most 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A checked [`PageQuery`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<K> {
    /// How many items.
    pub(crate) limit: i64,
    /// What they come after.
    pub(crate) after: Option<K>,
}

impl PageQuery {
    /// One that came together with other parameters.
    pub(crate) const fn new(limit: Option<i64>, cursor: Option<String>) -> Self {
        Self { limit, cursor }
    }

    /// Checks it for a list that is ordered by `K`.
    pub(crate) fn check<K: FromStr>(&self) -> ApiResult<Cursor<K>> {
        let limit = self.limit.unwrap_or(LIST_DEFAULT);
        if !(1..=LIST_MAX).contains(&limit) {
            return Err(ApiError::malformed(
                "malformed_query",
                format!("limit is a number from 1 to {LIST_MAX}"),
            ));
        }
        let after = match &self.cursor {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| {
                ApiError::malformed(
                    "malformed_query",
                    "cursor is not the next_cursor of a page of this list",
                )
            })?),
        };
        Ok(Cursor { limit, after })
    }
}

impl<K> Cursor<K> {
    /// How many rows to load: one more than asked for tells whether the list goes on.
    pub(crate) const fn rows(&self) -> i64 {
        self.limit + 1
    }
}

impl<T> Page<T> {
    /// A page of the rows that [`Cursor::rows`] asked for.
    pub(crate) fn cut<K, I: Display>(mut rows: Vec<T>, cursor: &Cursor<K>, id: impl Fn(&T) -> I) -> Self {
        let limit = usize::try_from(cursor.limit).unwrap_or(usize::MAX);
        let goes_on = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| goes_on).map(|last| id(last).to_string());
        Self {
            items: rows,
            next_cursor,
        }
    }

    /// A list that is always whole.
    pub(crate) const fn whole(items: Vec<T>) -> Self {
        Self {
            items,
            next_cursor: None,
        }
    }

    /// The same page of something else.
    pub(crate) fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(convert).collect(),
            next_cursor: self.next_cursor,
        }
    }
}
