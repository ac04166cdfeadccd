//! `aether up`: the whole platform in one process, on one machine, without any set-up by hand.
//!
//! settings -> lock of the data directory -> ports free? -> Postgres and Redis (private children) -> schema -> API, proxy
//! and worker. It ends the other way round: the API and the proxy take nothing new and finish what they have, then the
//! worker puts its builds back into the queue and stops the apps, then Redis and Postgres. Everything within 30 s.

mod announce;
mod keys;
mod ports;
mod servers;
mod settings;

use std::sync::Arc;

use aether_api::Api;
use aether_embedded::DirectoryLock;
use aether_models::SystemClock;
use aether_proxy::{Proxy, StoreSource};
use aether_store::Store;
use aether_telemetry::{Metrics, SettingsReader, Shutdown, init_logging};
use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::output::Output;
use servers::{LastCall, Servers};
use settings::UpSettings;

/// One platform per data directory.
const LOCK: &str = "up.lock";

/// Runs until it is told to end.
pub(crate) fn main(output: &Output) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(Box::pin(run(output)))
}

async fn run(output: &Output) -> anyhow::Result<()> {
    let mut reader = SettingsReader::from_environment();
    init_logging(&mut reader)?;
    let data_dir = settings::data_dir(&mut reader)?;
    let _lock = DirectoryLock::take(&data_dir, LOCK)?;
    let settings = UpSettings::read(&mut reader, &data_dir)?;
    ports::check(&settings)?;

    let last_call = LastCall::default();
    let hook = last_call.clone();
    let shutdown = Shutdown::on_signals_with(move || hook.run()).context("listening for signals")?;
    let stop = shutdown.token();
    let starting = Servers::start(&settings, &data_dir, &last_call);
    let Some(servers) = stop.run_until_cancelled(starting).await.transpose()? else {
        return Ok(());
    };
    let ended = Box::pin(serve(&settings, &servers, &stop, output)).await;
    // Whatever ended us: from here on nothing new begins, and the deadline runs.
    stop.cancel();
    servers.stop().await;
    ended
}

/// Runs the three services until `stop`, or until one of them ends by itself.
async fn serve(
    settings: &UpSettings,
    servers: &Servers,
    stop: &CancellationToken,
    output: &Output,
) -> anyhow::Result<()> {
    let store = Store::connect(&servers.store_settings(settings))?;
    store
        .migrate()
        .await
        .context("bringing the database up to date")?;
    let metrics = Metrics::install()?;
    let proxy = Proxy::bind(settings.proxy.clone()).await?;
    let clock = Arc::new(SystemClock);
    let api = Api::bind(settings.api.clone(), store.clone(), clock, Some(metrics.clone())).await?;
    announce::running(settings, api.set_up_link().as_deref(), output);

    // The apps must outlive the requests the proxy still has for them.
    let proxy_gone = CancellationToken::new();
    let worker = tokio::spawn(watched(
        stop.clone(),
        aether_worker::run(settings.worker.clone(), store.clone(), proxy_gone.clone()),
    ));
    let source = StoreSource::new(store.clone());
    let proxy_stop = stop.clone();
    let proxy = tokio::spawn(watched(stop.clone(), async move {
        let _gone = proxy_gone.drop_guard();
        Ok(proxy.serve(source, proxy_stop).await?)
    }));
    tokio::spawn(metrics.upkeep(stop.clone()));
    let api = watched(stop.clone(), async { Ok(api.serve(stop.clone()).await?) }).await;
    let (proxy, worker) = (flat(proxy.await), flat(worker.await));
    store.close().await;
    api.context("the API")?;
    proxy.context("the proxy")?;
    worker.context("the worker")
}

/// One service; when it ends, all end.
async fn watched(
    stop: CancellationToken,
    service: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let _ended = stop.drop_guard();
    service.await
}

fn flat(joined: Result<anyhow::Result<()>, tokio::task::JoinError>) -> anyhow::Result<()> {
    joined.context("it ended in a panic")?
}
