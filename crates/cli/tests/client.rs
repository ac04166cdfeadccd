//! The commands of `aether` against a running platform, as a person or a script calls them.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};

use aether_testkit::GitServer;
use serde_json::Value;
use support::services::Up;
use support::{binary, eventually, sites};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// A person at a terminal-less shell, with a home of their own.
struct Person {
    home: TempDir,
    address: String,
}

impl Person {
    /// Signed in to the platform as its owner.
    async fn signed_in(up: &Up) -> Self {
        let person = Self {
            home: tempfile::tempdir().unwrap(),
            address: format!("http://{}", up.platform.api),
        };
        let login = [
            "login",
            &person.address,
            "--email",
            "owner@example.com",
            "--password-stdin",
        ];
        let done = person.run_with(&login, "correct horse battery staple").await;
        assert!(done.status.success(), "{}", stderr(&done));
        person
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary("aether"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.current_dir(self.home.path()).kill_on_drop(true);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().await.unwrap()
    }

    async fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .await
            .unwrap();
        child.wait_with_output().await.unwrap()
    }

    /// Runs a command that must succeed; answers with its standard output.
    async fn ok(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments).await;
        assert!(done.status.success(), "{arguments:?}: {}", stderr(&done));
        stdout(&done)
    }

    fn config(&self) -> std::path::PathBuf {
        self.home.path().join(".config/aether/config.toml")
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_folder_is_sent_as_it_is_and_only_once() {
    let git = GitServer::start().await.unwrap();
    sites::static_site(&git, "site", "first");
    let up = Up::start().await;
    let me = Person::signed_in(&up).await;
    me.ok(&["deploy", "--repo", &git.url("site"), "--yes"]).await;
    let folder = me.home.path().join("work");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("index.html"), "<h1>sent from here</h1>").unwrap();
    std::fs::write(folder.join("secret.txt"), "stays here").unwrap();
    std::fs::write(folder.join(".aetherignore"), "secret.txt\n").unwrap();
    let deploy = || async {
        let arguments = ["deploy", "--project", "site", "--local"];
        let done = me
            .command(&arguments)
            .current_dir(&folder)
            .output()
            .await
            .unwrap();
        assert!(done.status.success(), "{}", stderr(&done));
        stderr(&done)
    };
    let told = deploy().await;
    assert!(told.contains("Sending 2 of 2 files"), "{told}");
    up.platform.shows("site", "sent from here").await;
    let told = deploy().await;
    assert!(told.contains("Nothing to send"), "{told}");
    std::fs::write(folder.join("index.html"), "<h1>changed here</h1>").unwrap();
    let told = deploy().await;
    assert!(told.contains("Sending 1 of 2 files"), "{told}");
    up.platform.shows("site", "changed here").await;
}

