//! The engine that tests use: the machine's, started when none answers, or a private one that a test may kill.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

use std::fs::File;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{DEBIAN, NODE};

const SOCKET: &str = "/var/run/docker.sock";
const START: Duration = Duration::from_secs(60);

/// Makes sure that an engine answers and has the images that tests use. Tests run in processes side by side, so this is
/// done under a lock.
pub(crate) fn ensure_engine() {
    let path = Path::new("/tmp").join("aether-docker-tests.lock");
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .unwrap();
    lock.lock().unwrap();
    if !answers(Path::new(SOCKET)) {
        assert!(
            nix::unistd::geteuid().is_root(),
            "no Docker engine answers, and starting one takes root"
        );
        let log = File::create("/tmp/aether-docker-tests.log").unwrap();
        // It stays: the next tests need it, too.
        let started = Command::new("setsid")
            .args(["--fork", "dockerd", "--live-restore"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .status();
        assert!(
            started.unwrap().success(),
            "dockerd is installed (apt install docker.io)"
        );
        wait(
            || answers(Path::new(SOCKET)),
            "the engine did not start, see /tmp/aether-docker-tests.log",
        );
    }
    for image in [DEBIAN, NODE] {
        if !has_image(Path::new(SOCKET), image) {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/docker-test-images");
            let made = Command::new(script).arg(image).status().unwrap();
            assert!(made.success(), "the stand-in for {image} could not be made");
        }
    }
}

fn has_image(socket: &Path, image: &str) -> bool {
    let host = format!("unix://{}", socket.display());
    let asked = Command::new("docker")
        .args(["--host", &host, "image", "inspect", image])
        .output()
        .unwrap();
    asked.status.success()
}

fn answers(socket: &Path) -> bool {
    if UnixStream::connect(socket).is_err() {
        return false;
    }
    let host = format!("unix://{}", socket.display());
    let asked = Command::new("docker").args(["--host", &host, "version"]).output();
    asked.is_ok_and(|output| output.status.success())
}

fn wait(done: impl Fn() -> bool, otherwise: &str) {
    let deadline = Instant::now() + START;
    while !done() {
        assert!(Instant::now() < deadline, "{otherwise}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// An engine with a containerd of its own, whose containers, images and networks are nobody else's.
pub(crate) struct PrivateEngine {
    folder: PathBuf,
    containerd: Child,
    dockerd: Option<Child>,
    live_restore: bool,
}

impl PrivateEngine {
    pub(crate) fn start(live_restore: bool) -> Self {
        // Short: the path of a socket may have 107 characters.
        let folder = tempfile::Builder::new()
            .prefix("aep")
            .tempdir_in("/tmp")
            .unwrap()
            .keep();
        let config = folder.join("containerd.toml");
        let text = format!(
            "version = 2\nroot = \"{0}/c\"\nstate = \"{0}/s\"\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n\
             [grpc]\naddress = \"{0}/c.sock\"\n",
            folder.display()
        );
        std::fs::write(&config, text).unwrap();
        let log = File::create(folder.join("containerd.log")).unwrap();
        let containerd = Command::new("containerd")
            .arg("--config")
            .arg(&config)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("containerd is installed");
        wait(
            || UnixStream::connect(folder.join("c.sock")).is_ok(),
            "containerd did not start",
        );
        let mut engine = Self {
            folder,
            containerd,
            dockerd: None,
            live_restore,
        };
        let bridge = engine.bridge();
        ip(&["link", "add", &bridge, "type", "bridge"]);
        ip(&[
            "addr",
            "add",
            &format!("10.203.{}.1/24", rand::random::<u8>()),
            "dev",
            &bridge,
        ]);
        ip(&["link", "set", &bridge, "up"]);
        engine.start_dockerd();
        engine
    }

    /// A default bridge of its own.
    fn bridge(&self) -> String {
        let name = self.folder.file_name().unwrap().to_string_lossy();
        name.trim_start_matches('.').chars().take(12).collect()
    }

    /// Stops it as it is, as a machine does that hangs.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
        let stat = format!("/proc/{}/stat", self.dockerd.as_ref().unwrap().id());
        wait(
            || std::fs::read_to_string(&stat).unwrap().contains(") T "),
            "it did not stop",
        );
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("d.sock")
    }

    pub(crate) fn start_dockerd(&mut self) {
        let folder = self.folder.display();
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("dockerd.log"))
            .unwrap();
        let mut command = Command::new("dockerd");
        command
            .arg(format!("--data-root={folder}/d"))
            .arg(format!("--exec-root={folder}/x"))
            .arg(format!("--pidfile={folder}/d.pid"))
            .arg(format!("--host=unix://{folder}/d.sock"))
            .arg(format!("--containerd={folder}/c.sock"))
            // Not `none`: that takes docker0 away from the machine's engine.
            .arg(format!("--bridge={}", self.bridge()))
            .arg("--iptables=false")
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        if self.live_restore {
            command.arg("--live-restore");
        }
        self.dockerd = Some(command.spawn().unwrap());
        let socket = self.socket();
        wait(|| answers(&socket), "the private engine did not start");
    }

    /// Copies an image from the machine's engine.
    pub(crate) fn load(&self, image: &str) {
        let mut save = Command::new("docker")
            .args(["save", image])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let host = format!("unix://{}", self.socket().display());
        let load = Command::new("docker")
            .args(["--host", &host, "load"])
            .stdin(save.stdout.take().unwrap())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(save.wait().unwrap().success() && load.success());
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let dockerd = self.dockerd.as_ref().unwrap();
        kill(Pid::from_raw(i32::try_from(dockerd.id()).unwrap()), signal).unwrap();
    }

    /// Ends dockerd by a signal and waits for its end.
    pub(crate) fn end_dockerd(&mut self, signal: Signal) {
        self.signal(signal);
        self.dockerd.take().unwrap().wait().unwrap();
    }
}

impl Drop for PrivateEngine {
    fn drop(&mut self) {
        if let Some(mut dockerd) = self.dockerd.take() {
            let pid = Pid::from_raw(i32::try_from(dockerd.id()).unwrap());
            // It may have been stopped by the test.
            let _ = kill(pid, Signal::SIGCONT);
            let _ = kill(pid, Signal::SIGTERM);
            let _ = dockerd.wait();
        }
        let _ = kill(
            Pid::from_raw(i32::try_from(self.containerd.id()).unwrap()),
            Signal::SIGTERM,
        );
        let _ = self.containerd.wait();
        let _ = Command::new("ip")
            .args(["link", "delete", &self.bridge()])
            .status();
        // Mounts of containers that were killed with their engine.
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let below = self.folder.display().to_string();
        for target in mounts.lines().rev().filter_map(|line| line.split(' ').nth(1)) {
            if target.starts_with(&below) {
                let _ = nix::mount::umount2(target, nix::mount::MntFlags::MNT_DETACH);
            }
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn ip(args: &[&str]) {
    assert!(
        Command::new("ip").args(args).status().unwrap().success(),
        "ip {args:?}"
    );
}
