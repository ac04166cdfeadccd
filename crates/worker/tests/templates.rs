//! Every template from its name to a live release, with the real sandbox and the package registries that builds may use.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed test may panic"
)]

mod support;

use aether_models::{Deployment, DeploymentStatus, RouteTarget};
use support::{Project, World};

/// Makes a project of a template and deploys it.
async fn deploy(world: &World, template: &str) -> (Project, Deployment) {
    let project = world.project(template).await;
    world
        .sql("update projects set source = 'template', template = $2, repo_url = null where id = $1")
        .bind(project.id.uuid())
        .bind(template)
        .execute(world.store.raw_pool())
        .await
        .unwrap();
    let id = world.deploy(&project).await;
    let deployment = world.ended(&project, id).await;
    (project, deployment)
}

async fn deploy_static(template: &str, page: &str, text: &str) {
    let world = World::start().await;
    let worker = world.worker().await;
    let (project, deployment) = deploy(&world, template).await;
    let log = world.log_text(deployment.id).await;
    assert_eq!(
        deployment.status,
        DeploymentStatus::Ready,
        "{:?}\n{log}",
        deployment.error
    );
    assert!(deployment.commit.is_none(), "a template has no commits");
    assert!(log.contains("Copied the template"), "{log}");
    assert_eq!(
        world.route(&project).await.target,
        RouteTarget::Static {
            deployment_id: deployment.id
        }
    );
    let html = world.file(deployment.id, page);
    assert!(html.contains(text), "{html}");
    worker.stop().await;
}

async fn deploy_app(template: &str, text: &str) {
    let world = World::start().await;
    let worker = world.worker().await;
    let (project, deployment) = deploy(&world, template).await;
    let log = world.log_text(deployment.id).await;
    assert_eq!(
        deployment.status,
        DeploymentStatus::Ready,
        "{:?}\n{log}",
        deployment.error
    );
    let address = world.upstream(&project).await;
    // Fails when another test of this process was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = reqwest::get(format!("http://{address}/")).await.unwrap();
    let answer = answer.text().await.unwrap();
    assert!(answer.contains(text), "{answer}");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_static_page_goes_live() {
    deploy_static("static-page", "index.html", "<h1>").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vite_and_react_go_live() {
    deploy_static("vite-react", "index.html", "/assets/").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn astro_goes_live() {
    deploy_static("astro", "about/index.html", "<h1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn express_goes_live() {
    deploy_app("express", "Express").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fastapi_goes_live() {
    deploy_app("fastapi", "main.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dockerfile_says_what_it_needs_where_no_engine_is() {
    let world = World::start().await;
    let worker = world.worker().await;
    let (_, deployment) = deploy(&world, "dockerfile").await;
    assert_eq!(deployment.status, DeploymentStatus::Failed);
    assert_eq!(deployment.error.unwrap().code, "docker_needed");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_is_gone_is_told_from_a_fault() {
    let world = World::start().await;
    let worker = world.worker().await;
    let (_, deployment) = deploy(&world, "no-longer-there").await;
    assert_eq!(deployment.status, DeploymentStatus::Failed);
    assert_eq!(deployment.error.unwrap().code, "template_unknown");
    worker.stop().await;
}