#[tokio::test]
async fn a_folder_without_a_repository_goes_live_with_nothing_else_set_up() {
    let up = Up::start().await;
    let me = Person::signed_in(&up).await;
    let folder = me.home.path().join("my-page");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("index.html"), "<h1>from a folder</h1>").unwrap();
    std::fs::write(folder.join(".gitignore"), "draft.html\n").unwrap();
    std::fs::write(folder.join("draft.html"), "stays here").unwrap();
    let run = |arguments: &'static [&'static str]| {
        let mut command = me.command(arguments);
        command.current_dir(&folder);
        async move { command.output().await.unwrap() }
    };
    // Nobody is there to be asked, so nothing is made.
    let asked = run(&["deploy"]).await;
    assert_eq!(asked.status.code(), Some(2), "{}", stderr(&asked));
    assert!(
        stderr(&asked).contains("my-page") && stderr(&asked).contains("--yes"),
        "{}",
        stderr(&asked)
    );
    let first = run(&["deploy", "--yes"]).await;
    assert!(first.status.success(), "{}", stderr(&first));
    assert!(
        stderr(&first).contains("Sending 2 of 2 files"),
        "{}",
        stderr(&first)
    );
    let host = format!("http://my-page.aether.localhost:{}", up.platform.proxy.port());
    assert_eq!(stdout(&first), host);
    up.platform.shows("my-page", "from a folder").await;
    // The folder is linked now: no question, and nothing to send.
    let second = run(&["deploy"]).await;
    assert!(second.status.success(), "{}", stderr(&second));
    assert!(stderr(&second).contains("Nothing to send"), "{}", stderr(&second));
    let project = me.ok(&["--json", "list"]).await;
    assert!(
        project.contains("\"source\": \"upload\"") || project.contains("\"source\":\"upload\""),
        "{project}"
    );
    // From elsewhere only on purpose, and a ref means nothing to it.
    for arguments in [
        ["deploy", "-p", "my-page"].as_slice(),
        &["deploy", "-p", "my-page", "--ref", "main"],
    ] {
        let refused = me.run(arguments).await;
        assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
        assert!(
            stderr(&refused).contains("aether deploy --local"),
            "{}",
            stderr(&refused)
        );
    }
    // The home directory is nobody's site.
    let home = me.run(&["deploy", "--local", "--yes"]).await;
    assert_eq!(home.status.code(), Some(2), "{}", stderr(&home));
}

#[tokio::test]
async fn a_checkout_is_sent_with_local_although_nobody_can_fetch_its_remote() {
    let up = Up::start().await;
    let me = Person::signed_in(&up).await;
    let folder = me.home.path().join("work");
    let checkout = git2::Repository::init(&folder).unwrap();
    checkout
        .remote("origin", "git@git.internal.example:team/private.git")
        .unwrap();
    std::fs::write(folder.join("index.html"), "<h1>not committed</h1>").unwrap();
    let done = me
        .command(&["deploy", "--local", "--yes", "--name", "Private Page"])
        .current_dir(&folder)
        .output()
        .await
        .unwrap();
    assert!(done.status.success(), "{}", stderr(&done));
    up.platform.shows("private-page", "not committed").await;
}

#[tokio::test]
async fn deploy_follows_to_the_address_and_every_other_command_finds_the_project() {
    let git = GitServer::start().await.unwrap();
    let repo = sites::static_site(&git, "site", "first");
    let up = Up::start().await;
    let me = Person::signed_in(&up).await;

    let first = me.run(&["deploy", "--repo", &git.url("site"), "--yes"]).await;
    assert!(first.status.success(), "{}", stderr(&first));
    let host = format!("site.aether.localhost:{}", up.platform.proxy.port());
    assert_eq!(stdout(&first), format!("http://{host}"));
    let told = stderr(&first);
    for step in ["clone", "detect", "deploy", "route"] {
        assert!(told.contains(step), "{step} is missing in:\n{told}");
    }
    up.platform.shows("site", "first").await;

    sites::change_page(&repo, "second");
    let second: Value =
        serde_json::from_str(&me.ok(&["--json", "deploy", "--project", "site"]).await).unwrap();
    assert_eq!(
        (&second["status"], &second["number"]),
        (&"READY".into(), &2.into())
    );
    up.platform.shows("site", "second").await;

    assert!(me.ok(&["list"]).await.contains("site"));
    let deployments: Value =
        serde_json::from_str(&me.ok(&["--json", "list", "-d", "-p", "site"]).await).unwrap();
    assert_eq!(deployments.as_array().unwrap().len(), 2);
    let log = me.ok(&["logs", second["id"].as_str().unwrap()]).await;
    let followed = me.ok(&["logs", "--follow", second["id"].as_str().unwrap()]).await;
    assert!(
        log.lines().count() > 3 && log == followed,
        "{log}\n---\n{followed}"
    );
    assert!(me.ok(&["open", "--print", "-p", "site"]).await.contains(&host));

    me.ok(&["rollback", "--yes", "-p", "site"]).await;
    up.platform.shows("site", "first").await;
}

