//! The route table: immutable, found by host name without an allocation, replaced as a whole.
//!
//! The rows are spread over many small shards behind one slice of pointers. A change copies one shard and the slice,
//! not 100,000 rows, which is what makes 1,000 changes a second affordable. [`Assembler`] makes each next table from
//! the last one and the changes, and keeps what must survive a change: the counts and pools of a release, and the
//! loaded manifests.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use aether_models::{
    DeploymentId, Hostname, PlatformPage, ProjectId, Route, RouteChanges, RouteKind, RouteTarget,
};
use tokio::sync::Notify;

use crate::release::{InFlight, Release, Upstream};
use crate::static_site::SiteSlot;
use crate::traffic::SlotNote;

/// Shards of the table: at 100,000 hosts each holds about 100 rows.
const SHARDS: usize = 1024;
/// After so many changes the register of sites is searched for ones that are gone.
const PRUNE_EVERY: usize = 4096;

/// One version of the table.
pub(crate) struct Table {
    /// False until a snapshot or the store has said what there is, be it nothing.
    is_known: bool,
    version: i64,
    rows: usize,
    shards: Box<[Arc<Shard>]>,
}

type Shard = HashSet<ByHost>;

/// One host.
pub(crate) struct Row {
    host: Hostname,
    pub(crate) project_id: ProjectId,
    version: i64,
    kind: RouteKind,
    /// Share of the requests that get a line in the access log.
    pub(crate) access_log_percent: u8,
    /// Where the project's requests are counted.
    pub(crate) slot: SlotNote,
    pub(crate) target: Target,
}

/// What answers for a host.
#[derive(Clone)]
pub(crate) enum Target {
    Static(Arc<SiteSlot>),
    App(Arc<Release>),
    Page(PlatformPage),
}

/// Lets the set find a row by its host.
#[derive(Clone)]
struct ByHost(Arc<Row>);

/// Makes the next table.
pub(crate) struct Assembler {
    /// Addresses of the proxy itself, which no app may claim (threats.md input 90).
    own: Vec<SocketAddr>,
    drained: Arc<Notify>,
    sites: HashMap<DeploymentId, Weak<SiteSlot>>,
    apps: HashMap<DeploymentId, AppEntry>,
    changes_since_prune: usize,
}

/// A deployment that runs, or still has requests in flight.
struct AppEntry {
    /// Rows of the newest table that point at it.
    rows: usize,
    in_flight: Arc<InFlight>,
    release: Arc<Release>,
}

impl Table {
    pub(crate) fn empty() -> Self {
        let shard = Arc::new(Shard::new());
        Self {
            is_known: false,
            version: 0,
            rows: 0,
            shards: vec![shard; SHARDS].into_boxed_slice(),
        }
    }

    pub(crate) fn is_known(&self) -> bool {
        self.is_known
    }

    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Every row as a route, for the snapshot on disk.
    pub(crate) fn to_changes(&self) -> RouteChanges {
        RouteChanges {
            version: self.version,
            routes: self.rows().map(Row::to_route).collect(),
            removed: Vec::new(),
        }
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.shards
            .iter()
            .flat_map(|shard| shard.iter().map(|row| &*row.0))
    }

    /// The row of `host`, which is lower case and without a port.
    pub(crate) fn row(&self, host: &str) -> Option<&Row> {
        self.shards[shard_of(host)].get(host).map(|row| &*row.0)
    }
}

impl Row {
    fn to_route(&self) -> Route {
        Route {
            host: self.host.clone(),
            project_id: self.project_id,
            kind: self.kind,
            target: match &self.target {
                Target::Static(site) => RouteTarget::Static {
                    deployment_id: site.deployment_id,
                },
                Target::App(release) => RouteTarget::App {
                    deployment_id: release.in_flight.deployment_id,
                    upstreams: release.addresses().collect(),
                },
                Target::Page(page) => RouteTarget::Page { page: *page },
            },
            access_log_percent: self.access_log_percent,
            version: self.version,
        }
    }
}

