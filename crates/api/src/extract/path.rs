//! The variable parts of a path. A part that is no id of its kind names nothing, so the answer is 404.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;

use crate::error::{ApiError, ApiResult};

/// The path's parts as a `T`.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Path<T> {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(
            match web::Path::<T>::from_request(request, payload).into_inner() {
                Ok(parts) => Ok(Self(parts.into_inner())),
                Err(_) => Err(ApiError::not_found("thing")),
            },
        )
    }
}
