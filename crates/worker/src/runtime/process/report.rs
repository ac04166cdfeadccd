//! What keeps builds and apps apart on this machine, for `aether doctor` and the head of a build log.

use nix::unistd::{Uid, User};
use serde::Serialize;

use super::cgroups::Cgroups;
use super::sandbox::Template;

/// The isolation this machine gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IsolationReport {
    /// bubblewrap's version.
    pub bubblewrap: String,
    /// The account that builds and apps run as (`nobody (65534)`).
    pub user: String,
    /// Whether that account is another one than Aether's own.
    pub own_user: bool,
    /// What limits memory.
    pub memory: LimitedBy,
    /// What limits the number of processes.
    pub processes: LimitedBy,
    /// What limits processor time.
    pub cpu: LimitedBy,
    /// Whether dangerous system calls are refused.
    pub seccomp: bool,
    /// Whether user namespaces are switched off inside.
    pub user_namespaces_disabled: bool,
    /// What is weaker here than it could be, in words.
    pub notes: Vec<String>,
}

/// What enforces a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitedBy {
    /// A control group, version 2.
    CgroupV2,
    /// A control group, version 1.
    CgroupV1,
    /// Limits of each process and a regular look at the whole.
    Rlimits,
    /// A lower priority only.
    Priority,
}

impl LimitedBy {
    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CgroupV2 => "cgroup v2",
            Self::CgroupV1 => "cgroup v1",
            Self::Rlimits => "limits of each process",
            Self::Priority => "a lower priority only",
        }
    }
}

impl IsolationReport {
    /// The report as lines of text.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!(
                "Sandbox: bubblewrap {}, as the user {}; dangerous system calls are {}, user namespaces inside it are {}",
                self.bubblewrap,
                self.user,
                if self.seccomp { "blocked" } else { "not blocked" },
                if self.user_namespaces_disabled {
                    "blocked"
                } else {
                    "not blocked"
                },
            ),
            format!(
                "Limits: memory by {}, processes by {}, CPU by {}",
                self.memory.as_str(),
                self.processes.as_str(),
                self.cpu.as_str(),
            ),
        ];
        lines.extend(self.notes.iter().map(|note| format!("Note: {note}")));
        lines
    }
}

/// What `template` and `cgroups` come to.
pub(super) fn report(template: &Template, cgroups: Option<&Cgroups>) -> IsolationReport {
    let none = Cgroups::none();
    let cgroups = cgroups.unwrap_or(&none);
    let mut report = IsolationReport {
        bubblewrap: template.bubblewrap.version.clone(),
        user: account(
            template
                .user
                .map_or_else(Uid::effective, |user| Uid::from_raw(user.uid)),
        ),
        own_user: template.user.is_some(),
        memory: cgroups.memory(),
        processes: cgroups.pids(),
        cpu: cgroups.cpu(),
        seccomp: template.seccomp,
        user_namespaces_disabled: template.bubblewrap.can_disable_user_namespaces,
        notes: Vec::new(),
    };
    report.notes = notes(&report);
    report
}

fn account(uid: Uid) -> String {
    match User::from_uid(uid) {
        Ok(Some(user)) => format!("{} ({uid})", user.name),
        _ => uid.to_string(),
    }
}

fn notes(report: &IsolationReport) -> Vec<String> {
    let mut notes = vec![
        "Builds and apps share this machine's network: they reach what listens on it, 127.0.0.1 included. Docker \
         isolates more."
            .to_owned(),
    ];
    let mut note = |applies: bool, text: &str| {
        if applies {
            notes.push(text.to_owned());
        }
    };
    note(
        !report.own_user,
        "Builds and apps run as the user that started Aether. Started as root, Aether uses another account for them.",
    );
    note(
        report.memory == LimitedBy::Rlimits || report.processes == LimitedBy::Rlimits,
        "No control group is available for memory and processes: limits hold for each process, and the whole is looked \
         at five times a second. With systemd, set Delegate=yes for Aether's unit.",
    );
    note(
        !report.seccomp,
        "Dangerous system calls are not filtered on this kind of processor.",
    );
    note(
        !report.user_namespaces_disabled,
        "This bubblewrap cannot switch off nested user namespaces; 0.8 and newer can.",
    );
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_isolates_is_said_in_words() {
        let report = IsolationReport {
            bubblewrap: "0.8.0".to_owned(),
            user: "nobody (65534)".to_owned(),
            own_user: true,
            memory: LimitedBy::CgroupV2,
            processes: LimitedBy::CgroupV2,
            cpu: LimitedBy::Priority,
            seccomp: true,
            user_namespaces_disabled: false,
            notes: Vec::new(),
        };
        assert_eq!(
            report.lines(),
            [
                "Sandbox: bubblewrap 0.8.0, as the user nobody (65534); dangerous system calls are blocked, user namespaces \
                 inside it are not blocked",
                "Limits: memory by cgroup v2, processes by cgroup v2, CPU by a lower priority only",
            ]
        );
    }
}
