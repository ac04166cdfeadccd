//! What must be true after every fault (threats.md section 2, I1 to I9). One checker for all tests.

use aether_models::{Deployment, DeploymentId, DeploymentStatus, RouteTarget};

use super::{Project, World, eventually};

/// A secret that must never leave the worker.
pub const CANARY: &str = "canary-3f9a1c77";

/// Checks everything about these deployments, all of which have been accepted.
pub async fn check(world: &World, project: &Project, accepted: &[DeploymentId]) {
    for &id in accepted {
        // I1, I2: none is lost or stuck. I5: crashes are counted.
        let deployment = world.deployment(project, id).await;
        assert!(
            deployment.status.is_terminal(),
            "I1: {id} is {}",
            deployment.status
        );
        assert!(
            (0..=3).contains(&deployment.attempt),
            "I5: {id} was taken {} times",
            deployment.attempt
        );
        check_steps(&deployment);
        check_log(world, id).await;
    }
    check_live(world, project).await;
    check_leftovers(world).await;
}

/// I4: what a step row says and what the deployment says fit together.
fn check_steps(deployment: &Deployment) {
    if deployment.status == DeploymentStatus::Ready {
        assert_eq!(deployment.steps.len(), 6, "I4: {:#?}", deployment.steps);
        assert!(
            deployment.steps.iter().all(|step| step.finished_at.is_some()),
            "I4: {:#?}",
            deployment.steps
        );
    }
    if deployment.status == DeploymentStatus::Failed {
        assert!(deployment.error.is_some(), "a failure without a reason");
    }
}

/// I9: no gap, no doubled line, no secret.
async fn check_log(world: &World, id: DeploymentId) {
    let lines = world.log(id).await;
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(
            line.seq,
            i64::try_from(index).unwrap() + 1,
            "I9: a gap in the log of {id}"
        );
        assert!(
            !line.text.contains(CANARY),
            "I9: the secret is in the log: {}",
            line.text
        );
    }
}

/// I3, I6, I7: one release is live, it is ready, the route names it, and its files answer.
async fn check_live(world: &World, project: &Project) {
    let all = world
        .store
        .deployments(
            project.team,
            project.id,
            &aether_store::DeploymentFilter::default(),
            None,
            10_000,
        )
        .await
        .unwrap();
    let live: Vec<&Deployment> = all.iter().filter(|deployment| deployment.live).collect();
    assert!(live.len() <= 1, "I3: {} releases are live", live.len());
    let running = all
        .iter()
        .filter(|deployment| deployment.status.is_running())
        .count();
    assert!(running <= 1, "I3: {running} deployments run in one environment");
    let route = world.route(project).await;
    match live.first() {
        None => assert!(matches!(route.target, RouteTarget::Page { .. }), "I7: {route:?}"),
        Some(live) => {
            assert_eq!(live.status, DeploymentStatus::Ready, "I3");
            assert_eq!(
                route.target.deployment_id(),
                Some(live.id),
                "I7: the route names another release"
            );
            match &route.target {
                RouteTarget::App { upstreams, .. } => {
                    eventually("I6: the live app", || async {
                        tokio::net::TcpStream::connect(upstreams[0]).await.ok()
                    })
                    .await;
                }
                _ => assert!(!world.manifest(live.id).files.is_empty()),
            }
        }
    }
}

/// I8: no working trees, no half releases, no apps that nobody wants, a minute later.
async fn check_leftovers(world: &World) {
    eventually("I8: leftovers to go", || async {
        let workspaces = std::fs::read_dir(world.folders().workspaces()).map_or(0, Iterator::count);
        let releases = std::fs::read_dir(world.folders().deployments()).unwrap();
        let names: Vec<String> = releases
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        let is_half = |name: &&String| name.contains(".incoming") || name.contains(".leaving");
        let copies = world.store.instances_on("test").await.ok()?;
        let unwanted = copies
            .iter()
            .filter(|copy| !copy.wanted && copy.unrouted_at.is_none())
            .count();
        let apps = std::fs::read_dir(world.data_dir().join("run/apps")).map_or(0, Iterator::count);
        let is_clean = workspaces == 0
            && !names.iter().any(|name| is_half(&name))
            && unwanted == 0
            && apps <= copies.len();
        is_clean.then_some(())
    })
    .await;
}