impl Hash for ByHost {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.host.as_str().hash(state);
    }
}

impl PartialEq for ByHost {
    fn eq(&self, other: &Self) -> bool {
        self.0.host == other.0.host
    }
}

impl Eq for ByHost {}

impl Borrow<str> for ByHost {
    fn borrow(&self) -> &str {
        self.0.host.as_str()
    }
}

impl Assembler {
    pub(crate) fn new(own: Vec<SocketAddr>, drained: Arc<Notify>) -> Self {
        Self {
            own,
            drained,
            sites: HashMap::new(),
            apps: HashMap::new(),
            changes_since_prune: 0,
        }
    }

    /// The table after `changes`.
    pub(crate) fn apply(&mut self, table: &Table, changes: RouteChanges) -> Table {
        let mut next = Next::of(table);
        self.changes_since_prune += changes.routes.len() + changes.removed.len();
        for host in &changes.removed {
            if let Some(old) = next.shard(host.as_str()).take(host.as_str()) {
                next.rows -= 1;
                self.release_row(&old.0);
            }
        }
        for route in changes.routes {
            let shard_key = route.host.as_str().to_owned();
            let target = self.target(&route);
            let row = Arc::new(Row {
                host: route.host,
                project_id: route.project_id,
                version: route.version,
                kind: route.kind,
                access_log_percent: route.access_log_percent,
                slot: SlotNote::new(),
                target,
            });
            match next.shard(&shard_key).replace(ByHost(row)) {
                Some(old) => self.release_row(&old.0),
                None => next.rows += 1,
            }
        }
        if self.changes_since_prune >= PRUNE_EVERY {
            self.changes_since_prune = 0;
            self.sites.retain(|_, site| site.strong_count() > 0);
        }
        self.apps
            .retain(|_, app| app.rows > 0 || app.in_flight.count() > 0);
        next.finish(changes.version)
    }

    /// The table that holds exactly the routes of `all`.
    pub(crate) fn replace(&mut self, table: &Table, all: RouteChanges) -> Table {
        let kept: HashSet<&str> = all.routes.iter().map(|route| route.host.as_str()).collect();
        let removed = table
            .rows()
            .filter(|row| !kept.contains(row.host.as_str()))
            .map(|row| row.host.clone())
            .collect();
        drop(kept);
        self.apply(table, RouteChanges { removed, ..all })
    }

    /// Requests in flight by deployment, without the idle ones.
    pub(crate) fn in_flight(&self) -> HashMap<DeploymentId, u32> {
        let busy = self.apps.values().map(|app| &app.in_flight);
        busy.map(|in_flight| (in_flight.deployment_id, in_flight.count()))
            .filter(|&(_, count)| count > 0)
            .collect()
    }

    fn target(&mut self, route: &Route) -> Target {
        match &route.target {
            RouteTarget::Static { deployment_id } => {
                let site = self.sites.entry(*deployment_id).or_default();
                Target::Static(site.upgrade().unwrap_or_else(|| {
                    let slot = Arc::new(SiteSlot::new(*deployment_id));
                    *site = Arc::downgrade(&slot);
                    slot
                }))
            }
            RouteTarget::App {
                deployment_id,
                upstreams,
            } => Target::App(self.app(*deployment_id, upstreams)),
            RouteTarget::Page { page } => Target::Page(*page),
        }
    }

