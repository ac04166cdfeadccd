//! Deliveries of GitHub Apps that teams have connected.

use actix_web::HttpRequest;
use aether_forge::{
    Delivery, InstallationEvent, RepositoryName, WebhookError, WebhookRequest, WebhookSecret, app_of_delivery,
};
use aether_store::{GitHubAppRecord, GitHubSecret};

use super::verdict::names_repository;
use super::{WebhookResult, accept, headers, refuse};
use crate::error::{ApiError, ApiResult};
use crate::routes::github::stored;
use crate::state::AppState;

/// The App whose secret signed a delivery, and what it says. None when no App did.
pub(super) async fn signed_by_app(
    state: &AppState,
    request: &HttpRequest,
    body: &[u8],
) -> ApiResult<Option<(GitHubAppRecord, Delivery)>> {
    let headers = headers(request);
    let Some(github_id) = app_of_delivery(&headers) else {
        return Ok(None);
    };
    for app in state.store.github_apps_of_webhook(github_id).await? {
        let secret = app
            .open(&state.keyring, GitHubSecret::Webhook)
            .map_err(ApiError::internal)?;
        let secret = std::str::from_utf8(&secret).map_err(ApiError::internal)?;
        let secret = WebhookSecret::new(secret).map_err(ApiError::internal)?;
        let request = WebhookRequest {
            headers: &headers,
            body,
        };
        match aether_forge::receive(request, &secret) {
            Ok(delivery) => return Ok(Some((app, delivery))),
            // Another GitHub may have an App of the same number.
            Err(WebhookError::Signature) => {}
            Err(error) => return Err(refuse(error)),
        }
    }
    Ok(None)
}

/// Does what a delivery asks for, for the App's own projects and no others.
pub(super) async fn accept_for_app(
    state: &AppState,
    app: &GitHubAppRecord,
    delivery: &Delivery,
    body: &[u8],
) -> ApiResult<Vec<WebhookResult>> {
    match InstallationEvent::parse(&delivery.event_name, body).map_err(refuse)? {
        Some(InstallationEvent::Present(installation)) => {
            state
                .store
                .put_github_installation(app.id, &stored(installation))
                .await?;
        }
        Some(InstallationEvent::Deleted { installation }) => {
            state
                .store
                .delete_github_installation(app.id, installation)
                .await?;
        }
        None => return accept_for_projects(state, app, delivery, body).await,
    }
    state.github.forget_lists(app.id);
    Ok(Vec::new())
}

async fn accept_for_projects(
    state: &AppState,
    app: &GitHubAppRecord,
    delivery: &Delivery,
    body: &[u8],
) -> ApiResult<Vec<WebhookResult>> {
    let Some(repository) = RepositoryName::parse(body) else {
        return Ok(Vec::new());
    };
    // A renamed repository is found by its id, and from now on cloned from its new address.
    if is_within(&repository.clone_url, &app.base_url) {
        let (name, url) = (&repository.full_name, &repository.clone_url);
        state
            .store
            .rename_github_repository(app.id, repository.id, name, url)
            .await?;
    }
    let mut results = Vec::new();
    for record in state.store.projects_of_github_app(app.id, repository.id).await? {
        let named = delivery.events.iter().filter_map(aether_forge::Event::repository);
        if named
            .into_iter()
            .all(|named| names_repository(&record, delivery.forge, named))
        {
            results.push(accept(state, &record, delivery, body).await?);
        }
    }
    Ok(results)
}

/// An App's signature says nothing about other hosts than its own.
fn is_within(url: &str, base: &str) -> bool {
    url.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'))
        && url.parse::<aether_models::RepoUrl>().is_ok()
}
