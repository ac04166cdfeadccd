//! The migrated database every test starts from, made once per state of the migrations and kept between runs.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aether_embedded::{DirectoryLock, EmbeddedError, Postgres, PostgresConfig, create_shared_directory};
use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
/// Marks a template that was finished; it is written last.
const FINISHED: &str = "finished";
/// Tests of one run wait this long for the first of them to make the template.
const PATIENCE: Duration = Duration::from_secs(120);
/// Another checkout may still use the template of its own migrations.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Copies the template database into `directory`.
pub(crate) async fn copy_to(directory: &Path) -> anyhow::Result<()> {
    let migrator = Migrator::new(Path::new(MIGRATIONS))
        .await
        .context("reading the migrations")?;
    let template = find_or_make(&migrator).await?;
    let copied = Command::new("cp")
        .args(["-a", "--reflink=auto", "--"])
        .arg(template.join("postgres"))
        .arg(directory)
        .status()
        .await?;
    ensure!(copied.success(), "cp ended with {copied}");
    Ok(())
}

async fn find_or_make(migrator: &Migrator) -> anyhow::Result<PathBuf> {
    let parent = templates_directory()?;
    let template = parent.join(digest(migrator));
    if template.join(FINISHED).exists() {
        return Ok(template);
    }
    let _lock = lock(&parent).await?;
    if !template.join(FINISHED).exists() {
        remove_others(&parent)?;
        make(&template, migrator).await?;
    }
    Ok(template)
}

async fn make(template: &Path, migrator: &Migrator) -> anyhow::Result<()> {
    let config = PostgresConfig {
        durable: false,
        ..PostgresConfig::new(template)
    };
    let postgres = Postgres::start(config).await?;
    let pool = sqlx::PgPool::connect(&postgres.url()).await?;
    migrator.run(&pool).await?;
    pool.close().await;
    postgres.stop().await;
    std::fs::write(template.join(FINISHED), "")?;
    Ok(())
}

/// One directory per user below the system's temporary directory: the target directory may lie where the unprivileged
/// user of Postgres cannot go.
fn templates_directory() -> anyhow::Result<PathBuf> {
    let own = std::fs::metadata("/proc/self")?.uid();
    let parent = tempfile::env::temp_dir().join(format!("aether-test-templates-{own}"));
    create_shared_directory(&parent)?;
    let metadata = std::fs::symlink_metadata(&parent)?;
    ensure!(
        metadata.is_dir() && metadata.uid() == own,
        "{} belongs to somebody else",
        parent.display()
    );
    std::fs::set_permissions(&parent, std::fs::Permissions::from_mode(0o711))?;
    Ok(parent)
}

fn digest(migrator: &Migrator) -> String {
    let mut hash = Sha256::new();
    for migration in migrator.iter() {
        hash.update(&*migration.checksum);
    }
    // What initdb is told is part of what is in the files.
    hash.update(env!("CARGO_PKG_VERSION"));
    hex::encode(&hash.finalize()[..8])
}

async fn lock(parent: &Path) -> anyhow::Result<DirectoryLock> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match DirectoryLock::take(parent, "lock") {
            Err(EmbeddedError::InUse { .. }) if Instant::now() < deadline => {
                sleep(Duration::from_millis(50)).await;
            }
            taken => return Ok(taken?),
        }
    }
}

/// Templates that were not finished, and those of earlier migrations once nobody can be copying them any more.
fn remove_others(parent: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(parent)? {
        let path = entry?.path();
        let finished = path
            .join(FINISHED)
            .metadata()
            .and_then(|metadata| metadata.modified());
        let fresh = finished.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < KEPT_FOR));
        if path.is_dir() && !fresh {
            std::fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}