    /// The release with these instances; counts and pools of instances it already had are kept.
    fn app(&mut self, deployment_id: DeploymentId, upstreams: &[SocketAddr]) -> Arc<Release> {
        let allowed = upstreams.iter().copied().filter(|addr| !self.is_own(*addr));
        let wanted: Vec<SocketAddr> = allowed.collect();
        let drained = &self.drained;
        let entry = self.apps.entry(deployment_id).or_insert_with(|| {
            let in_flight = Arc::new(InFlight::new(deployment_id, Arc::clone(drained)));
            AppEntry {
                rows: 0,
                release: Arc::new(Release {
                    in_flight: Arc::clone(&in_flight),
                    upstreams: Box::default(),
                }),
                in_flight,
            }
        });
        entry.rows += 1;
        entry.in_flight.set_retired(false);
        if !entry.release.addresses().eq(wanted.iter().copied()) {
            let known = &entry.release.upstreams;
            let upstreams = wanted.into_iter().map(|addr| {
                let same = known.iter().find(|upstream| upstream.addr == addr);
                same.map_or_else(|| Arc::new(Upstream::new(addr)), Arc::clone)
            });
            let upstreams = upstreams.collect();
            entry.release = Arc::new(Release {
                in_flight: Arc::clone(&entry.in_flight),
                upstreams,
            });
        }
        Arc::clone(&entry.release)
    }

    fn is_own(&self, addr: SocketAddr) -> bool {
        self.own.iter().any(|own| {
            own.port() == addr.port()
                && (own.ip() == addr.ip() || own.ip().is_unspecified() || addr.ip().is_unspecified())
        })
    }

    fn release_row(&mut self, row: &Row) {
        let Target::App(release) = &row.target else {
            return;
        };
        if let Some(app) = self.apps.get_mut(&release.in_flight.deployment_id) {
            app.rows -= 1;
            app.in_flight.set_retired(app.rows == 0);
        }
    }
}

/// A table in the making: shards are copied when they are first touched.
struct Next {
    rows: usize,
    shards: Box<[Arc<Shard>]>,
}

impl Next {
    fn of(table: &Table) -> Self {
        Self {
            rows: table.rows,
            shards: table.shards.clone(),
        }
    }

    #[expect(
        clippy::mutable_key_type,
        reason = "a row is hashed by its host alone, which never changes"
    )]
    fn shard(&mut self, host: &str) -> &mut Shard {
        Arc::make_mut(&mut self.shards[shard_of(host)])
    }

    fn finish(self, version: i64) -> Table {
        Table {
            is_known: true,
            version,
            rows: self.rows,
            shards: self.shards,
        }
    }
}

