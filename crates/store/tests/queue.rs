//! The queue over the deployments table: order, fairness, leases, fencing, crashes.

mod support;

use std::time::Duration;

use aether_models::{DeploymentStatus, LogLine, LogStream, Step, UserError};
use aether_store::{CancelOutcome, Heartbeat, MAX_ATTEMPTS, StoreError};
use futures::StreamExt;
use support::{Fixture, LEASE, add_project, add_team, deploy, next_gap, next_message};

#[tokio::test]
async fn a_newer_deployment_of_a_branch_supersedes_the_waiting_one() {
    let fixture = Fixture::start().await;
    let first = fixture.deploy("main").await;
    let other_branch = fixture.deploy("docs").await;
    let second = fixture.deploy("main").await;
    let status = |id| fixture.store.deployment_status(id);
    assert_eq!(status(first).await.unwrap(), Some(DeploymentStatus::Superseded));
    assert_eq!(
        status(other_branch).await.unwrap(),
        Some(DeploymentStatus::Queued)
    );
    assert_eq!(status(second).await.unwrap(), Some(DeploymentStatus::Queued));
}

#[tokio::test]
async fn one_environment_builds_one_deployment_at_a_time_in_order() {
    let fixture = Fixture::start().await;
    let first = fixture.deploy("a").await;
    let second = fixture.deploy("b").await;
    assert_eq!(fixture.claim().await.unwrap().lease.deployment_id, first);
    assert!(
        fixture.claim().await.is_none(),
        "the second must wait for the first"
    );
    let error = UserError::new("x", "x", "x");
    let lease = aether_store::Lease {
        deployment_id: first,
        fencing_token: 1,
    };
    fixture
        .store
        .finish_deployment(&lease, DeploymentStatus::Failed, &error)
        .await
        .unwrap();
    assert_eq!(fixture.claim().await.unwrap().lease.deployment_id, second);
}

#[tokio::test]
async fn f31_a_team_with_a_long_queue_does_not_keep_another_waiting() {
    let fixture = Fixture::start().await;
    let busy = add_team(&fixture.store).await;
    for number in 0..20 {
        let project = add_project(&fixture.store, busy, &format!("busy{number}")).await;
        deploy(&fixture.store, project, "main").await;
    }
    fixture.claim().await.unwrap();
    let quiet = fixture.deploy("main").await;
    let next = fixture.claim().await.unwrap();
    assert_eq!(
        next.lease.deployment_id, quiet,
        "the team with nothing running comes first"
    );
}

#[tokio::test]
async fn f29_a_worker_that_lost_its_lease_can_change_nothing() {
    let fixture = Fixture::start().await;
    let id = fixture.deploy("main").await;
    let stale = fixture.claim().await.unwrap();
    fixture.expire_leases().await;
    let fresh = fixture.claim().await.unwrap();
    assert_eq!(fresh.lease.deployment_id, id);
    assert_eq!(fresh.attempt, 2);

    let store = &fixture.store;
    assert_eq!(
        store.heartbeat(&stale.lease, LEASE).await.unwrap(),
        Heartbeat::Lost
    );
    let line = line(1, "from the past");
    assert!(matches!(
        store.append_log(&stale.lease, &[line]).await,
        Err(StoreError::Fenced)
    ));
    assert!(matches!(
        store.begin_step(&stale.lease, Step::Build).await,
        Err(StoreError::Fenced)
    ));
    let error = UserError::new("x", "x", "x");
    let finished = store
        .finish_deployment(&stale.lease, DeploymentStatus::Failed, &error)
        .await;
    assert!(matches!(finished, Err(StoreError::Fenced)));
    let release = support::static_release(id, 1);
    assert!(matches!(
        store.complete_release(&stale.lease, &release).await,
        Err(StoreError::Fenced)
    ));
    assert_eq!(store.log_page(id, 0, 10).await.unwrap(), []);
    assert_eq!(
        store.heartbeat(&fresh.lease, LEASE).await.unwrap(),
        Heartbeat::Held {
            cancel_requested: false
        }
    );
}

