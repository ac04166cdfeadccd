//! Every route of the service, in one list.

use actix_web::middleware::from_fn;
use utoipa_actix_web::scope::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::middleware::audit::audit;
use crate::middleware::authenticate::authenticate;
use crate::routes::{
    account, auth, deploy_key, deployments, detect, domains, env, environments, github, health, invitations,
    logs, projects, provider, releases, system, templates, tokens, uploads, webhook_deliveries, webhooks,
};

/// Where the API begins.
pub(crate) const API_BASE: &str = "/api/v1";

/// Registers the routes. What stands inside the authenticated scope needs a caller; the rest is public on purpose.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(health::get_health)
        .service(health::get_ready)
        .service(health::get_metrics)
        .service(
            scope(API_BASE)
                .service(auth::setup_state)
                .service(auth::register_user)
                .service(auth::log_in)
                .service(auth::refresh_session)
                .service(auth::log_out)
                .service(webhooks::receive_github_webhook)
                .service(github::get_github_app_form)
                .service(webhooks::receive_webhook)
                .service(
                    scope("")
                        .service(auth::get_me)
                        .service(account::update_me)
                        .service(account::change_password)
                        .service(account::list_sessions)
                        .service(account::end_other_sessions)
                        .service(account::end_session)
                        .service(tokens::create_token)
                        .service(tokens::list_tokens)
                        .service(tokens::delete_token)
                        .service(invitations::create_invitation)
                        .service(invitations::list_invitations)
                        .service(invitations::delete_invitation)
                        .service(templates::list_templates)
                        .service(projects::create_project)
                        .service(projects::list_projects)
                        .service(projects::get_project)
                        .service(projects::update_project)
                        .service(projects::delete_project)
                        .service(projects::get_project_usage)
                        .service(projects::get_project_traffic)
                        .service(projects::list_instances)
                        .service(projects::get_webhook)
                        .service(projects::rotate_webhook_secret)
                        .service(detect::detect_repository)
                        .service(detect::detect_project)
                        .service(deployments::create_deployment)
                        .service(deployments::list_deployments)
                        .service(deployments::get_deployment)
                        .service(deployments::get_deployment_changes)
                        .service(deployments::cancel_deployment)
                        .service(deployments::redeploy_deployment)
                        .service(releases::rollback_release)
                        .service(releases::promote_release)
                        .service(logs::get_build_log)
                        .service(logs::get_runtime_log)
                        .service(env::list_env_vars)
                        .service(env::replace_env_vars)
                        .service(env::put_env_var)
                        .service(env::delete_env_var)
                        .service(deploy_key::get_deploy_key)
                        .service(deploy_key::create_deploy_key)
                        .service(deploy_key::forget_host_key)
                        .service(provider::get_provider)
                        .service(provider::put_provider)
                        .service(provider::delete_provider)
                        .configure(github_routes)
                        .service(uploads::create_upload)
                        .service(uploads::put_upload_file)
                        .service(environments::list_environments)
                        .service(environments::approve_preview)
                        .service(environments::delete_preview)
                        .service(domains::list_domains)
                        .service(domains::create_domain)
                        .service(domains::check_domain)
                        .service(domains::delete_domain)
                        .service(webhook_deliveries::list_webhook_deliveries)
                        .service(webhook_deliveries::replay_webhook_delivery)
                        .service(system::system_status)
                        .wrap(from_fn(authenticate)),
                )
                .wrap(from_fn(audit)),
        );
}

fn github_routes(config: &mut ServiceConfig<'_>) {
    config
        .service(github::begin_github_app)
        .service(github::finish_github_app)
        .service(github::list_github_apps)
        .service(github::delete_github_app)
        .service(github::refresh_github_app)
        .service(github::list_github_repositories);
}
