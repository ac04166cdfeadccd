//! Releases, rollbacks, the route table, and live events.

mod support;

use aether_models::{DeploymentStatus, LogLine, LogStream, PlatformPage, RouteTarget, Step};
use aether_store::{DeploymentEvent, InstanceState, NewInstance, ProjectKey, ProxyReport, SwitchOutcome};
use futures::StreamExt;
use support::{Fixture, add_team, next_gap, next_message};

#[tokio::test]
async fn a_release_moves_pointer_routes_and_status_together() {
    let fixture = Fixture::start().await;
    fixture.deploy("main").await;
    let id = fixture.release_next().await;
    let deployment = fixture
        .store
        .deployment(fixture.project.team, id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (deployment.status, deployment.live),
        (DeploymentStatus::Ready, true)
    );
    assert_eq!(deployment.steps.last().unwrap().step, Step::Route);
    let changes = fixture.store.route_changes_since(0).await.unwrap();
    let hosts: Vec<_> = changes
        .routes
        .iter()
        .map(|route| (route.host.as_str(), &route.target))
        .collect();
    let target = RouteTarget::Static { deployment_id: id };
    assert_eq!(
        hosts,
        [
            ("site.test.localhost", &target),
            ("site-1.test.localhost", &target)
        ]
    );
    assert_eq!(changes.version, fixture.store.route_version().await.unwrap());
}

#[tokio::test]
async fn a_project_that_wants_its_requests_logged_tells_the_proxies() {
    let fixture = Fixture::start().await;
    let (store, project) = (&fixture.store, fixture.project);
    fixture.deploy("main").await;
    fixture.release_next().await;
    let key = ProjectKey::Id(project.id);
    let mut record = store.project(project.team, &key).await.unwrap().unwrap();
    let seen = store.route_version().await.unwrap();
    let mut routes = Box::pin(store.route_events());
    next_gap(&mut routes).await;
    record.project.settings.access_log_percent = 25;
    store.update_project(&record).await.unwrap();
    let version = next_message(&mut routes).await;
    let changes = store.route_changes_since(seen).await.unwrap();
    assert_eq!(
        (changes.version, changes.routes.len()),
        (version, 2),
        "{changes:?}"
    );
    assert!(changes.routes.iter().all(|route| route.access_log_percent == 25));
    // Other settings are no business of theirs.
    record.project.name = "Another name".to_owned();
    store.update_project(&record).await.unwrap();
    assert_eq!(store.route_version().await.unwrap(), version);
}

#[tokio::test]
async fn rollback_of_a_static_release_is_one_switch() {
    let fixture = Fixture::start().await;
    let project = fixture.project;
    fixture.deploy("main").await;
    let first = fixture.release_next().await;
    fixture.deploy("main").await;
    let second = fixture.release_next().await;
    let seen = fixture.store.route_version().await.unwrap();
    let switch = |id| fixture.store.switch_release(project.team, project.id, id, None);
    assert_eq!(switch(first).await.unwrap(), Some(SwitchOutcome::Switched));
    assert_eq!(switch(first).await.unwrap(), Some(SwitchOutcome::AlreadyLive));
    let changes = fixture.store.route_changes_since(seen).await.unwrap();
    assert_eq!(
        changes.routes.len(),
        1,
        "only the production host moved: {changes:?}"
    );
    assert_eq!(
        changes.routes[0].target,
        RouteTarget::Static { deployment_id: first }
    );
    assert_eq!(switch(second).await.unwrap(), Some(SwitchOutcome::Switched));
    let stranger = add_team(&fixture.store).await;
    let foreign = fixture
        .store
        .switch_release(stranger, project.id, first, None)
        .await
        .unwrap();
    assert_eq!(foreign, None);
}

#[tokio::test]
async fn a_deployment_that_never_became_ready_cannot_be_promoted() {
    let fixture = Fixture::start().await;
    let waiting = fixture.deploy("main").await;
    let outcome = fixture
        .store
        .switch_release(fixture.project.team, fixture.project.id, waiting, None)
        .await
        .unwrap();
    assert_eq!(outcome, Some(SwitchOutcome::NotReady));
}

