//! Bad inputs of threats.md through the whole pipeline in containers: scripts that look around (54), manifests (55),
//! dependencies (56), caches (58). Daemons (57) are in `docker_builds.rs`, Dockerfiles (59 to 62) in `docker_images.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test may panic"
)]

mod docker_support;
#[path = "docker_support/platform.rs"]
mod platform;
mod support;

use aether_models::{BuildOverrides, DeploymentId, DeploymentStatus, EnvScope, PlanKind, ProjectSettings};
use aether_store::{DeliveryAction, NewPreview, PreviewOf};
use platform::Platform;
use support::{Project, World};

const CANARY: &str = "canary-of-another-place";
/// Says which version it was built by.
const BUILD: &str = "const fs = require('node:fs');\nfs.mkdirSync('dist');\nfs.writeFileSync('dist/index.html', process.version);\n";
/// Looks for everything that a worm in a package looks for, and prints what it got.
const PROBE: &str = r#"const fs = require('node:fs');
const seen = [];
const read = (path) => { try { seen.push(`${path}: ${fs.readFileSync(path, 'latin1')}`); } catch {} };
const list = (path) => { try { return fs.readdirSync(path).map((name) => `${path}/${name}`); } catch { return []; } };
for (const pid of list('/proc')) if (/\d$/.test(pid)) ['environ', 'cmdline'].forEach((file) => read(`${pid}/${file}`));
for (const folder of [process.env.HOME, '/root', '/home']) for (const name of ['.ssh/id_rsa', '.ssh/id_ed25519', '.npmrc', '.aws/credentials', '.docker/config.json', '.netrc']) read(`${folder}/${name}`);
for (const path of ['/etc/shadow', '/run/secrets', '/run/aether', '/var/lib/aether', '/deployments', process.env.LOOK_AT]) { read(path); list(path).forEach(read); }
console.log('seen ' + Buffer.from(seen.join('\n'), 'latin1').toString('base64'));
for (const socket of ['/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock']) console.log(fs.existsSync(socket) ? `SOCKET ${socket}` : 'no socket');
console.log('env ' + Object.keys(process.env).sort().join(' '));
"#;

fn static_site(overrides: BuildOverrides) -> ProjectSettings {
    ProjectSettings {
        overrides: BuildOverrides {
            kind: Some(PlanKind::Static),
            output_directory: Some("dist".to_owned()),
            ..overrides
        },
        ..ProjectSettings::default()
    }
}

