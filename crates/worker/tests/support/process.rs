//! Workers as processes of their own, which a test may kill or freeze.

use std::process::Stdio;

use tokio::process::{Child, Command};

use super::{KEY, World, app_ports, worker_binary};

/// A worker process. Killed when it is dropped.
pub struct WorkerProcess {
    child: Child,
}

impl WorkerProcess {
    /// A worker that does what `fail_points` says (`built=1*return(kill)`).
    pub fn start(world: &World, fail_points: &str) -> Self {
        Self::start_with(world, fail_points, &[])
    }

    pub fn start_with(world: &World, fail_points: &str, variables: &[(&str, &str)]) -> Self {
        let data = world.data_dir();
        std::fs::create_dir_all(&data).unwrap();
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(data.join("worker.log"))
            .unwrap();
        let ports = app_ports();
        let mut command = Command::new(worker_binary());
        command
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap())
            .env("HOME", std::env::var("HOME").unwrap_or_default())
            .env("DATABASE_URL", world.services.database_url())
            .env("REDIS_URL", world.services.redis_url())
            .env("AETHER_DATA_DIR", &data)
            .env("AETHER_DEPLOYMENTS_DIR", data.join("deployments"))
            .env("AETHER_SECRET_KEY", KEY)
            .env("AETHER_GIT_ALLOWED_HOSTS", "127.0.0.1")
            .env("AETHER_NODE", "test")
            .env("AETHER_RUNTIME", "process")
            .env("AETHER_APP_PORTS", format!("{}-{}", ports.start(), ports.end()))
            .env("FAILPOINTS", fail_points)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true);
        Self {
            child: command.spawn().unwrap(),
        }
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id().expect("it runs")).unwrap()
    }

    /// Ends it at once.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Freezes it, or lets it go on.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> std::process::ExitStatus {
        tokio::time::timeout(super::PATIENCE, self.child.wait())
            .await
            .expect("the worker goes on")
            .unwrap()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}
