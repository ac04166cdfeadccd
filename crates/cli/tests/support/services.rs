//! `aether up`, or the three services apart over a test's own Postgres and Redis.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use aether_testkit::{TestDirectory, TestServices};

use super::{Platform, Service, binary, free_address};

const SECRET_KEY: &str = "a secret key for the tests, long enough";

/// Everything in one process.
pub struct Up {
    pub service: Service,
    pub platform: Platform,
    pub directory: TestDirectory,
}

impl Up {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With more settings, which win over those that all tests have.
    pub async fn start_with(more: &[(&'static str, String)]) -> Self {
        let directory = TestDirectory::create().unwrap();
        let (api, proxy) = (free_address(), free_address());
        let mut env = up_env(directory.path(), api, proxy);
        env.extend_from_slice(more);
        let service = Service::start(&binary("aether"), &["up"], &env);
        let platform = Platform::claim(api, proxy, directory.path()).await;
        Self {
            service,
            platform,
            directory,
        }
    }

    /// Starts it again on the same data and addresses after it was stopped or killed.
    pub fn restart(&mut self) {
        let env = up_env(self.directory.path(), self.platform.api, self.platform.proxy);
        self.service = Service::start(&binary("aether"), &["up"], &env);
    }
}

fn up_env(data: &Path, api: SocketAddr, proxy: SocketAddr) -> Vec<(&'static str, String)> {
    vec![
        ("AETHER_DATA_DIR", data.display().to_string()),
        ("AETHER_API_ADDR", api.to_string()),
        ("AETHER_PROXY_ADDR", proxy.to_string()),
        ("AETHER_PROXY_ADMIN_ADDR", free_address().to_string()),
        ("AETHER_PUBLIC_URL", format!("http://{api}")),
        // What these tests check is the same in containers; that those are wired is checked in docker.rs.
        ("AETHER_RUNTIME", "process".to_owned()),
    ]
}

/// The services apart, each of which a test may kill.
pub struct Apart {
    pub api: Service,
    pub worker: Service,
    pub proxy: Service,
    pub platform: Platform,
    pub servers: TestServices,
    env: Vec<(&'static str, String)>,
}

impl Apart {
    pub async fn start() -> Self {
        let servers = TestServices::start().await.unwrap();
        servers.store().unwrap().migrate().await.unwrap();
        let (api, proxy) = (free_address(), free_address());
        let data: PathBuf = servers.directory().join("aether");
        let env = vec![
            ("DATABASE_URL", servers.database_url()),
            ("REDIS_URL", servers.redis_url()),
            ("AETHER_SECRET_KEY", SECRET_KEY.to_owned()),
            ("AETHER_DATA_DIR", data.display().to_string()),
            (
                "AETHER_DEPLOYMENTS_DIR",
                data.join("deployments").display().to_string(),
            ),
            ("AETHER_API_ADDR", api.to_string()),
            ("AETHER_PROXY_ADDR", proxy.to_string()),
            ("AETHER_PROXY_ADMIN_ADDR", free_address().to_string()),
            ("AETHER_PUBLIC_URL", format!("http://{api}")),
            ("AETHER_GIT_ALLOWED_HOSTS", "127.0.0.0/8".to_owned()),
            ("AETHER_RUNTIME", "process".to_owned()),
        ];
        std::fs::create_dir_all(&data).unwrap();
        let start = |name: &str| Service::start(&binary(name), &[], &env);
        let (api_service, worker, proxy_service) =
            (start("aether-api"), start("aether-worker"), start("aether-proxy"));
        let platform = Platform::claim(api, proxy, &data).await;
        Self {
            api: api_service,
            worker,
            proxy: proxy_service,
            platform,
            servers,
            env,
        }
    }

    /// Starts one of the services again.
    pub fn again(&self, name: &str, more: &[(&'static str, String)]) -> Service {
        let env: Vec<_> = self.env.iter().chain(more).cloned().collect();
        Service::start(&binary(name), &[], &env)
    }
}
