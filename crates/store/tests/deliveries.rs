//! Webhook deliveries that come at the same moment: each has its own deployment and its own verdict.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use aether_models::{Deployment, DeploymentStatus, GitRef};
use aether_store::{
    Conflict, DeliveryAction, DeliveryOutcome, DeliveryVerdict, DeploymentFilter, NewDelivery, Store,
    StoreError,
};
use futures::future::join_all;
use support::{Fixture, Project, add_project, next_gap, next_message};

/// Longer deliveries are not gathered with others.
const LONG: usize = 100_000;

fn delivery(id: &str, length: usize) -> Arc<NewDelivery> {
    Arc::new(NewDelivery {
        forge: "github",
        delivery_id: id.to_owned(),
        event: "push".to_owned(),
        payload_sha256: vec![0; 32],
        payload: vec![b'x'; length],
    })
}

fn deploy(branch: &str) -> DeliveryAction {
    DeliveryAction::Deploy {
        branch: branch.parse::<GitRef>().unwrap(),
        reason: format!("push to `{branch}`"),
    }
}

/// A push of `length` bytes to a branch of a project.
async fn push(
    store: &Store,
    project: Project,
    id: &str,
    branch: &str,
    length: usize,
) -> Result<Option<DeliveryOutcome>, StoreError> {
    let (delivery, action) = (delivery(id, length), deploy(branch));
    store
        .apply_delivery(project.team, project.id, Some(&delivery), &[action])
        .await
}

/// A project's deployments, oldest first.
async fn deployments(store: &Store, project: Project) -> Vec<Deployment> {
    let filter = DeploymentFilter::default();
    let mut all = store
        .deployments(project.team, project.id, &filter, None, 10_000)
        .await
        .unwrap();
    all.reverse();
    all
}

fn statuses(deployments: &[Deployment]) -> Vec<(i32, &str, DeploymentStatus)> {
    deployments
        .iter()
        .map(|one| (one.number, one.git_ref.as_str(), one.status))
        .collect()
}

async fn sql(store: &Store, text: &'static str) {
    sqlx::query(text).execute(store.raw_pool()).await.unwrap();
}

#[tokio::test]
async fn deliveries_of_one_moment_end_as_if_they_had_come_one_after_another() {
    let fixture = Fixture::start().await;
    let (store, site) = (&fixture.store, fixture.project);
    let other = add_project(store, site.team, "other").await;
    let waiting = fixture.deploy("main").await;
    let pushes = [
        (site, "a", "main"),
        (other, "a", "main"),
        (site, "b", "docs"),
        (site, "c", "main"),
        (site, "d", "main"),
    ];
    let sent = pushes.map(|(project, id, branch)| push(store, project, id, branch, 10));
    let outcomes: Vec<DeliveryOutcome> = join_all(sent)
        .await
        .into_iter()
        .map(|outcome| outcome.unwrap().unwrap())
        .collect();

    use DeploymentStatus::{Queued, Superseded};
    let of_site = deployments(store, site).await;
    assert_eq!(
        statuses(&of_site),
        [
            (1, "main", Superseded),
            (2, "main", Superseded),
            (3, "docs", Queued),
            (4, "main", Superseded),
            (5, "main", Queued),
        ]
    );
    assert_eq!(statuses(&deployments(store, other).await), [(1, "main", Queued)]);
    // Each says which one took its place, and has ended.
    assert_eq!(of_site[0].id, waiting);
    for (ended, by) in [(0, 1), (1, 3), (3, 4)] {
        let error = of_site[ended].error.as_ref().unwrap();
        assert!(error.detail.starts_with(&of_site[by].id.to_string()), "{error:?}");
        assert!(of_site[ended].finished_at.is_some());
    }
    // Each delivery is in the log, with its own deployment.
    let log = store.deliveries(site.team, site.id, None, 10).await.unwrap();
    for (sent, outcome) in pushes.iter().zip(&outcomes).filter(|(sent, _)| sent.1 != "a") {
        let kept = log.iter().find(|kept| kept.delivery_id == sent.1).unwrap();
        assert_eq!(kept.verdict, DeliveryVerdict::Deployed);
        assert_eq!(kept.reason, format!("push to `{}`", sent.2));
        assert_eq!(kept.deployment_id, outcome.deployment_id);
        let made = of_site.iter().find(|one| Some(one.id) == outcome.deployment_id);
        assert_eq!(made.unwrap().git_ref, sent.2);
    }
    // What waits longest comes next: the second of them, as the first one was superseded.
    assert_eq!(fixture.claim().await.unwrap().project_id, other.id);
}

