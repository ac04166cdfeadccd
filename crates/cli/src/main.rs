//! The `aether` command: runs the platform (`up`) and talks to one that runs.
//!
//! Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted, 141 the reader of our output went away.

mod args;
mod ask;
mod client;
mod commands;
mod config;
mod link;
mod output;
mod project;
mod repository;
mod text;
mod up;
mod upload;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use output::{Failure, Output};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The worker's small processes are this same program; they come before everything else.
    if let Some(code) = aether_worker::shim::intercept() {
        return code;
    }
    // Every HTTP client of this process uses it. Fails only when there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    let output = Output::new(arguments.json);
    let done = match arguments.command {
        Command::Up => up::main(&output),
        _ => talk(arguments, &output),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let failure = Failure::of(&error);
            output.failure(&error, failure);
            ExitCode::from(failure.status())
        }
    }
}

/// The commands that talk to a platform: one thread is enough.
fn talk(arguments: Arguments, output: &Output) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(Box::pin(run(arguments, output)))
}

async fn run(arguments: Arguments, output: &Output) -> anyhow::Result<()> {
    let server = arguments.server;
    match arguments.command {
        Command::Login(options) => commands::login::run(&server, &options, output).await,
        Command::Init(options) => commands::init::run(&server, &options, output).await,
        Command::Deploy(options) => commands::deploy::run(&server, &options, output).await,
        Command::Logs(options) => commands::logs::run(&server, &options, output).await,
        Command::Open(options) => commands::open::run(&server, &options, output).await,
        Command::Env(options) => commands::env::run(&server, &options, output).await,
        Command::Rollback(options) => commands::rollback::run(&server, &options, output).await,
        Command::List(options) => commands::list::run(&server, &options, output).await,
        Command::Detect(options) => commands::detect::run(&options, output),
        Command::Doctor => commands::doctor::run(output).await,
        Command::Up => up::main(output),
    }
}
