//! A directory of one test, and the end of everything that works in it.
//!
//! Servers, sandboxes and apps are made to outlive the process that started them. After a test that fails, panics or is
//! killed they would run on for ever, so a caretaker outside of the test waits for its end and clears up behind it.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Its end of the pipe closes when the test drops the directory or ends in whatever way. A shell, because it must survive
/// a SIGKILL of the test. Whoever was told the directory's name, which is unique, was started for this test.
///
/// A killed Postgres leaves shared memory: pages in `/dev/shm`, and a segment of System V, of which the kernel keeps 4,096:
/// after a few runs of all tests no Postgres of this machine could start any more. So one that still runs is asked to go at
/// once (SIGQUIT), and takes both along; of one that a test has killed, the segment is named in line seven of the pid file.
const CARETAKER: &str = r#"
    read -r _
    find "$1" -maxdepth 4 -name postmaster.pid 2>/dev/null | while read -r file; do
        pid=$(head -n 1 "$file")
        [ "$(readlink "/proc/$pid/cwd")" = "${file%/*}" ] || continue
        kill -CONT "$pid" && kill -QUIT "$pid"
        for waits in 1 2 3 4 5 6 7 8 9 10; do
            [ -d "/proc/$pid" ] && sleep 0.1
        done
    done
    for tries in 1 2 3; do
        for process in /proc/[0-9]*; do
            pid=${process#/proc/}
            if [ "$pid" != $$ ] && grep -qaF -- "$1" "$process/cmdline" "$process/environ" 2>/dev/null; then
                kill -9 "$pid" 2>/dev/null
            fi
        done
        find "$1" -maxdepth 4 -name postmaster.pid -exec sed -n '7s/^ *[0-9]* *//p' {} \; 2>/dev/null |
            while read -r segment; do ipcrm -m "$segment" 2>/dev/null; done
        rm -rf -- "$1" && exit
        sleep 1
    done
"#;

/// A temporary directory that unprivileged users may enter, for tests run as root whose servers and builds are not.
/// Dropping it ends every process that was started with its name among the arguments or in the environment.
#[derive(Debug)]
pub struct TestDirectory {
    path: PathBuf,
    _caretaker: Child,
}

impl TestDirectory {
    /// Makes an empty one.
    pub fn create() -> std::io::Result<Self> {
        let open = std::fs::Permissions::from_mode(0o711);
        let directory = tempfile::Builder::new()
            .prefix("aether-test-")
            .permissions(open)
            .tempdir()?;
        let caretaker = start_caretaker(directory.path())?;
        Ok(Self {
            path: directory.keep(),
            _caretaker: caretaker,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn start_caretaker(directory: &Path) -> std::io::Result<Child> {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", CARETAKER, "caretaker"])
        .arg(directory)
        .current_dir("/");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.process_group(0).spawn()
}