#[tokio::test]
async fn f19_copies_among_other_deliveries_deploy_once_and_leave_no_gap_in_the_numbers() {
    let fixture = Fixture::start().await;
    let (store, site) = (&fixture.store, fixture.project);
    push(store, site, "known", "main", 10).await.unwrap().unwrap();
    let ids = ["known", "new", "new", "last", "new", "known"];
    let outcomes = join_all(ids.map(|id| push(store, site, id, "main", 10))).await;
    let known = |outcome: &Result<_, StoreError>| {
        matches!(outcome, Err(StoreError::Conflict(Conflict::DeliveryKnown)))
    };
    let known: Vec<bool> = outcomes.iter().map(known).collect();
    assert_eq!(known, [true, false, true, false, true, true]);
    let numbers: Vec<i32> = deployments(store, site)
        .await
        .iter()
        .map(|one| one.number)
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[tokio::test]
async fn f19_copies_that_go_alone_and_together_deploy_once() {
    let fixture = Fixture::start().await;
    let (store, site) = (&fixture.store, fixture.project);
    // What is long goes alone, so both ways meet at one id.
    let copies = (0..40).map(|n| push(store, site, "same", "main", if n % 2 == 0 { 10 } else { LONG }));
    let done = join_all(copies).await;
    let deployed = done.iter().filter(|outcome| outcome.is_ok()).count();
    let known = done
        .iter()
        .filter(|outcome| matches!(outcome, Err(StoreError::Conflict(Conflict::DeliveryKnown))))
        .count();
    assert_eq!((deployed, known), (1, 39));
    assert_eq!(deployments(store, site).await.len(), 1);
}

#[tokio::test]
async fn a_number_whose_host_is_another_projects_is_left_out() {
    let fixture = Fixture::start().await;
    let (store, site) = (&fixture.store, fixture.project);
    for slug in ["site-2", "site-3", "site-5"] {
        add_project(store, site.team, slug).await;
    }
    let ids = ["a", "b", "c"];
    join_all(ids.map(|id| push(store, site, id, "main", 10))).await;
    fixture.deploy("main").await;
    let numbers: Vec<i32> = deployments(store, site)
        .await
        .iter()
        .map(|one| one.number)
        .collect();
    assert_eq!(numbers, [1, 4, 6, 7]);
}

/// Whoever has inserted a row that belongs to a project holds a weak lock on the project's. Two that hold it and then want
/// it `for update` wait for one another, and Postgres ends one of them: so the project is locked first.
#[tokio::test]
async fn different_deliveries_of_a_project_never_wait_for_one_another_in_a_circle() {
    let fixture = Fixture::start().await;
    let (store, site) = (&fixture.store, fixture.project);
    for round in 0..5 {
        let ids: Vec<String> = (0..16).map(|n| format!("{round}-{n}")).collect();
        let sent = ids.iter().map(|id| push(store, site, id, "main", LONG));
        for outcome in join_all(sent).await {
            outcome.unwrap().unwrap();
        }
    }
    assert_eq!(deployments(store, site).await.len(), 80);
}

#[tokio::test]
async fn a_project_that_somebody_holds_delays_no_other() {
    let fixture = Fixture::start().await;
    let (store, held) = (&fixture.store, fixture.project);
    let other = add_project(store, held.team, "other").await;
    let mut holder = store.raw_pool().begin().await.unwrap();
    sqlx::query("select id from projects where id = $1 for update")
        .bind(held.id.uuid())
        .execute(&mut *holder)
        .await
        .unwrap();
    let mut waits = Box::pin(push(store, held, "a", "main", 10));
    let both = async {
        tokio::select! {
            _ = &mut waits => panic!("the project is locked"),
            outcome = push(store, other, "b", "main", 10) => outcome,
        }
    };
    let outcome = tokio::time::timeout(Duration::from_secs(5), both).await;
    assert!(
        outcome
            .expect("nobody waits for another project")
            .unwrap()
            .is_some()
    );
    holder.commit().await.unwrap();
    assert_eq!(waits.await.unwrap().unwrap().verdict, DeliveryVerdict::Deployed);
}

#[tokio::test]
async fn f20_a_delivery_that_cannot_be_stored_fails_no_other() {
    let fixture = Fixture::start().await;
    let (store, site) = (&fixture.store, fixture.project);
    sql(
        store,
        "alter table deployments add constraint broken check (git_ref <> 'broken')",
    )
    .await;
    let branches = ["main", "broken", "docs"];
    let outcomes = join_all(branches.map(|branch| push(store, site, branch, branch, 10))).await;
    assert!(outcomes[0].as_ref().unwrap().is_some());
    assert!(matches!(outcomes[1], Err(StoreError::Database(_))));
    assert!(outcomes[2].as_ref().unwrap().is_some());
    assert_eq!(deployments(store, site).await.len(), 2);
    sql(store, "alter table deployments drop constraint broken").await;
    push(store, site, "broken", "broken", 10).await.unwrap().unwrap();
}

#[tokio::test]
async fn more_deliveries_than_fit_are_refused_at_once_and_nothing_of_them_is_kept() {
    let fixture = Fixture::start().await;
    let (store, site) = (&fixture.store, fixture.project);
    let ids: Vec<String> = (0..1500).map(|n| n.to_string()).collect();
    let outcomes = join_all(ids.iter().map(|id| push(store, site, id, "main", 10))).await;
    let taken = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(taken >= 1024, "{taken}");
    assert!(taken < 1500, "nothing bounds what waits");
    for outcome in &outcomes {
        assert!(
            matches!(outcome, Ok(Some(_)) | Err(StoreError::Unavailable(_))),
            "{outcome:?}"
        );
    }
    let made = deployments(store, site).await;
    assert_eq!(made.len(), taken);
    let queued = made
        .iter()
        .filter(|one| one.status == DeploymentStatus::Queued)
        .count();
    assert_eq!(queued, 1);
    let refused = ids.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_err());
    let again = join_all(refused.map(|(id, _)| push(store, site, id, "main", 10))).await;
    assert!(again.iter().all(Result::is_ok), "they can be sent again");
}

#[tokio::test]
async fn a_caller_who_hangs_up_ends_nobody_elses_delivery() {
    let fixture = Fixture::start().await;
    let (store, site) = (&fixture.store, fixture.project);
    // The first one begins the work for all.
    let mut first = Box::pin(push(store, site, "first", "main", 10));
    let second = push(store, site, "second", "docs", 10);
    tokio::select! {
        biased;
        _ = &mut first => {}
        () = tokio::task::yield_now() => {}
    }
    drop(first);
    assert!(second.await.unwrap().is_some());
}

#[tokio::test]
async fn everybody_hears_of_gathered_deployments() {
    let fixture = Fixture::start().await;
    let (store, site) = (&fixture.store, fixture.project);
    let mut events = Box::pin(store.watch_deployments());
    next_gap(&mut events).await;
    let outcomes = join_all(["a", "b"].map(|id| push(store, site, id, "main", 10))).await;
    let mut expected: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap().unwrap().deployment_id.unwrap())
        .collect();
    let mut heard = [next_message(&mut events).await, next_message(&mut events).await];
    expected.sort_by_key(|id| id.uuid());
    heard.sort_by_key(|id| id.uuid());
    assert_eq!(heard.as_slice(), expected);
}
