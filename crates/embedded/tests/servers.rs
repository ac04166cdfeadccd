//! The embedded servers against real binaries: first start, second start, faults, and what a bad directory says.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use aether_embedded::{EmbeddedError, Postgres, PostgresConfig, Redis, RedisConfig};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// Open to the unprivileged user the servers run as when the tests run as root.
fn data_dir() -> std::io::Result<TempDir> {
    let open = std::fs::Permissions::from_mode(0o711);
    tempfile::Builder::new()
        .prefix("aether-embedded-")
        .permissions(open)
        .tempdir()
}

fn quick(data_dir: &Path) -> PostgresConfig {
    PostgresConfig {
        durable: false,
        ..PostgresConfig::new(data_dir)
    }
}

async fn count_rows(postgres: &Postgres) -> anyhow::Result<i64> {
    let mut connection = PgConnection::connect(&postgres.url()).await?;
    Ok(sqlx::query_scalar("select count(*) from kept")
        .fetch_one(&mut connection)
        .await?)
}

async fn keep_a_row(postgres: &Postgres) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(&postgres.url()).await?;
    sqlx::query("create table if not exists kept (n int)")
        .execute(&mut connection)
        .await?;
    sqlx::query("insert into kept values (1)")
        .execute(&mut connection)
        .await?;
    Ok(())
}

async fn redis_ask(redis: &Redis, command: &[&str]) -> anyhow::Result<Option<String>> {
    let client = redis::Client::open(redis.url())?;
    // The client's own limit of half a second is too short on a busy machine.
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(20)));
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    let mut request = redis::cmd(command[0]);
    for argument in &command[1..] {
        request.arg(*argument);
    }
    Ok(request.query_async(&mut connection).await?)
}

fn one_line(error: &EmbeddedError) -> String {
    let text = error.to_string();
    assert!(!text.contains('\n'), "{text}");
    text
}

#[tokio::test]
async fn the_second_start_finds_what_the_first_one_wrote() -> anyhow::Result<()> {
    let data = data_dir()?;
    let postgres = Postgres::start(quick(data.path())).await?;
    keep_a_row(&postgres).await?;
    let stopping = Instant::now();
    postgres.stop().await;
    assert!(stopping.elapsed() < Duration::from_secs(10));

    let postgres = Postgres::start(quick(data.path())).await?;
    assert_eq!(count_rows(&postgres).await?, 1);
    postgres.stop().await;
    Ok(())
}

#[tokio::test]
async fn nothing_listens_on_the_network_and_the_sockets_are_private() -> anyhow::Result<()> {
    let data = data_dir()?;
    let postgres = Postgres::start(quick(data.path())).await?;
    let redis = Redis::start(RedisConfig::new(data.path())).await?;
    for pid in [postgres.pid().unwrap(), redis.pid().unwrap()] {
        let sockets: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))?
            .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
            .filter_map(|link| {
                link.to_str()?
                    .strip_prefix("socket:[")?
                    .strip_suffix(']')
                    .map(str::to_owned)
            })
            .collect();
        let tcp = std::fs::read_to_string("/proc/net/tcp")? + &std::fs::read_to_string("/proc/net/tcp6")?;
        let open: Vec<_> = tcp
            .lines()
            .filter_map(|line| line.split_whitespace().nth(9))
            .filter(|inode| *inode != "0")
            .collect();
        assert!(!sockets.is_empty());
        assert!(
            sockets.iter().all(|inode| !open.contains(&inode.as_str())),
            "process {pid} has a TCP socket"
        );
    }
    let mode = data.path().join("sockets").metadata()?.permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    postgres.stop().await;
    redis.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_killed_postgres_comes_back_by_itself_with_every_committed_row() -> anyhow::Result<()> {
    let data = data_dir()?;
    let mut postgres = Postgres::start(quick(data.path())).await?;
    keep_a_row(&postgres).await?;
    let before = postgres.pid();
    postgres.server().kill();
    tokio::time::timeout(Duration::from_secs(30), postgres.server().wait_restarted(2)).await?;
    assert_ne!(postgres.pid(), before);
    assert_eq!(count_rows(&postgres).await?, 1);
    postgres.stop().await;
    Ok(())
}