#[tokio::test]
async fn visitors_of_a_new_project_are_told_what_happens() {
    let fixture = Fixture::start().await;
    let page = || async {
        let changes = fixture.store.route_changes_since(0).await.unwrap();
        changes.routes[0].target.clone()
    };
    assert_eq!(
        page().await,
        RouteTarget::Page {
            page: PlatformPage::NotDeployed
        }
    );
    fixture.deploy("main").await;
    let claimed = fixture.claim().await.unwrap();
    assert_eq!(
        page().await,
        RouteTarget::Page {
            page: PlatformPage::Building
        }
    );
    let error = aether_models::UserError::new("x", "x", "x");
    fixture
        .store
        .finish_deployment(&claimed.lease, DeploymentStatus::Failed, &error)
        .await
        .unwrap();
    assert_eq!(
        page().await,
        RouteTarget::Page {
            page: PlatformPage::Failed
        }
    );
}

#[tokio::test]
async fn a_cancel_before_the_switch_keeps_the_old_release() {
    let fixture = Fixture::start().await;
    fixture.deploy("main").await;
    let live = fixture.release_next().await;
    let next = fixture.deploy("main").await;
    let claimed = fixture.claim().await.unwrap();
    fixture
        .store
        .begin_step(&claimed.lease, Step::Route)
        .await
        .unwrap();
    fixture
        .store
        .request_cancel(fixture.project.team, next)
        .await
        .unwrap();
    let release = support::static_release(next, 2);
    assert!(
        fixture
            .store
            .complete_release(&claimed.lease, &release)
            .await
            .is_err()
    );
    assert!(
        fixture
            .store
            .deployment(fixture.project.team, live)
            .await
            .unwrap()
            .unwrap()
            .live
    );
}

#[tokio::test]
async fn f23_a_rollback_racing_a_deploy_leaves_one_whole_state() {
    let fixture = Fixture::start().await;
    let project = fixture.project;
    fixture.deploy("main").await;
    let first = fixture.release_next().await;
    for round in 0..20 {
        fixture.deploy("main").await;
        let (second, rolled_back) = tokio::join!(
            fixture.release_next(),
            fixture
                .store
                .switch_release(project.team, project.id, first, None)
        );
        assert!(matches!(
            rolled_back,
            Ok(Some(SwitchOutcome::Switched | SwitchOutcome::AlreadyLive))
        ));
        let live: Vec<_> = [first, second]
            .into_iter()
            .map(|id| fixture.store.deployment(project.team, id))
            .collect::<futures::stream::FuturesOrdered<_>>()
            .filter_map(|found| async { found.unwrap().filter(|d| d.live).map(|d| d.id) })
            .collect()
            .await;
        assert_eq!(live.len(), 1, "round {round}");
        let changes = fixture.store.route_changes_since(0).await.unwrap();
        let production = changes
            .routes
            .iter()
            .find(|route| route.host.as_str() == "site.test.localhost")
            .unwrap();
        assert_eq!(
            production.target.deployment_id(),
            Some(live[0]),
            "route and pointer agree in round {round}"
        );
    }
}