#[tokio::test]
async fn a_failed_deployment_ends_with_1_and_says_why() {
    let git = GitServer::start().await.unwrap();
    git.create_repo("bad")
        .unwrap()
        .commit_files(&[("package.json", r#"{"scripts":{"build":"exit 3"}}"#)])
        .unwrap();
    let up = Up::start().await;
    let me = Person::signed_in(&up).await;
    let failed = me.run(&["deploy", "--repo", &git.url("bad"), "--yes"]).await;
    assert_eq!(failed.status.code(), Some(1));
    assert!(stdout(&failed).is_empty(), "no address of a failed deployment");
    assert!(stderr(&failed).contains("failed:"), "{}", stderr(&failed));
}

#[tokio::test]
async fn variables_go_up_and_secret_values_do_not_come_back() {
    let git = GitServer::start().await.unwrap();
    sites::static_site(&git, "site", "page");
    let up = Up::start().await;
    let me = Person::signed_in(&up).await;
    up.platform.create_project("site", &git.url("site")).await;
    me.ok(&["env", "-p", "site", "set", "--public", "GREETING=it's \"me\""])
        .await;
    let set = me
        .run_with(&["env", "-p", "site", "set", "TOKEN"], "s3cret-canary\n")
        .await;
    assert!(set.status.success(), "{}", stderr(&set));
    let listed = me.ok(&["env", "-p", "site", "list"]).await;
    assert!(
        listed.contains("it's \"me\"") && listed.contains("TOKEN"),
        "{listed}"
    );
    assert!(!listed.contains("s3cret-canary") && !stderr(&set).contains("s3cret-canary"));
    me.ok(&["env", "-p", "site", "unset", "TOKEN", "GREETING"]).await;
    assert_eq!(me.ok(&["env", "-p", "site", "list"]).await, "");
    for bad in ["PATH=/x", "A B=1", "1A=x"] {
        assert_eq!(
            me.run(&["env", "-p", "site", "set", bad]).await.status.code(),
            Some(2),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn ctrl_c_leaves_the_deployment_running() {
    let git = GitServer::start().await.unwrap();
    let package = r#"{"scripts":{"build":"sleep 3 && mkdir -p dist && echo slow > dist/index.html"}}"#;
    git.create_repo("slow")
        .unwrap()
        .commit_files(&[("package.json", package)])
        .unwrap();
    let up = Up::start().await;
    let me = Person::signed_in(&up).await;
    let child = me
        .command(&["deploy", "--repo", &git.url("slow"), "--yes"])
        .spawn()
        .unwrap();
    eventually("the deployment builds", async || {
        let deployments = up
            .platform
            .try_call(reqwest::Method::GET, "/projects/slow/deployments", None)
            .await
            .1;
        deployments["items"][0]["status"] == "BUILDING"
    })
    .await;
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let done = child.wait_with_output().await.unwrap();
    assert_eq!(done.status.code(), Some(130));
    assert!(
        stderr(&done).contains("The deployment goes on"),
        "{}",
        stderr(&done)
    );
    let deployments = up
        .platform
        .call(reqwest::Method::GET, "/projects/slow/deployments", None)
        .await;
    assert_ne!(deployments["items"][0]["status"], "CANCELLED");
}

#[tokio::test]
async fn input_103_wrong_usage_ends_with_2_and_says_what_to_do() {
    let person = Person {
        home: tempfile::tempdir().unwrap(),
        address: String::new(),
    };
    for arguments in [
        &["--unknown"][..],
        &["deploy", "--unknown"],
        &[
            "logs",
            "not-a-deployment",
            "--url",
            "http://127.0.0.1:1",
            "--token",
            "x",
        ],
        &[
            "deploy",
            "--project",
            "../x",
            "--url",
            "http://127.0.0.1:1",
            "--token",
            "x",
        ],
        &[
            "deploy",
            "--repo",
            "file:///etc",
            "--url",
            "http://127.0.0.1:1",
            "--token",
            "x",
        ],
        &["deploy", "--url", "http://127.0.0.1:1", "--token", "x"],
        &["login", "http://127.0.0.1:1", "--email", "a@example.com"],
        &["list", "--url", "http://user:password@127.0.0.1"],
    ] {
        let done = person.run(arguments).await;
        assert_eq!(done.status.code(), Some(2), "{arguments:?}: {}", stderr(&done));
        assert!(!stderr(&done).contains("panicked"), "{}", stderr(&done));
    }
}

#[tokio::test]
async fn input_103_a_token_others_can_read_is_warned_about_and_a_home_is_not_needed() {
    let git = GitServer::start().await.unwrap();
    sites::static_site(&git, "site", "page");
    let up = Up::start().await;
    let me = Person::signed_in(&up).await;
    assert_eq!(
        me.config().metadata().unwrap().permissions().mode() & 0o777,
        0o600
    );
    std::fs::set_permissions(me.config(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let listed = me.run(&["list"]).await;
    assert!(
        listed.status.success() && stderr(&listed).contains("chmod 600"),
        "{}",
        stderr(&listed)
    );

    let token = std::fs::read_to_string(me.config()).unwrap();
    let token = token
        .lines()
        .find_map(|line| line.strip_prefix("token = "))
        .unwrap()
        .trim_matches('"')
        .to_owned();
    let mut homeless = me.command(&["list", "--url", &me.address]);
    let done = homeless
        .env_remove("HOME")
        .env("AETHER_TOKEN", token)
        .output()
        .await
        .unwrap();
    assert!(done.status.success(), "{}", stderr(&done));
}

#[tokio::test]
async fn input_103_the_token_is_not_sent_where_a_redirect_points() {
    let thief = GitServer::start().await.unwrap();
    let honest = GitServer::start_with(aether_testkit::GitServerOptions {
        redirect_to: Some(format!("http://{}", thief.address())),
        ..Default::default()
    })
    .await
    .unwrap();
    let person = Person {
        home: tempfile::tempdir().unwrap(),
        address: String::new(),
    };
    let url = format!("http://{}", honest.address());
    let done = person.run(&["list", "--url", &url, "--token", "t0ken"]).await;
    assert_eq!(done.status.code(), Some(1));
    assert_eq!(
        honest.requests()[0].authorization.as_deref(),
        Some("Bearer t0ken")
    );
    assert!(thief.requests().is_empty(), "{:?}", thief.requests());
}

#[tokio::test]
async fn input_103_a_closed_pipe_is_quiet() {
    let person = Person {
        home: tempfile::tempdir().unwrap(),
        address: String::new(),
    };
    let site = person.home.path().join("site");
    std::fs::create_dir(&site).unwrap();
    std::fs::write(site.join("index.html"), "<p>hello</p>").unwrap();
    let mut child = person.command(&["detect", "site"]).spawn().unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().await.unwrap();
    assert_eq!((done.status.code(), stderr(&done).as_str()), (Some(141), ""));
}

#[tokio::test]
async fn doctor_and_detect_need_no_platform() {
    let person = Person {
        home: tempfile::tempdir().unwrap(),
        address: String::new(),
    };
    let found: Value = serde_json::from_str(&person.ok(&["--json", "doctor"]).await).unwrap();
    assert_eq!(found["ready"], true, "{found:#}");
    let site = Path::new(person.home.path()).join("site");
    std::fs::create_dir(&site).unwrap();
    std::fs::write(site.join("index.html"), "<p>hello</p>").unwrap();
    let plans: Value = serde_json::from_str(&person.ok(&["--json", "detect", "site"]).await).unwrap();
    assert_eq!(
        (&plans[0]["kind"], &plans[0]["confidence"]),
        (&"static".into(), &"high".into()),
        "{plans:#}"
    );
    assert_eq!(person.run(&["detect", "nowhere"]).await.status.code(), Some(1));
}