/// What the probes printed, in the clear.
fn seen(log: &str) -> String {
    use base64::Engine as _;
    let decode = |text: &str| base64::engine::general_purpose::STANDARD.decode(text.trim()).ok();
    let found = log
        .lines()
        .filter_map(|line| line.split_once("seen "))
        .filter_map(|(_, text)| decode(text));
    found
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn input_54_install_scripts_find_nothing_of_the_machine_or_of_others() {
    let platform = Platform::start().await;
    let world = &platform.world;
    // What others have: a file of the machine, and another team's variables in a container that runs meanwhile.
    let file = world.services.directory().join("canary");
    std::fs::write(&file, CANARY).unwrap();
    let other = world.git.create_repo("other").unwrap();
    let server =
        "require('http').createServer((q, s) => s.end('other')).listen(process.env.PORT, '0.0.0.0');";
    let package = r#"{"name":"app","version":"1.0.0","scripts":{"start":"node server.js"}}"#;
    other
        .commit_files(&[("package.json", package), ("server.js", server)])
        .unwrap();
    let other = world.project("other").await;
    world.variable(&other, "TOKEN", CANARY, EnvScope::All, true).await;
    let worker = platform.worker().await;
    let id = world.deploy(&other).await;
    world.ready(&other, id).await;

    let scripts = [
        "preinstall",
        "install",
        "postinstall",
        "prebuild",
        "build",
        "postbuild",
    ]
    .map(|name| format!("\"{name}\": \"node probe.js\""));
    let package = format!(
        "{{\"name\": \"worm\", \"private\": true, \"scripts\": {{{}}}}}",
        scripts.join(", ")
    );
    let repo = world.git.create_repo("worm").unwrap();
    repo.commit_files(&[("package.json", &package), ("probe.js", PROBE)])
        .unwrap();
    let settings = static_site(BuildOverrides {
        install_command: Some("npm install".to_owned()),
        build_command: Some("npm run build && mkdir dist && echo x > dist/index.html".to_owned()),
        ..BuildOverrides::default()
    });
    let project = world.project_with("worm", &settings, None).await;
    world
        .variable(&project, "OWN", "mine", EnvScope::Build, false)
        .await;
    let path = file.display().to_string();
    world
        .variable(&project, "LOOK_AT", &path, EnvScope::Build, false)
        .await;
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    let log = world.log_text(id).await;
    assert_eq!(
        log.matches("seen ").count(),
        6,
        "every script looked around:\n{log}"
    );
    let seen = seen(&log);
    assert!(
        seen.contains("OWN=mine"),
        "the probe can read what is there: {seen}"
    );
    assert!(!seen.contains(CANARY) && !log.contains(CANARY), "{seen}");
    for forbidden in [
        "AETHER_SECRET_KEY",
        "DATABASE_URL",
        "REDIS_URL",
        "CARGO_MANIFEST_DIR",
        "NEXTEST",
    ] {
        assert!(
            !seen.contains(forbidden) && !log.contains(forbidden),
            "{forbidden}: {log}"
        );
    }
    assert!(!log.contains("SOCKET /"), "{log}");
    platform.assert_nothing_left().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_55_hostile_manifests_end_with_a_reason_or_with_a_version_of_the_table() {
    let platform = Platform::start().await;
    let world = &platform.world;
    let worker = platform.worker().await;
    let deep = format!(
        "{{\"name\":\"x\",\"a\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let manifests = [
        ("no-json", "{\"name\": \"x\", "),
        ("deep", deep.as_str()),
        ("a-list", r#"{"name":"x","scripts":["start"]}"#),
        (
            "empty-build",
            r#"{"name":"x","scripts":{"build":""},"__proto__":{"polluted":true}}"#,
        ),
        (
            "far-version",
            r#"{"name":"x","engines":{"node":">=999"},"scripts":{"build":"node build.js"}}"#,
        ),
        (
            "any-version",
            r#"{"name":"x","engines":{"node":"*"},"scripts":{"build":"node build.js"}}"#,
        ),
        (
            "no-version",
            r#"{"name":"x","engines":{"node":"22; rm -rf /"},"scripts":{"build":"node build.js"}}"#,
        ),
        (
            "manager",
            r#"{"name":"x","packageManager":"npm@file:/x","scripts":{"build":"node build.js"}}"#,
        ),
    ];
    let mut built = 0;
    for (name, manifest) in manifests {
        let repo = world.git.create_repo(name).unwrap();
        repo.commit_files(&[("package.json", manifest), ("build.js", BUILD)])
            .unwrap();
        let project = world
            .project_with(name, &static_site(BuildOverrides::default()), None)
            .await;
        let id = world.deploy(&project).await;
        let deployment = world.ended(&project, id).await;
        let log = world.log_text(id).await;
        println!(
            "input 55 {name}: {} {:?}",
            deployment.status,
            deployment.error.as_ref().map(|error| &error.code)
        );
        match deployment.status {
            DeploymentStatus::Failed => {
                let error = deployment.error.unwrap();
                assert!(!error.title.is_empty() && !error.detail.is_empty(), "{name}");
                assert_ne!(error.code, "machine_failed", "{name}: {log}");
                // A machine that cannot pull lacks some of the table's images; another name is never asked for.
                let image = error.detail.split(": ").next().unwrap_or_default();
                let of_the_table = image.starts_with("node:2") && image.ends_with("-bookworm-slim");
                assert!(
                    error.code != "image_pull_failed" || of_the_table,
                    "{name}: {error:?}"
                );
            }
            DeploymentStatus::Ready => {
                assert!(world.file(id, "index.html").starts_with("v2"), "{name}: {log}");
                built += 1;
            }
            other => panic!("{name}: {other}"),
        }
    }
    assert!(built > 0, "none was built");
    platform.assert_nothing_left().await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_56_dependencies_that_cannot_be_had_fail_readably_and_tokens_are_masked() {
    let platform = Platform::start().await;
    let world = &platform.world;
    let worker = platform.worker().await;
    let lock = r#"{"name":"app","lockfileVersion":3,"requires":true,"packages":{"":{"name":"app"}}}"#;
    // A folder of the machine, by its path as the machine has it.
    let folder = world.services.directory();
    std::fs::write(folder.join("secret"), "of-the-machine").unwrap();
    let out_of_tree = format!(
        r#"{{"name":"app","private":true,"dependencies":{{"x":"file:../..{}"}}}}"#,
        folder.display()
    );
    let cases = [
        (
            "old-lock",
            r#"{"name":"app","private":true,"dependencies":{"ms":"2.1.3"}}"#,
            Some(lock),
        ),
        (
            "over-ssh",
            r#"{"name":"app","private":true,"dependencies":{"x":"git+ssh://git@127.0.0.1/x/x.git"}}"#,
            None,
        ),
        ("out-of-tree", out_of_tree.as_str(), None),
        (
            "no-tls",
            r#"{"name":"app","private":true,"dependencies":{"x":"http://169.254.169.254/x.tgz"}}"#,
            None,
        ),
    ];
    for (name, package, lock) in cases {
        let repo = world.git.create_repo(name).unwrap();
        // The token of a private registry, which the build prints as well.
        let npmrc = "//registry.example.com/:_authToken=${NPM_TOKEN}\nfetch-retries=0\n";
        let mut files = vec![("package.json", package), (".npmrc", npmrc), ("build.js", BUILD)];
        files.extend(lock.map(|lock| ("package-lock.json", lock)));
        repo.commit_files(&files).unwrap();
        let install = if lock.is_some() { "npm ci" } else { "npm install" };
        let settings = static_site(BuildOverrides {
            install_command: Some(format!(
                "echo \"token $NPM_TOKEN\"; {install}; code=$?; cat node_modules/x/secret; exit $code"
            )),
            build_command: Some("node build.js".to_owned()),
            ..BuildOverrides::default()
        });
        let project = world.project_with(name, &settings, None).await;
        world
            .variable(&project, "NPM_TOKEN", CANARY, EnvScope::Build, true)
            .await;
        let id = world.deploy(&project).await;
        let deployment = world.ended(&project, id).await;
        let log = world.log_text(id).await;
        println!("input 56 {name}: {} {:?}", deployment.status, deployment.error);
        assert!(log.contains("token ***"), "{name}: {log}");
        assert!(!log.contains(CANARY), "{name}: {log}");
        assert!(!log.contains("of-the-machine"), "{name}: {log}");
        // npm makes a link of a folder, wherever it leads, and is content.
        if name != "out-of-tree" {
            let error = deployment.error.unwrap_or_else(|| panic!("{name}: {log}"));
            assert!(
                !error.code.contains("machine") && !error.detail.is_empty(),
                "{error:?}"
            );
        }
    }
    platform.assert_nothing_left().await;
    worker.stop().await;
}

/// Leaves a mark wherever a build keeps something, and tells of every mark that was there.
fn marks(who: &str) -> ProjectSettings {
    let script = format!(
        "for folder in $npm_config_cache $PIP_CACHE_DIR $HOME /tmp node_modules/.cache /cache; do mkdir -p $folder; \
         for mark in $folder/mark-*; do [ -e $mark ] && echo found $mark; done; touch $folder/mark-{who}; done; node build.js"
    );
    static_site(BuildOverrides {
        install_command: Some("echo nothing to install".to_owned()),
        build_command: Some(script),
        ..BuildOverrides::default()
    })
}

async fn found(world: &World, project: &Project, id: DeploymentId) -> Vec<String> {
    world.ready(project, id).await;
    let log = world.log_text(id).await;
    let marks = log
        .lines()
        .filter_map(|line| line.strip_prefix("found /")?.rsplit_once("/mark-"));
    let mut marks: Vec<String> = marks.map(|(_, who)| who.trim().to_owned()).collect();
    marks.sort();
    marks.dedup();
    marks
}

/// The deployment of a fork's request, opened and approved by a member, with marks of its own.
async fn approved_fork(world: &World, project: &Project, head: &str) -> DeploymentId {
    let fork = NewPreview {
        of: PreviewOf::PullRequest(7),
        host: format!("{}-pr-7.aether.localhost", project.slug).parse().unwrap(),
        git_ref: "main".parse().unwrap(),
        head: Some(head.to_owned()),
        from_fork: true,
        fork: None,
        title: None,
        page_url: None,
        opened: true,
        max: 10,
    };
    let action = DeliveryAction::Preview {
        preview: Box::new(fork),
        reason: "opened".to_owned(),
    };
    world
        .store
        .apply_delivery(project.team, project.id, None, &[action])
        .await
        .unwrap()
        .unwrap();
    world
        .sql("update projects set settings = $2 where id = $1")
        .bind(project.id.uuid())
        .bind(serde_json::to_value(marks("fork")).unwrap())
        .execute(world.store.raw_pool())
        .await
        .unwrap();
    let environment = world.store.environments(project.team, project.id).await.unwrap()[1].clone();
    let user = aether_models::UserId::generate();
    world
        .sql("insert into users (id, email, name, password_hash) values ($1, 'a@example.com', 'A', 'x')")
        .bind(user.uuid())
        .execute(world.store.raw_pool())
        .await
        .unwrap();
    world
        .store
        .approve_preview(project.team, project.id, environment.id, head, user)
        .await
        .unwrap()
        .unwrap();
    let fork = world
        .sql("select id from deployments where environment_id = $1")
        .bind(environment.id.uuid())
        .fetch_one(world.store.raw_pool())
        .await
        .unwrap();
    DeploymentId::from_uuid(sqlx::Row::get(&fork, 0))
}

#[tokio::test(flavor = "multi_thread")]
async fn input_58_caches_are_the_projects_own_and_a_forks_never_meet_them() {
    let platform = Platform::start().await;
    let world = &platform.world;
    let worker = platform.worker().await;
    let mut projects = Vec::new();
    for name in ["one", "two"] {
        let repo = world.git.create_repo(name).unwrap();
        let head = repo
            .commit_files(&[
                (
                    "package.json",
                    r#"{"name":"site","private":true,"scripts":{"build":"node build.js"}}"#,
                ),
                ("build.js", BUILD),
            ])
            .unwrap();
        projects.push((world.project_with(name, &marks(name), None).await, head));
    }
    let (one, head) = &projects[0];
    let two = &projects[1].0;
    let first = world.deploy(one).await;
    assert_eq!(found(world, one, first).await, Vec::<String>::new());
    let again = world.deploy(one).await;
    assert_eq!(found(world, one, again).await, ["one"], "its own is kept");
    let other = world.deploy(two).await;
    assert_eq!(
        found(world, two, other).await,
        Vec::<String>::new(),
        "another team's is not seen"
    );

    // A fork's request: it finds nothing of production, and production nothing of it.
    let fork = approved_fork(world, one, head).await;
    assert_eq!(found(world, one, fork).await, Vec::<String>::new());
    let after = world.deploy(one).await;
    assert_eq!(
        found(world, one, after).await,
        ["one"],
        "the fork's mark is not there"
    );
    platform.assert_nothing_left().await;
    worker.stop().await;
}