#[tokio::test]
async fn an_app_without_a_running_copy_is_switched_by_a_worker() {
    let fixture = Fixture::start().await;
    let project = fixture.project;
    let store = &fixture.store;
    let (mut ids, mut hosts) = (vec![], vec![]);
    for _ in 0..2 {
        fixture.deploy("main").await;
        let claimed = fixture.claim().await.unwrap();
        let mut plan = aether_models::BuildPlan::static_files(".");
        plan.kind = aether_models::PlanKind::Server;
        store.record_plan(&claimed.lease, &plan).await.unwrap();
        store.begin_step(&claimed.lease, Step::Route).await.unwrap();
        let release = support::static_release(claimed.lease.deployment_id, claimed.number);
        store.complete_release(&claimed.lease, &release).await.unwrap();
        ids.push(claimed.lease.deployment_id);
        hosts.push(release.host);
    }
    // What the worker does when it has stopped the app of a release that nobody visits.
    store.retire_deployment_host(ids[0]).await.unwrap();
    let outcome = store
        .switch_release(project.team, project.id, ids[0], None)
        .await
        .unwrap();
    assert_eq!(outcome, Some(SwitchOutcome::Pending));
    let pending = store.pending_switches().await.unwrap();
    assert_eq!(pending[0].deployment_id, ids[0]);

    let new = NewInstance {
        replica: 0,
        deployment_id: ids[0],
        node: "n".to_owned(),
        runtime: "process",
        ports: 42000..=42010,
    };
    let instance = store.create_instance(&new).await.unwrap();
    assert!(instance.wanted, "a waiting switch wants its app");
    assert_eq!(
        store.create_instance(&new).await.unwrap().id,
        instance.id,
        "asking twice reserves once"
    );
    store
        .set_instance_state(instance.id, InstanceState::Healthy, 0, None)
        .await
        .unwrap();
    assert!(store.complete_switch(&pending[0]).await.unwrap());
    let changes = store.route_changes_since(0).await.unwrap();
    let target = RouteTarget::App {
        deployment_id: ids[0],
        upstreams: vec![instance.address],
    };
    for host in ["site.test.localhost", hosts[0].as_str()] {
        let route = changes.routes.iter().find(|route| route.host.as_str() == host);
        assert_eq!(route.unwrap().target, target, "{host}");
    }
    assert!(store.pending_switches().await.unwrap().is_empty());
}

#[tokio::test]
async fn lines_and_status_reach_a_watcher_in_order() {
    let fixture = Fixture::start().await;
    let id = fixture.deploy("main").await;
    let mut events = std::pin::pin!(fixture.store.watch_deployment(id));
    next_gap(&mut events).await;
    let claimed = fixture.claim().await.unwrap();
    let line = LogLine {
        seq: 1,
        at: chrono::DateTime::UNIX_EPOCH,
        step: Some(Step::Clone),
        stream: LogStream::System,
        text: "hello\u{1b}[1m".to_owned(),
    };
    fixture
        .store
        .append_log(&claimed.lease, std::slice::from_ref(&line))
        .await
        .unwrap();
    let status = DeploymentEvent::Status {
        status: DeploymentStatus::Building,
        step: None,
    };
    assert_eq!(next_message(&mut events).await, status);
    assert_eq!(
        next_message(&mut events).await,
        DeploymentEvent::Lines {
            lines: vec![line.clone()]
        }
    );
    fixture
        .store
        .append_log(&claimed.lease, std::slice::from_ref(&line))
        .await
        .unwrap();
    assert_eq!(
        fixture.store.log_page(id, 0, 100).await.unwrap(),
        [line],
        "a batch sent twice is stored once"
    );
}

#[tokio::test]
async fn f7_subscriptions_come_back_after_redis_was_killed() {
    let mut fixture = Fixture::start().await;
    let id = fixture.deploy("main").await;
    let store = fixture.store.clone();
    let mut events = std::pin::pin!(store.watch_deployment(id));
    next_gap(&mut events).await;
    fixture.services.redis.server().kill();
    fixture.services.redis.server().wait_restarted(2).await;
    // What is published while connections are made anew is lost, as hints may be; what follows is heard.
    let claimed = fixture.claim().await.unwrap();
    let heard = next_message(&mut events);
    let publish = async {
        loop {
            store.begin_step(&claimed.lease, Step::Clone).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        heard = heard => assert!(matches!(heard, DeploymentEvent::Status { .. })),
        () = publish => {}
    }
}

#[tokio::test]
async fn proxies_report_and_are_forgotten() {
    let fixture = Fixture::start().await;
    let id = fixture.deploy("main").await;
    let report = ProxyReport {
        proxy_id: "p1".to_owned(),
        version: 7,
        in_flight: [(id, 3)].into(),
        ..Default::default()
    };
    fixture.store.report_proxy(&report).await.unwrap();
    assert_eq!(fixture.store.proxy_reports().await.unwrap(), [report]);
    fixture.store.remove_proxy_report("p1").await.unwrap();
    assert!(fixture.store.proxy_reports().await.unwrap().is_empty());
}
