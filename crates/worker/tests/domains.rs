//! Custom domains: proven by their DNS, answering with what production shows, and taken back when the proof goes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed test may panic"
)]

mod support;

use std::time::Duration;

use aether_models::{
    AddressFinding, AppHosts, DnsRecord, DomainFinding, Hostname, PlanKind, ProjectSettings, ProofFinding,
    RouteKind, RouteTarget,
};
use aether_store::{DomainCheck, DomainOutcome, DomainRecord, NewDomain};
use aether_testkit::DnsServer;
use aether_worker::{Settings, Timing};
use support::{Project, Worker, World, eventually};

const TOKEN: &str = "t0ken";

struct Place {
    world: World,
    dns: DnsServer,
    project: Project,
    hostname: Hostname,
    _worker: Worker,
}

impl Place {
    /// A project with a new domain, and a worker that forgives a lost proof for `grace`.
    async fn new(grace: Duration) -> Self {
        let world = World::start().await;
        let dns = DnsServer::start().await.unwrap();
        let settings = Settings {
            apps_domain: "apps.example.net".parse().unwrap(),
            dns_servers: vec![dns.address()],
            timing: Timing {
                domains: Duration::from_millis(100),
                proof_grace: grace,
                ..world.settings().timing
            },
            ..world.settings()
        };
        let repo = world.git.create_repo("site").unwrap();
        repo.commit_files(&[("index.html", "hello")]).unwrap();
        let mut plain = ProjectSettings::default();
        plain.overrides.kind = Some(PlanKind::Static);
        let project = world.project_with("site", &plain, None).await;
        let hostname: Hostname = "www.example.com".parse().unwrap();
        let worker = world.worker_with(settings).await;
        let place = Self {
            world,
            dns,
            project,
            hostname,
            _worker: worker,
        };
        let new = NewDomain {
            team_id: place.project.team,
            project_id: place.project.id,
            hostname: place.hostname.clone(),
            verification_token: TOKEN.to_owned(),
        };
        place.world.store.create_domain(&new, 100).await.unwrap().unwrap();
        place
    }

    fn proof(&self) -> DnsRecord {
        DnsRecord::proof(&self.hostname, TOKEN)
    }

    fn set_proof(&self, values: &[&str]) {
        self.dns.set_texts(&self.proof().name, values).unwrap();
    }

    async fn domain(&self) -> DomainRecord {
        let (team, project) = (self.project.team, self.project.id);
        let domains = self.world.store.domains(team, project, None, 10).await;
        domains.unwrap().remove(0)
    }

    /// Asks for a look, and waits for one that was begun after that.
    async fn look(&self) -> DomainRecord {
        let (team, project) = (self.project.team, self.project.id);
        let asked = self
            .world
            .store
            .ask_domain_check(team, project, &self.hostname)
            .await;
        let asked = asked.unwrap().unwrap();
        eventually("a look at the domain", || async {
            let domain = self.domain().await;
            (domain.checked_at >= Some(asked.next_check_at)).then_some(domain)
        })
        .await
    }

    async fn target(&self) -> Option<RouteTarget> {
        let routes = self.world.store.route_changes_since(0).await.unwrap().routes;
        let mut routes = routes.into_iter();
        let route = routes.find(|route| route.host == self.hostname)?;
        assert_eq!(
            (route.kind, route.project_id),
            (RouteKind::Domain, self.project.id)
        );
        Some(route.target)
    }

    async fn verify(&self) {
        self.set_proof(&[&self.proof().value]);
        assert!(self.look().await.verified_at.is_some());
    }
}

fn proof_of(domain: &DomainRecord) -> ProofFinding {
    domain.finding.clone().unwrap().proof
}

