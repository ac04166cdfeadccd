//! The processes of this machine as a tree, from `/proc`.
//!
//! Every process of a sandbox descends from the sandbox's init, even one that left its session: in a pid namespace
//! orphans become children of its init (pid_namespaces(7)).

use std::collections::HashMap;
use std::fs;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// TERM ends a shell at once, unless its script has a trap for it, and what it had started is killed with it.
const SHELLS: &[&str] = &["sh", "bash", "dash", "ash", "zsh", "busybox"];
/// They pass TERM on to the shell that runs the script, not to the program that shell waits for.
const SCRIPT_RUNNERS: &[&str] = &["npm", "npx", "pnpm", "pnpx", "yarn", "yarnpkg", "corepack"];

/// One process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    /// In the kernel's ticks since it booted; tells it from a later process with its number.
    pub(crate) started: u64,
}

/// All processes at one moment.
#[derive(Debug, Default)]
pub(crate) struct ProcessTree {
    children: HashMap<i32, Vec<Process>>,
}

/// What a tree uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) memory_bytes: u64,
    pub(crate) processes: u64,
}

impl ProcessTree {
    pub(crate) fn read() -> Self {
        let mut tree = Self::default();
        let Ok(entries) = fs::read_dir("/proc") else {
            return tree;
        };
        for entry in entries.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            if let Some((parent, started)) = stat(pid) {
                tree.children
                    .entry(parent)
                    .or_default()
                    .push(Process { pid, started });
            }
        }
        for children in tree.children.values_mut() {
            children.sort_by_key(|child| (child.started, child.pid));
        }
        tree
    }

    pub(crate) fn children(&self, pid: i32) -> &[Process] {
        self.children.get(&pid).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn descendants(&self, pid: i32) -> Vec<Process> {
        let mut found = self.children(pid).to_vec();
        let mut next = 0;
        while next < found.len() {
            found.extend_from_slice(self.children(found[next].pid));
            next += 1;
        }
        found
    }

    /// The processes below `init` that are the program itself. Shells and script runners that wait for a child are
    /// passed by: they would end at once and take the program with them before it could finish its work.
    pub(crate) fn mains(&self, init: i32) -> Vec<Process> {
        let mut mains = Vec::new();
        let mut candidates = self.children(init).to_vec();
        while let Some(process) = candidates.pop() {
            let children = self.children(process.pid);
            if children.is_empty() || !is_wrapper(process.pid) {
                mains.push(process);
            } else {
                candidates.extend_from_slice(children);
            }
        }
        mains
    }

    /// Memory of its own and number of everything below `pid`.
    pub(crate) fn usage(&self, pid: i32) -> Usage {
        self.descendants(pid)
            .iter()
            .fold(Usage::default(), |sum, process| Usage {
                memory_bytes: sum.memory_bytes + field_kib(process.pid, "RssAnon:") * 1024,
                processes: sum.processes + 1,
            })
    }
}

impl Process {
    /// Sends a signal to this process, not to a later one with its number.
    pub(crate) fn signal(self, signal: Signal) -> bool {
        let Some(pid) = Pid::from_raw(self.pid) else {
            return false;
        };
        let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
            return false;
        };
        start_of(self.pid) == Some(self.started) && pidfd_send_signal(handle, signal).is_ok()
    }
}

/// Whether there is such a process that has not ended; one that nobody collected has.
pub(crate) fn is_alive(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|text| {
        !text
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']))
    })
}

/// When the process started, if there is one.
pub(crate) fn start_of(pid: i32) -> Option<u64> {
    stat(pid).map(|(_, started)| started)
}

/// Parent and start time (proc_pid_stat(5), fields 4 and 22). The name in parentheses may contain anything.
fn stat(pid: i32) -> Option<(i32, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(1);
    let parent = fields.next()?.parse().ok()?;
    let started = fields.nth(17)?.parse().ok()?;
    Some((parent, started))
}

fn field_kib(pid: i32, field: &str) -> u64 {
    fs::read_to_string(format!("/proc/{pid}/status"))
        .ok()
        .and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix(field))?;
            line.trim().trim_end_matches(" kB").parse().ok()
        })
        .unwrap_or(0)
}

/// What a process is to the one it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Shell,
    ScriptRunner,
    Program,
}

fn is_wrapper(pid: i32) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    match role_of(&String::from_utf8_lossy(&line)) {
        Role::Shell => !catches_term(pid),
        Role::ScriptRunner => true,
        Role::Program => false,
    }
}

/// Bit n - 1 of the mask is signal n (proc_pid_status(5)).
fn catches_term(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = mask
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    mask & (1 << (nix::libc::SIGTERM - 1)) != 0
}

/// `sh -c …`, `npm run start` (npm writes its title there), `node /usr/bin/yarn start`.
fn role_of(line: &str) -> Role {
    let words: Vec<&str> = line
        .split(['\0', ' '])
        .filter(|word| !word.is_empty())
        .take(2)
        .collect();
    let name = |word: &str| {
        let file = word.rsplit('/').next().unwrap_or(word);
        file.trim_end_matches(".js")
            .trim_end_matches(".cjs")
            .trim_end_matches("-cli")
            .to_owned()
    };
    let first = words.first().map(|word| name(word)).unwrap_or_default();
    let second = words.get(1).map(|word| name(word)).unwrap_or_default();
    let runs_scripts = |name: &String| SCRIPT_RUNNERS.contains(&name.as_str());
    if SHELLS.contains(&first.as_str()) {
        Role::Shell
    } else if runs_scripts(&first) || (first == "node" && runs_scripts(&second)) {
        Role::ScriptRunner
    } else {
        Role::Program
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_and_script_runners_are_told_from_programs() {
        for (line, role) in [
            ("sh\0-c\0next start\0", Role::Shell),
            ("/bin/bash\0x\0", Role::Shell),
            ("npm run start\0", Role::ScriptRunner),
            ("node\0/usr/lib/yarn.js\0start\0", Role::ScriptRunner),
            ("node\0server.js\0", Role::Program),
            ("python3\0-m\0uvicorn\0", Role::Program),
            ("gunicorn: master [app]\0", Role::Program),
            ("", Role::Program),
        ] {
            assert_eq!(role_of(line), role, "{line:?}");
        }
    }

    #[test]
    fn this_process_is_found_below_its_parent() {
        let own = std::process::id().cast_signed();
        let (parent, started) = stat(own).unwrap();
        let tree = ProcessTree::read();
        assert!(tree.children(parent).contains(&Process { pid: own, started }));
        assert_eq!(stat(i32::MAX), None);
    }

    #[test]
    fn a_signal_does_not_reach_another_process_with_the_number() {
        let own = std::process::id().cast_signed();
        let stranger = Process { pid: own, started: 1 };
        assert!(!stranger.signal(Signal::KILL));
    }
}