/// FNV-1a. An attacker who fills one shard makes changes slower, not lookups: within a shard the hash is keyed.
fn shard_of(host: &str) -> usize {
    let hash = host.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (hash ^ (hash >> 15)) as usize % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assembler() -> Assembler {
        Assembler::new(vec!["127.0.0.1:3005".parse().unwrap()], Arc::new(Notify::new()))
    }

    fn route(host: &str, target: RouteTarget) -> Route {
        Route {
            host: host.parse().unwrap(),
            project_id: ProjectId::generate(),
            kind: RouteKind::Production,
            target,
            access_log_percent: 0,
            version: 1,
        }
    }

    fn app(deployment_id: DeploymentId, ports: &[u16]) -> RouteTarget {
        RouteTarget::App {
            deployment_id,
            upstreams: ports
                .iter()
                .map(|&port| SocketAddr::from(([127, 0, 0, 1], port)))
                .collect(),
        }
    }

    fn changes(version: i64, routes: Vec<Route>, removed: &[&str]) -> RouteChanges {
        RouteChanges {
            version,
            routes,
            removed: removed.iter().map(|host| host.parse().unwrap()).collect(),
        }
    }

    fn target<'t>(table: &'t Table, host: &str) -> Option<&'t Target> {
        table.row(host).map(|row| &row.target)
    }

    fn release<'t>(table: &'t Table, host: &str) -> &'t Arc<Release> {
        match target(table, host) {
            Some(Target::App(release)) => release,
            _ => panic!("{host} is no app"),
        }
    }

    #[test]
    fn changes_add_replace_and_remove_hosts() {
        let mut assembler = assembler();
        let page = |page| RouteTarget::Page { page };
        let first = changes(
            3,
            vec![
                route("a.localhost", page(PlatformPage::Building)),
                route("b.localhost", page(PlatformPage::Failed)),
            ],
            &[],
        );
        let one = assembler.apply(&Table::empty(), first);
        let two = assembler.apply(
            &one,
            changes(
                4,
                vec![route("a.localhost", page(PlatformPage::Failed))],
                &["b.localhost", "c.localhost"],
            ),
        );
        assert!(matches!(
            target(&one, "a.localhost"),
            Some(Target::Page(PlatformPage::Building))
        ));
        assert!(matches!(
            target(&two, "a.localhost"),
            Some(Target::Page(PlatformPage::Failed))
        ));
        assert!(two.row("b.localhost").is_none());
        assert_eq!((one.len(), two.len(), two.version()), (2, 1, 4));
    }

    #[test]
    fn a_full_table_drops_hosts_it_does_not_name() {
        let mut assembler = assembler();
        let id = DeploymentId::generate();
        let one = assembler.apply(
            &Table::empty(),
            changes(
                1,
                vec![route("a.x", app(id, &[1])), route("b.x", app(id, &[1]))],
                &[],
            ),
        );
        let two = assembler.replace(&one, changes(2, vec![route("b.x", app(id, &[1]))], &[]));
        assert!(two.row("a.x").is_none());
        assert!(
            Arc::ptr_eq(release(&one, "b.x"), release(&two, "b.x")),
            "pools survive"
        );
    }

    #[test]
    fn instances_that_stay_keep_their_pool_and_counts() {
        let mut assembler = assembler();
        let id = DeploymentId::generate();
        let one = assembler.apply(
            &Table::empty(),
            changes(1, vec![route("a.x", app(id, &[1, 2]))], &[]),
        );
        let guard = release(&one, "a.x").in_flight.begin();
        let two = assembler.apply(&one, changes(2, vec![route("a.x", app(id, &[2, 3]))], &[]));
        let (old, new) = (release(&one, "a.x"), release(&two, "a.x"));
        assert_eq!(old.upstreams[1].id, new.upstreams[0].id);
        assert_eq!(assembler.in_flight(), HashMap::from([(id, 1)]));
        drop(guard);
        assert!(assembler.in_flight().is_empty());
    }

    #[test]
    fn two_releases_on_one_address_never_share_a_pool() {
        let mut assembler = assembler();
        let (first, second) = (DeploymentId::generate(), DeploymentId::generate());
        let routes = vec![route("a.x", app(first, &[7])), route("b.x", app(second, &[7]))];
        let table = assembler.apply(&Table::empty(), changes(1, routes, &[]));
        assert_ne!(
            release(&table, "a.x").upstreams[0].id,
            release(&table, "b.x").upstreams[0].id
        );
    }

    #[test]
    fn input_90_an_app_at_the_proxys_own_address_is_not_connected_to() {
        let mut assembler = assembler();
        let target = app(DeploymentId::generate(), &[3005, 8080]);
        let table = assembler.apply(&Table::empty(), changes(1, vec![route("a.x", target)], &[]));
        let ports: Vec<u16> = release(&table, "a.x")
            .addresses()
            .map(|addr| addr.port())
            .collect();
        assert_eq!(ports, [8080]);
    }

    #[test]
    fn the_table_survives_the_way_through_a_snapshot() {
        let mut assembler = assembler();
        let routes = vec![
            route("a.x", app(DeploymentId::generate(), &[1, 2])),
            route(
                "b.x",
                RouteTarget::Static {
                    deployment_id: DeploymentId::generate(),
                },
            ),
            route(
                "c.x",
                RouteTarget::Page {
                    page: PlatformPage::NotDeployed,
                },
            ),
        ];
        let table = assembler.apply(&Table::empty(), changes(9, routes.clone(), &[]));
        let mut snapshot = table.to_changes();
        snapshot.routes.sort_by(|a, b| a.host.cmp(&b.host));
        assert_eq!(snapshot, changes(9, routes, &[]));
    }
}
