//! `aether-api`: the API on its own, against `DATABASE_URL` and `REDIS_URL`.

use std::sync::Arc;
use std::time::Duration;

use aether_api::{Api, Settings, store_settings};
use aether_models::SystemClock;
use aether_store::Store;
use aether_telemetry::{Metrics, SettingsReader, Shutdown, init_logging};
use anyhow::Context;
use tokio_util::sync::CancellationToken;

/// Pause before the next look for the database.
const DATABASE_RETRY: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut reader = SettingsReader::from_environment();
    init_logging(&mut reader)?;
    let settings = Settings::read(&mut reader);
    let store_settings = store_settings(&mut reader);
    reader.finish()?;
    // Named places to end or freeze at, in test builds only.
    #[cfg(feature = "failpoints")]
    let _scenario = fail::FailScenario::setup();
    let metrics = Metrics::install()?;
    let shutdown = Shutdown::on_signals().context("listening for signals")?;
    let store = Store::connect(&store_settings)?;
    wait_for_database(&store, &shutdown.token()).await;
    store
        .migrate()
        .await
        .context("bringing the database schema up to date")?;
    let api = Api::bind(
        settings,
        store.clone(),
        Arc::new(SystemClock),
        Some(metrics.clone()),
    )
    .await?;
    if let Some(link) = api.set_up_link() {
        tracing::info!("nobody owns this instance yet; the set-up token is in the data directory");
        eprintln_link(&link);
    }
    tokio::spawn(metrics.upkeep(shutdown.token()));
    api.serve(shutdown.token()).await.context("serving")?;
    store.close().await;
    Ok(())
}

/// Services start in any order: a database that is not there yet is waited for.
async fn wait_for_database(store: &Store, stop: &CancellationToken) {
    while let Err(error) = store.ping_postgres().await {
        tracing::warn!(%error, "waiting for the database");
        if stop
            .run_until_cancelled(tokio::time::sleep(DATABASE_RETRY))
            .await
            .is_none()
        {
            return;
        }
    }
}

/// For the person at the terminal; a log collector must not keep it.
#[allow(
    clippy::print_stderr,
    reason = "this is the one thing the program tells a person directly"
)]
fn eprintln_link(link: &str) {
    eprintln!("Open this link once to make the owner's account: {link}");
}