/// Row A7 of the measurements: with the default save points nothing survives.
#[tokio::test]
async fn a7_what_redis_accepted_survives_a_kill() -> anyhow::Result<()> {
    let data = data_dir()?;
    let mut redis = Redis::start(RedisConfig::new(data.path())).await?;
    for n in 0..500 {
        redis_ask(&redis, &["SET", &format!("kept-{n}"), "yes"]).await?;
    }
    redis.server().kill();
    tokio::time::timeout(Duration::from_secs(30), redis.server().wait_restarted(2)).await?;
    for n in 0..500 {
        assert_eq!(
            redis_ask(&redis, &["GET", &format!("kept-{n}")])
                .await?
                .as_deref(),
            Some("yes")
        );
    }
    redis.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_server_taken_down_stays_down_until_it_is_wanted_again() -> anyhow::Result<()> {
    let data = data_dir()?;
    let mut redis = Redis::start(RedisConfig::new(data.path())).await?;
    redis_ask(&redis, &["SET", "kept", "yes"]).await?;
    redis.server().take_down().await;
    assert!(redis.pid().is_none());
    assert!(redis_ask(&redis, &["PING"]).await.is_err());
    redis.server().bring_up().await;
    assert_eq!(redis_ask(&redis, &["GET", "kept"]).await?.as_deref(), Some("yes"));
    redis.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_paused_server_answers_again_when_resumed() -> anyhow::Result<()> {
    let data = data_dir()?;
    let mut redis = Redis::start(RedisConfig::new(data.path())).await?;
    redis.server().pause();
    let asked = tokio::time::timeout(Duration::from_millis(200), redis_ask(&redis, &["PING"])).await;
    assert!(!matches!(asked, Ok(Ok(_))));
    redis.server().resume();
    assert_eq!(redis_ask(&redis, &["PING"]).await?.as_deref(), Some("PONG"));
    redis.stop().await;
    Ok(())
}

/// What a platform killed with SIGKILL leaves: both servers running without a parent that watches them. Started here
/// through a second process would hide the pid files, so the servers are started by hand the way a predecessor would.
#[tokio::test]
async fn f41_servers_left_by_a_killed_run_are_ended_and_their_data_is_kept() -> anyhow::Result<()> {
    let data = data_dir()?;
    let postgres = Postgres::start(quick(data.path())).await?;
    keep_a_row(&postgres).await?;
    let redis = Redis::start(RedisConfig::new(data.path())).await?;
    redis_ask(&redis, &["SET", "kept", "yes"]).await?;
    let pids = [postgres.pid().unwrap(), redis.pid().unwrap()];
    let commands = pids.map(|pid| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap());
    postgres.stop().await;
    redis.stop().await;

    let mut orphans = Vec::new();
    for (command, directory) in commands.iter().zip(["postgres", "redis"]) {
        orphans.push(start_orphan(command, &data.path().join(directory))?);
    }
    for file in ["postgres/postmaster.pid", "redis/redis.pid"] {
        wait_for_file(&data.path().join(file)).await?;
    }
    let postgres = Postgres::start(quick(data.path())).await?;
    let redis = Redis::start(RedisConfig::new(data.path())).await?;
    assert_eq!(count_rows(&postgres).await?, 1);
    assert_eq!(redis_ask(&redis, &["GET", "kept"]).await?.as_deref(), Some("yes"));
    for mut orphan in orphans {
        assert!(
            tokio::time::timeout(Duration::from_secs(20), orphan.wait())
                .await
                .is_ok()
        );
    }
    postgres.stop().await;
    redis.stop().await;
    Ok(())
}

fn start_orphan(command: &[u8], directory: &Path) -> anyhow::Result<tokio::process::Child> {
    use std::os::unix::fs::MetadataExt;
    let words: Vec<_> = command
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word))
        .collect();
    let owner = directory.metadata()?;
    let mut child = tokio::process::Command::new(words[0].as_ref());
    child
        .args(words[1..words.len() - 1].iter().map(AsRef::as_ref))
        .current_dir(directory)
        .kill_on_drop(true);
    child
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    if nix::unistd::Uid::effective().is_root() {
        child.uid(owner.uid()).gid(owner.gid());
    }
    Ok(child.spawn()?)
}

async fn wait_for_file(path: &Path) -> anyhow::Result<()> {
    let present = async {
        while !std::fs::read_to_string(path).is_ok_and(|text| !text.is_empty()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    Ok(tokio::time::timeout(Duration::from_secs(20), present).await?)
}

#[tokio::test]
async fn a_pid_file_that_names_a_stranger_is_not_believed() -> anyhow::Result<()> {
    let data = data_dir()?;
    Postgres::start(quick(data.path())).await?.stop().await;
    let own = std::process::id();
    std::fs::write(
        data.path().join("postgres/postmaster.pid"),
        format!("{own}\n/elsewhere\n1\n5432\n\n\n\n\n"),
    )?;
    let postgres = Postgres::start(quick(data.path())).await?;
    postgres.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_second_instance_in_the_same_directory_is_refused() -> anyhow::Result<()> {
    let data = data_dir()?;
    let redis = Redis::start(RedisConfig::new(data.path())).await?;
    let error = Redis::start(RedisConfig::new(data.path())).await.unwrap_err();
    assert!(one_line(&error).contains("in use"), "{error}");
    redis.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_half_written_database_is_recognised_and_an_unfinished_one_is_swept_away() -> anyhow::Result<()> {
    let data = data_dir()?;
    let unfinished = data.path().join("postgres.new-abc");
    std::fs::create_dir_all(unfinished.join("base"))?;
    std::fs::create_dir_all(data.path().join("postgres/base"))?;
    let error = Postgres::start(quick(data.path())).await.unwrap_err();
    assert!(
        one_line(&error).contains("not a complete Postgres data directory"),
        "{error}"
    );

    std::fs::remove_dir_all(data.path().join("postgres"))?;
    Postgres::start(quick(data.path())).await?.stop().await;
    assert!(!unfinished.exists());
    Ok(())
}

#[tokio::test]
async fn a_database_of_another_version_is_left_alone() -> anyhow::Result<()> {
    let data = data_dir()?;
    std::fs::create_dir_all(data.path().join("postgres/global"))?;
    std::fs::write(data.path().join("postgres/PG_VERSION"), "9\n")?;
    std::fs::write(data.path().join("postgres/global/pg_control"), "")?;
    let error = Postgres::start(quick(data.path())).await.unwrap_err();
    assert!(one_line(&error).contains("postgresql-9"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_damaged_database_says_why_it_does_not_start() -> anyhow::Result<()> {
    let data = data_dir()?;
    Postgres::start(quick(data.path())).await?.stop().await;
    std::fs::write(data.path().join("postgres/global/pg_control"), "rubbish")?;
    let error = Postgres::start(quick(data.path())).await.unwrap_err();
    assert!(one_line(&error).contains("postgres.log"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_says_which_setting_to_change() {
    let error = Postgres::start(quick(Path::new("/proc/aether")))
        .await
        .unwrap_err();
    assert!(one_line(&error).contains("AETHER_DATA_DIR"), "{error}");
}
