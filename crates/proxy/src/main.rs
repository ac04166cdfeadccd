//! The proxy as a process of its own, against Postgres and Redis.

use aether_proxy::{Settings, StoreSource, run};
use aether_store::{Store, StoreSettings};
use aether_telemetry::{SettingsReader, Shutdown, init_logging};

/// The proxy asks for routes one query at a time; one more connection is for the comparison of versions.
const CONNECTIONS: u32 = 2;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> anyhow::Result<()> {
    let mut reader = SettingsReader::from_environment();
    init_logging(&mut reader)?;
    let settings = Settings::read(&mut reader);
    let store = StoreSettings {
        database_url: reader.connection("DATABASE_URL", &["postgres", "postgresql"]),
        redis_url: reader.connection("REDIS_URL", &["redis", "rediss", "redis+unix", "unix"]),
        max_connections: CONNECTIONS,
    };
    reader.finish()?;
    let shutdown = Shutdown::on_signals()?;
    // Neither store has to be there: the proxy serves what it knows.
    let source = StoreSource::new(Store::connect(&store)?);
    run(settings, source, shutdown.token()).await?;
    Ok(())
}