#[tokio::test(flavor = "multi_thread")]
async fn input_67_a_domain_answers_once_its_proof_is_found_and_follows_production() {
    let place = Place::new(Duration::from_secs(3600)).await;
    let domain = place.look().await;
    assert_eq!(proof_of(&domain), ProofFinding::Missing);
    assert_eq!((domain.verified_at, place.target().await), (None, None));

    place.set_proof(&["v=spf1 -all", "aether-verification=of somebody else"]);
    let domain = place.look().await;
    assert!(matches!(proof_of(&domain), ProofFinding::Different { values } if values.len() == 2));
    assert_eq!(place.target().await, None);

    place.verify().await;
    assert!(matches!(place.target().await, Some(RouteTarget::Page { .. })));

    let deployment = place.world.deploy(&place.project).await;
    place.world.ready(&place.project, deployment).await;
    let live = RouteTarget::Static {
        deployment_id: deployment,
    };
    assert_eq!(place.target().await, Some(live));

    let (team, project) = (place.project.team, place.project.id);
    let deleted = place
        .world
        .store
        .delete_domain(team, project, &place.hostname)
        .await;
    assert!(deleted.unwrap());
    assert_eq!(place.target().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_is_verified_later_shows_the_live_release_at_once() {
    let place = Place::new(Duration::from_secs(3600)).await;
    let deployment = place.world.deploy(&place.project).await;
    place.world.ready(&place.project, deployment).await;
    assert_eq!(place.target().await, None);
    // As it comes out of a form that keeps the quotes.
    place.set_proof(&[&format!("\"{}\"", place.proof().value)]);
    assert!(place.look().await.verified_at.is_some());
    let live = RouteTarget::Static {
        deployment_id: deployment,
    };
    assert_eq!(place.target().await, Some(live));
}

#[tokio::test(flavor = "multi_thread")]
async fn input_70_a_proof_that_is_gone_is_forgiven_for_a_while_and_then_the_domain_stops() {
    let place = Place::new(Duration::from_secs(3600)).await;
    place.verify().await;

    place.dns.set_broken(true);
    let domain = place.look().await;
    assert!(matches!(proof_of(&domain), ProofFinding::Unreadable { .. }));
    assert_eq!(domain.proof_missing_since, None);
    place.dns.set_broken(false);

    place.set_proof(&[]);
    let domain = place.look().await;
    assert!(domain.proof_missing_since.is_some() && domain.verified_at.is_some());
    assert!(place.target().await.is_some());
    // What is missing since yesterday is not missing since today.
    let since = domain.proof_missing_since;
    assert_eq!(place.look().await.proof_missing_since, since);

    place.verify().await;
    assert_eq!(place.domain().await.proof_missing_since, None);

    place.set_proof(&[]);
    place.look().await;
    place
        .world
        .sql("update domains set proof_missing_since = now() - interval '61 minutes'")
        .execute(place.world.store.raw_pool())
        .await
        .unwrap();
    let domain = place.look().await;
    assert_eq!((domain.verified_at, domain.proof_missing_since), (None, None));
    assert_eq!(place.target().await, None);

    place.verify().await;
    assert!(place.target().await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_domain_leads_is_told_and_asked_of_nobody() {
    let place = Place::new(Duration::from_secs(3600)).await;
    place.verify().await;
    let address = || async { place.look().await.finding.unwrap().address };
    assert_eq!(address().await, AddressFinding::Missing);

    let (ours, theirs) = ("203.0.113.7".parse().unwrap(), "198.51.100.1".parse().unwrap());
    place.dns.set_addresses("www.example.com", &[theirs]).unwrap();
    assert_eq!(
        address().await,
        AddressFinding::Unknown,
        "this instance has no address yet"
    );
    place.dns.set_addresses("site.apps.example.net", &[ours]).unwrap();
    let elsewhere = AddressFinding::Elsewhere {
        addresses: vec![theirs],
    };
    assert_eq!(address().await, elsewhere);
    assert!(place.target().await.is_some());
    place
        .dns
        .set_addresses("www.example.com", &[theirs, ours])
        .unwrap();
    assert_eq!(address().await, AddressFinding::Here);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_asked_for_while_one_is_under_way_is_made_after_it() {
    let place = Place::new(Duration::from_secs(3600)).await;
    place.verify().await;
    let hosts = AppHosts::new("apps.example.net".parse().unwrap());
    // The worker may be quicker; then it is tried again.
    let under_way = eventually("the domain to be taken here", || async {
        let due = place
            .world
            .sql("update domains set next_check_at = now() - interval '1 hour'");
        due.execute(place.world.store.raw_pool()).await.unwrap();
        place.world.store.take_due_domains(&hosts, 1).await.unwrap().pop()
    })
    .await;
    let (team, project) = (place.project.team, place.project.id);
    let asked = place
        .world
        .store
        .ask_domain_check(team, project, &place.hostname)
        .await;
    let asked = asked.unwrap().unwrap().next_check_at;
    let check = DomainCheck {
        id: under_way.id,
        taken_at: under_way.taken_at,
        finding: place.domain().await.finding.unwrap(),
        next: Duration::from_secs(3600),
        grace: Duration::from_secs(3600),
    };
    place.world.store.record_domain_check(&check).await.unwrap();
    eventually("the look that was asked for", || async {
        (place.domain().await.checked_at >= Some(asked)).then_some(())
    })
    .await;
    // Had it been the slower one, what it found would be out of date.
    let outcome = place.world.store.record_domain_check(&check).await.unwrap();
    assert_eq!(outcome, DomainOutcome::Outdated);
    assert!(place.domain().await.checked_at >= Some(asked));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_ends_after_its_project_was_deleted_brings_no_route_back() {
    let place = Place::new(Duration::from_secs(3600)).await;
    let looked = place.look().await;
    let project = place.project.id;
    assert!(
        place
            .world
            .store
            .delete_project(place.project.team, project)
            .await
            .unwrap()
    );
    let check = DomainCheck {
        id: looked.id,
        taken_at: looked.checked_at.unwrap(),
        finding: DomainFinding {
            proof: ProofFinding::Found,
            address: AddressFinding::Here,
            own_addresses: Vec::new(),
        },
        next: Duration::from_secs(1),
        grace: Duration::from_secs(1),
    };
    let outcome = place.world.store.record_domain_check(&check).await.unwrap();
    assert_eq!(outcome, DomainOutcome::Outdated);
    assert_eq!(place.target().await, None);
}
