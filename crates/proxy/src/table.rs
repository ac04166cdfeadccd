//! The route table: immutable, found by host name without an allocation, replaced as a whole.
//!
//! The rows are spread over many small shards behind one slice of pointers. A change copies one shard and the slice,
//! not 100,000 rows, which is what makes 1,000 changes a second affordable. A row stands in its shard with its name in
//! it, so that finding one among 100,000 waits for memory twice: for the shard's tags and for the row. [`Assembler`]
//! makes each next table from the last one and the changes, and keeps what must survive a change: the counts and pools
//! of a release, and the loaded manifests.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use aether_models::{
    DeploymentId, Hostname, PlatformPage, ProjectId, Route, RouteChanges, RouteKind, RouteTarget,
};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use tokio::sync::Notify;

use crate::release::{InFlight, Release, Upstream};
use crate::static_site::SiteSlot;
use crate::traffic::SlotNote;

/// Shards of the table: at 100,000 hosts each holds about 100 rows.
const SHARDS: usize = 1024;
/// Longest name that stands in the row's first cache line; others are compared where they lie.
const SHORT_NAME: usize = 42;
/// After so many changes the register of sites is searched for ones that are gone.
const PRUNE_EVERY: usize = 4096;

/// One version of the table.
pub(crate) struct Table {
    /// False until a snapshot or the store has said what there is, be it nothing.
    is_known: bool,
    version: i64,
    rows: usize,
    /// Keyed, so that nobody can choose names that fall on one place.
    hasher: RandomState,
    shards: Box<[Arc<Shard>]>,
}

type Shard = HashTable<Row>;

/// One host. The order of the fields puts everything a request needs into one cache line.
#[derive(Clone)]
#[repr(C, align(64))]
pub(crate) struct Row {
    pub(crate) target: Target,
    /// Where the project's requests are counted.
    pub(crate) slot: SlotNote,
    /// Share of the requests that get a line in the access log.
    pub(crate) access_log_percent: u8,
    /// Zero when the name is a long one.
    name_length: u8,
    name: [u8; SHORT_NAME],
    host: Hostname,
    pub(crate) project_id: ProjectId,
    version: i64,
    kind: RouteKind,
}

/// What answers for a host.
#[derive(Clone)]
pub(crate) enum Target {
    Static(Arc<SiteSlot>),
    App(Arc<Release>),
    Page(PlatformPage),
}

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
            hasher: RandomState::new(),
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
        self.shards.iter().flat_map(|shard| shard.iter())
    }

    /// The row of `host`, which is lower case and without a port.
    pub(crate) fn row(&self, host: &str) -> Option<&Row> {
        let hash = self.hasher.hash_one(host);
        self.shards[shard_of(hash)].find(hash, |row| row.is_for(host))
    }
}

impl Row {
    fn new(route: Route, target: Target) -> Self {
        let mut name = [0; SHORT_NAME];
        let text = route.host.as_str().as_bytes();
        let name_length = match name.get_mut(..text.len()) {
            Some(place) => {
                place.copy_from_slice(text);
                text.len() as u8
            }
            None => 0,
        };
        Self {
            target,
            slot: SlotNote::new(),
            access_log_percent: route.access_log_percent,
            name_length,
            name,
            host: route.host,
            project_id: route.project_id,
            version: route.version,
            kind: route.kind,
        }
    }

    fn is_for(&self, host: &str) -> bool {
        match usize::from(self.name_length) {
            0 => self.host.as_str() == host,
            length => &self.name[..length] == host.as_bytes(),
        }
    }

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
        let mut next = Next::of(table, changes.routes.len());
        self.changes_since_prune += changes.routes.len() + changes.removed.len();
        for host in &changes.removed {
            if let Some(old) = next.remove(host) {
                self.release_row(&old);
            }
        }
        for route in changes.routes {
            let target = self.target(&route);
            if let Some(old) = next.put(Row::new(route, target)) {
                self.release_row(&old);
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
    hasher: RandomState,
    shards: Box<[Arc<Shard>]>,
    /// Rows an empty shard makes room for at once: growing step by step would leave holes of half its size behind.
    room: usize,
}

impl Next {
    /// After `table`, with about `added` rows more.
    fn of(table: &Table, added: usize) -> Self {
        Self {
            room: added / SHARDS,
            rows: table.rows,
            hasher: table.hasher.clone(),
            shards: table.shards.clone(),
        }
    }

    /// Adds a row; gives the one it replaces.
    fn put(&mut self, row: Row) -> Option<Row> {
        let hasher = &self.hasher;
        let hash_of = |row: &Row| hasher.hash_one(row.host.as_str());
        let hash = hash_of(&row);
        let shard = Arc::make_mut(&mut self.shards[shard_of(hash)]);
        if shard.is_empty() {
            shard.reserve(self.room, hash_of);
        }
        match shard.entry(hash, |known| known.host == row.host, hash_of) {
            Entry::Occupied(mut place) => Some(std::mem::replace(place.get_mut(), row)),
            Entry::Vacant(place) => {
                place.insert(row);
                self.rows += 1;
                None
            }
        }
    }

    fn remove(&mut self, host: &Hostname) -> Option<Row> {
        let hash = self.hasher.hash_one(host.as_str());
        let shard = &mut self.shards[shard_of(hash)];
        // A host that is not there must not cost a copy.
        shard.find(hash, |row| row.host == *host)?;
        let place = Arc::make_mut(shard).find_entry(hash, |row| row.host == *host);
        let (row, _) = place.ok()?.remove();
        self.rows -= 1;
        Some(row)
    }

    fn finish(self, version: i64) -> Table {
        Table {
            is_known: true,
            version,
            rows: self.rows,
            hasher: self.hasher,
            shards: self.shards,
        }
    }
}

/// From bits that a shard uses neither for a row's place nor for its tag.
fn shard_of(hash: u64) -> usize {
    (hash >> 32) as usize % SHARDS
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
    fn names_of_every_length_are_found_and_no_others() {
        let mut assembler = assembler();
        // Labels of at most 63 characters, up to the longest name there is.
        let name = |length: usize| {
            let text: String = (0..length)
                .map(|at| if at % 50 == 49 { '.' } else { 'a' })
                .collect();
            text.strip_suffix('.')
                .map_or(text.clone(), |rest| format!("{rest}b"))
        };
        let names: Vec<String> = (1..=253).map(name).collect();
        let page = RouteTarget::Page {
            page: PlatformPage::Building,
        };
        let routes = names.iter().map(|host| route(host, page.clone())).collect();
        let table = assembler.apply(&Table::empty(), changes(1, routes, &[]));
        assert_eq!(table.len(), names.len());
        for host in &names {
            assert_eq!(table.row(host).map(|row| row.host.as_str()), Some(host.as_str()));
            assert!(
                table.row(&format!("{}c", &host[..host.len() - 1])).is_none(),
                "{host}"
            );
        }
        assert!(table.row("").is_none());
    }

    #[test]
    fn what_a_request_needs_of_a_row_is_one_cache_line() {
        assert_eq!((size_of::<Row>(), align_of::<Row>()), (128, 64));
        assert_eq!(std::mem::offset_of!(Row, host), 64);
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