#[tokio::test]
async fn f30_a_deployment_that_ends_its_worker_three_times_is_failed_with_a_reason() {
    let fixture = Fixture::start().await;
    let id = fixture.deploy("main").await;
    let behind = fixture.deploy("other").await;
    for attempt in 1..=MAX_ATTEMPTS {
        assert_eq!(fixture.claim().await.unwrap().attempt, attempt);
        fixture.expire_leases().await;
    }
    let next = fixture.claim().await.unwrap();
    assert_eq!(next.lease.deployment_id, behind, "the jobs behind it run");
    let failed = fixture
        .store
        .deployment(fixture.project.team, id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(failed.status, DeploymentStatus::Failed);
    assert_eq!(failed.error.unwrap().code, "worker_crashed");
    assert_eq!(failed.attempt, MAX_ATTEMPTS);
}

#[tokio::test]
async fn a_worker_that_stops_in_order_gives_its_deployment_back() {
    let fixture = Fixture::start().await;
    fixture.deploy("main").await;
    let claimed = fixture.claim().await.unwrap();
    fixture.store.release_lease(&claimed.lease).await.unwrap();
    let again = fixture.claim().await.unwrap();
    assert_eq!(again.attempt, 1, "an orderly stop is no crash");
    assert_eq!(
        fixture.store.heartbeat(&claimed.lease, LEASE).await.unwrap(),
        Heartbeat::Lost
    );
}

#[tokio::test]
async fn cancelling_reaches_waiting_running_and_ended_deployments() {
    let fixture = Fixture::start().await;
    let team = fixture.project.team;
    let running = fixture.deploy("a").await;
    let waiting = fixture.deploy("b").await;
    let claimed = fixture.claim().await.unwrap();
    let store = &fixture.store;
    assert_eq!(
        store.request_cancel(team, waiting).await.unwrap(),
        Some(CancelOutcome::Cancelled)
    );
    let again = CancelOutcome::AlreadyEnded(DeploymentStatus::Cancelled);
    assert_eq!(store.request_cancel(team, waiting).await.unwrap(), Some(again));

    let mut cancellations = std::pin::pin!(store.watch_cancellations());
    next_gap(&mut cancellations).await;
    assert_eq!(
        store.request_cancel(team, running).await.unwrap(),
        Some(CancelOutcome::Requested)
    );
    assert_eq!(next_message(&mut cancellations).await, running);
    let beat = store.heartbeat(&claimed.lease, LEASE).await.unwrap();
    assert_eq!(
        beat,
        Heartbeat::Held {
            cancel_requested: true
        }
    );
    let stranger = add_team(store).await;
    assert_eq!(store.request_cancel(stranger, running).await.unwrap(), None);
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_deployment_again() {
    let fixture = Fixture::start().await;
    let new = aether_store::NewDeployment {
        team_id: fixture.project.team,
        project_id: fixture.project.id,
        environment_id: None,
        upload_id: None,
        git_ref: None,
        trigger: aether_models::Trigger::Manual,
        created_by: None,
        idempotency_key: Some("once".to_owned()),
    };
    let all = futures::future::join_all((0..20).map(|_| fixture.store.create_deployment(new.clone()))).await;
    let ids: std::collections::BTreeSet<_> = all
        .into_iter()
        .map(|created| created.unwrap().unwrap().deployment.id)
        .collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn a_wake_up_arrives_and_waits_through_an_outage_of_redis() {
    let mut fixture = Fixture::start().await;
    let mut signals = std::pin::pin!(fixture.store.wake_signals());
    fixture.deploy("main").await;
    tokio::time::timeout(Duration::from_secs(5), signals.next())
        .await
        .expect("the wake-up arrives");
    fixture.services.redis.server().kill();
    fixture.deploy("other").await;
    assert!(fixture.claim().await.is_some(), "the queue does not need redis");
}

#[tokio::test]
async fn f31_claims_stay_quick_with_ten_thousand_waiting() {
    let fixture = Fixture::start().await;
    let busy = add_team(&fixture.store).await;
    sqlx::query(
        "with new as (
            insert into projects (id, team_id, slug, name, repo_url, settings, webhook_secret)
            select gen_random_uuid(), $1, 'p' || n, 'p', 'https://example.com/a/b',
                (select settings from projects limit 1), '' from generate_series(1, 10000) n returning id
        ), environment as (
            insert into environments (id, project_id, kind, name)
            select gen_random_uuid(), id, 'production', 'production' from new returning id, project_id
        )
        insert into deployments (id, team_id, project_id, environment_id, number, trigger, git_ref, settings, env_snapshot)
        select gen_random_uuid(), $1, project_id, id, 1, 'manual', 'main', (select settings from projects limit 1), '[]'
        from environment",
    )
    .bind(busy.uuid())
    .execute(fixture.store.raw_pool())
    .await
    .unwrap();
    let quiet = fixture.deploy("main").await;
    fixture.claim().await.unwrap();
    let before = std::time::Instant::now();
    let mut claimed = vec![];
    for _ in 0..50 {
        claimed.push(fixture.claim().await.unwrap().lease.deployment_id);
    }
    assert!(
        claimed[..2].contains(&quiet),
        "the other team waits for two claims at the most"
    );
    assert!(
        before.elapsed() < Duration::from_secs(10),
        "50 claims took {:?}",
        before.elapsed()
    );
}

fn line(seq: i64, text: &str) -> LogLine {
    LogLine {
        seq,
        at: chrono::DateTime::UNIX_EPOCH,
        step: None,
        stream: LogStream::Stdout,
        text: text.to_owned(),
    }
}
