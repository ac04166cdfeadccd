//! Runs a command with a migrated Postgres and a Redis of its own: `with-servers COMMAND [ARGUMENT...]` sees
//! `DATABASE_URL` and `REDIS_URL`.

use std::process::ExitCode;

use aether_testkit::TestServices;
use anyhow::Context;
use tokio::process::Command;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments
        .next()
        .context("usage: with-servers COMMAND [ARGUMENT...]")?;
    let servers = TestServices::start().await?;
    let status = Command::new(&program)
        .args(arguments)
        .env("DATABASE_URL", servers.database_url())
        .env("REDIS_URL", servers.redis_url())
        .status()
        .await
        .with_context(|| program.display().to_string())?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}
