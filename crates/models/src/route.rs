//! Which release answers for which host.
//!
//! `store` gives every change a version that grows in commit order; the proxy keeps the whole table in memory, replaces
//! it atomically, and writes it to disk so that it can serve without anybody else.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{DeploymentId, Hostname, ProjectId};

/// Longest part of a branch's name in its preview's host; the project's slug should still be readable before it.
const BRANCH_LABEL_MAX: usize = 24;

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The host it is for, lower case, without a port.
    pub host: Hostname,
    /// Whose it is.
    pub project_id: ProjectId,
    /// What kind of host.
    pub kind: RouteKind,
    /// What answers.
    pub target: RouteTarget,
    /// Share of its requests that get a line in the proxy's access log, in percent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub access_log_percent: u8,
    /// Version of the table in which this row last changed.
    pub version: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(percent: &u8) -> bool {
    *percent == 0
}

/// What kind of host a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteKind {
    /// `<slug>.<apps-domain>`.
    Production,
    /// `<slug>-<number>.<apps-domain>`, fixed to one deployment for ever.
    Deployment,
    /// A branch or a pull request.
    Preview,
    /// A domain of the user's own.
    Domain,
}

impl RouteKind {
    /// The name as it stands in Postgres.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Deployment => "deployment",
            Self::Preview => "preview",
            Self::Domain => "domain",
        }
    }
}

impl std::str::FromStr for RouteKind {
    type Err = crate::UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Production, Self::Deployment, Self::Preview, Self::Domain]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| crate::UnknownName(text.to_owned()))
    }
}

/// What answers for a host.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RouteTarget {
    /// The static files of a deployment.
    Static {
        /// Names the directory with the manifest.
        deployment_id: DeploymentId,
    },
    /// The running app of a deployment.
    App {
        /// Names the release; connections are never shared between releases.
        deployment_id: DeploymentId,
        /// Its healthy instances.
        upstreams: Vec<SocketAddr>,
    },
    /// A page of the platform's own.
    Page {
        /// Which one.
        page: PlatformPage,
    },
}

impl RouteTarget {
    /// The release behind it, if there is one.
    #[must_use]
    pub const fn deployment_id(&self) -> Option<DeploymentId> {
        match self {
            Self::Static { deployment_id } | Self::App { deployment_id, .. } => Some(*deployment_id),
            Self::Page { .. } => None,
        }
    }
}

/// Pages the proxy answers with itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlatformPage {
    /// Nothing was deployed yet.
    NotDeployed,
    /// The first deployment is on its way.
    Building,
    /// The first deployment failed.
    Failed,
    /// The app of this older deployment is not running.
    Stopped,
}

/// The whole table, or what changed since a version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteChanges {
    /// Version after these changes.
    pub version: i64,
    /// Rows that are new or different.
    pub routes: Vec<Route>,
    /// Hosts that are gone.
    pub removed: Vec<Hostname>,
}

/// Host names of a project under the apps domain.
#[derive(Debug, Clone)]
pub struct AppHosts {
    apps_domain: Hostname,
}

impl AppHosts {
    /// Hosts under `apps_domain` (`aether.localhost`).
    #[must_use]
    pub const fn new(apps_domain: Hostname) -> Self {
        Self { apps_domain }
    }

    /// The domain itself.
    #[must_use]
    pub const fn apps_domain(&self) -> &Hostname {
        &self.apps_domain
    }

    /// `<slug>.<apps-domain>`.
    #[must_use]
    pub fn production(&self, slug: &crate::Slug) -> Hostname {
        self.apps_domain.child(slug.as_str())
    }

    /// `<slug>-<number>.<apps-domain>`.
    #[must_use]
    pub fn deployment(&self, slug: &crate::Slug, number: i32) -> Hostname {
        self.apps_domain.child(&slug.with_suffix(&number.to_string()))
    }

    /// `<slug>-git-<branch>.<apps-domain>`. A branch whose name is no label by itself gets one made of it, with a digest
    /// that keeps it apart from others like it.
    #[must_use]
    pub fn branch_preview(&self, slug: &crate::Slug, branch: &crate::GitRef) -> Hostname {
        let label = branch_label(branch.short());
        self.apps_domain.child(&slug.with_suffix(&format!("git-{label}")))
    }

    /// `<slug>-pr-<number>.<apps-domain>`.
    #[must_use]
    pub fn pull_request_preview(&self, slug: &crate::Slug, number: i32) -> Hostname {
        self.apps_domain.child(&slug.with_suffix(&format!("pr-{number}")))
    }
}

fn branch_label(branch: &str) -> String {
    let mut label = String::with_capacity(BRANCH_LABEL_MAX);
    for character in branch.chars() {
        if character.is_ascii_alphanumeric() {
            label.push(character.to_ascii_lowercase());
        } else if !label.ends_with('-') {
            label.push('-');
        }
    }
    label.truncate(BRANCH_LABEL_MAX);
    let label = label.trim_matches('-');
    if label == branch {
        return label.to_owned();
    }
    // FNV-1a: not secret, only different for different names.
    let digest = branch.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let digest = format!("{:06x}", digest >> 40);
    if label.is_empty() {
        digest
    } else {
        format!("{label}-{digest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_of_different_branches_have_different_hosts() {
        let hosts = AppHosts::new("apps.test".parse().unwrap());
        let slug: crate::Slug = "site".parse().unwrap();
        let host = |branch: &str| hosts.branch_preview(&slug, &branch.parse().unwrap()).to_string();
        assert_eq!(host("docs"), "site-git-docs.apps.test");
        let names = [
            "feat/x",
            "feat-x",
            "feat_x",
            "Feat-x",
            "docs",
            "日本",
            "日",
            &"long-".repeat(20),
        ];
        let all: std::collections::BTreeSet<String> = names.iter().map(|name| host(name)).collect();
        assert_eq!(all.len(), names.len(), "{all:?}");
        for host in all {
            assert!(host.parse::<Hostname>().is_ok(), "{host}");
        }
        assert_eq!(
            hosts.pull_request_preview(&slug, 7).as_str(),
            "site-pr-7.apps.test"
        );
    }

    #[test]
    fn a_preview_of_a_long_slug_still_is_a_host() {
        let hosts = AppHosts::new("apps.test".parse().unwrap());
        let slug: crate::Slug = "a".repeat(63).parse().unwrap();
        let host = hosts.branch_preview(&slug, &"feature/with-a-long-name".parse().unwrap());
        assert!(host.as_str().parse::<Hostname>().is_ok(), "{host}");
    }
}
