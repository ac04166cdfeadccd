//! `aether-worker`: the worker as a process of its own.

use std::process::ExitCode;

use aether_store::Store;
use aether_telemetry::{Metrics, SettingsReader, Shutdown, init_logging};
use aether_worker::{Settings, run, shim, store_settings};
use anyhow::Context;

fn main() -> ExitCode {
    if let Some(code) = shim::intercept() {
        return code;
    }
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[allow(clippy::print_stderr, reason = "logging may be what failed")]
            {
                eprintln!("aether-worker: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn start() -> anyhow::Result<()> {
    let mut reader = SettingsReader::from_environment();
    init_logging(&mut reader)?;
    let settings = Settings::read(&mut reader);
    let store = store_settings(&mut reader);
    reader.finish()?;
    // Named places to end or freeze at, in test builds only.
    #[cfg(feature = "failpoints")]
    let _scenario = fail::FailScenario::setup();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        Metrics::install()?;
        let shutdown = Shutdown::on_signals().context("signals cannot be handled")?;
        let store = Store::connect(&store)?;
        let outcome = run(settings, store.clone(), shutdown.token()).await;
        store.close().await;
        outcome
    })
}
