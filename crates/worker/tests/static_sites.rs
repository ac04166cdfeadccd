//! Static sites from a Git server to a live release.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test may panic"
)]

mod support;

use aether_models::{
    BuildOverrides, DeploymentStatus, EnvScope, PlanKind, ProjectSettings, RouteTarget, Step, StepOutcome,
};
use support::World;

const PAGE: &str = "<!doctype html><title>Hello</title><h1>Hello</h1>\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_of_html_files_goes_live() {
    let world = World::start().await;
    let repo = world.git.create_repo("hello").unwrap();
    let sha = repo
        .commit_files(&[("index.html", PAGE), ("css/site.css", "h1 { color: red }\n")])
        .unwrap();
    let project = world.project("hello").await;
    let worker = world.worker().await;

    let id = world.deploy(&project).await;
    let deployment = world.ready(&project, id).await;

    assert_eq!(
        deployment.commit.as_ref().map(|commit| commit.sha.as_str()),
        Some(sha.as_str())
    );
    assert!(deployment.live);
    let outcomes: Vec<_> = deployment
        .steps
        .iter()
        .map(|step| (step.step, step.outcome.unwrap()))
        .collect();
    assert_eq!(
        outcomes,
        [
            (Step::Clone, StepOutcome::Succeeded),
            (Step::Detect, StepOutcome::Succeeded),
            (Step::Install, StepOutcome::Skipped),
            (Step::Build, StepOutcome::Skipped),
            (Step::Deploy, StepOutcome::Succeeded),
            (Step::Route, StepOutcome::Succeeded),
        ]
    );
    assert_eq!(
        world.route(&project).await.target,
        RouteTarget::Static { deployment_id: id }
    );
    assert_eq!(world.file(id, "index.html"), PAGE);
    let log = world.log(id).await;
    let numbers: Vec<i64> = log.iter().map(|line| line.seq).collect();
    assert_eq!(numbers, (1..=log.len() as i64).collect::<Vec<_>>());
    let text = world.log_text(id).await;
    let address = format!(
        "its own address is http://{}-1.aether.localhost:3005",
        project.slug
    );
    assert!(text.contains(&address), "{text}");
    worker.stop().await;
}

fn built(build: &str, output: &str) -> ProjectSettings {
    let overrides = BuildOverrides {
        kind: Some(PlanKind::Static),
        build_command: Some(build.to_owned()),
        output_directory: Some(output.to_owned()),
        ..BuildOverrides::default()
    };
    ProjectSettings {
        overrides,
        ..ProjectSettings::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_gets_its_variables_and_says_no_secret() {
    let world = World::start().await;
    world
        .git
        .create_repo("hello")
        .unwrap()
        .commit_files(&[("index.html", PAGE)])
        .unwrap();
    let build = "mkdir out; echo \"$COLOUR $AETHER_PROJECT $CI\" > out/index.html; echo token=$TOKEN; echo $TOKEN | base64";
    let project = world.project_with("hello", &built(build, "out"), None).await;
    world
        .variable(&project, "COLOUR", "blue", EnvScope::Build, false)
        .await;
    world
        .variable(&project, "TOKEN", "s3cret-value-1234", EnvScope::All, true)
        .await;
    world
        .variable(&project, "RUNTIME_ONLY", "x", EnvScope::Runtime, false)
        .await;
    let worker = world.worker().await;
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    assert_eq!(world.file(id, "index.html"), "blue hello 1\n");
    let log = world.log_text(id).await;
    assert!(
        log.contains("token=***\n") && !log.contains("s3cret") && !log.contains("czNjcmV0"),
        "{log}"
    );
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_53_a_release_is_made_of_plain_files() {
    use std::os::unix::fs::MetadataExt;

    let world = World::start().await;
    world
        .git
        .create_repo("hello")
        .unwrap()
        .commit_files(&[("index.html", PAGE)])
        .unwrap();
    let build = "mkdir out; cp index.html /bin/true out; chmod 6777 out/true; chmod 666 out/index.html; \
                 ln out/index.html out/second.html; ln -s /etc/passwd out/passwd; ln -s ../.. out/up; mkfifo out/pipe";
    let project = world.project_with("hello", &built(build, "out"), None).await;
    let worker = world.worker().await;
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    let manifest = world.manifest(id);
    let names: Vec<&str> = manifest.files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["index.html", "second.html", "true"],
        "no link and no pipe"
    );
    for entry in manifest.files.values() {
        let file = world.folders().files(id).join(&entry.sha256);
        let metadata = std::fs::symlink_metadata(file).unwrap();
        assert!(metadata.is_file());
        assert_eq!(metadata.mode() & 0o7133, 0, "{:o}", metadata.mode());
    }
    let log = world.log_text(id).await;
    for left_out in ["passwd", "up"] {
        assert!(
            log.lines()
                .any(|line| line.starts_with("Warning") && line.contains(left_out)),
            "{left_out} is not mentioned in:\n{log}"
        );
    }
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_say_what_happened_and_leave_the_old_release_live() {
    let world = World::start().await;
    let repo = world.git.create_repo("hello").unwrap();
    repo.commit_files(&[("index.html", PAGE), ("Dockerfile", "FROM scratch\n")])
        .unwrap();
    let project = world.project_with("hello", &built("", "."), None).await;
    let worker = world.worker().await;
    let good = world.deploy(&project).await;
    world.ready(&project, good).await;
    let docker = ProjectSettings {
        overrides: BuildOverrides {
            framework: Some("dockerfile".to_owned()),
            kind: Some(PlanKind::Docker),
            ..BuildOverrides::default()
        },
        ..ProjectSettings::default()
    };
    for (settings, code) in [
        (built("echo it broke >&2; exit 3", "."), "build_command_failed"),
        (built("nonexistent-program", "."), "build_command_failed"),
        (built("true", "dist"), "output_missing"),
        (built("mkdir dist", "dist"), "output_empty"),
        (built("true", "../../../etc"), "output_outside"),
        (docker, "docker_needed"),
    ] {
        world
            .sql("update projects set settings = $1")
            .bind(serde_json::to_value(&settings).unwrap())
            .execute(world.store.raw_pool())
            .await
            .unwrap();
        let id = world.deploy(&project).await;
        let deployment = world.ended(&project, id).await;
        let error = deployment.error.unwrap();
        assert_eq!(
            (deployment.status, error.code.as_str()),
            (DeploymentStatus::Failed, code),
            "{error:?}"
        );
        assert!(error.hint.is_some(), "{error:?}");
        if code == "build_command_failed" {
            assert!(
                error.detail.contains("it broke") || error.detail.contains("127"),
                "{error:?}"
            );
        }
        assert_eq!(world.route(&project).await.target.deployment_id(), Some(good));
        support::invariants::check(&world, &project, &[id]).await;
    }
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_95_rules_reach_the_manifest_and_bad_lines_the_log() {
    let world = World::start().await;
    let redirects =
        "# moved\n/old /new 301\n/b //evil.example\n/c /d 299\n/news/* /blog/:splat 302!\n/nowhere\n";
    let headers = "/*\n  X-Frame-Options: DENY\n  Content-Length: 3\n! X-Powered-By\n/a b: c\nstray\n";
    world
        .git
        .create_repo("hello")
        .unwrap()
        .commit_files(&[
            ("index.html", PAGE),
            ("_redirects", redirects),
            ("_headers", headers),
        ])
        .unwrap();
    let project = world.project_with("hello", &built("", "."), None).await;
    let worker = world.worker().await;
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;

    let manifest = world.manifest(id);
    let rules: Vec<_> = manifest
        .redirects
        .iter()
        .map(|rule| (rule.from.as_str(), rule.to.as_str(), rule.status, rule.force))
        .collect();
    assert_eq!(
        rules,
        [
            ("/old", "/new", 301, false),
            ("/news/*", "/blog/:splat", 302, true)
        ]
    );
    assert_eq!(
        manifest.headers[0].set,
        [("x-frame-options".to_owned(), "DENY".to_owned())]
    );
    assert_eq!(manifest.headers[0].remove, ["x-powered-by"]);
    let served: Vec<&str> = manifest.files.keys().map(String::as_str).collect();
    assert_eq!(served, ["index.html"], "rule files are obeyed, not served");

    let log = world.log_text(id).await;
    for line in [
        "_redirects line 3: a target that starts with `//` would leave the site",
        "_redirects line 4: `299` is not one of the statuses",
        "_redirects line 6: no target",
        "_headers line 3: `content-length` is set by the platform",
        "_headers line 5: `/a b: c` has white space in it",
        "_headers line 6: a field without a path above it",
    ] {
        assert!(
            log.contains(&format!("Warning: {line}")),
            "{line} is missing in\n{log}"
        );
    }
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f33_a_talkative_build_is_capped_and_goes_on() {
    let world = World::start().await;
    world
        .git
        .create_repo("hello")
        .unwrap()
        .commit_files(&[("index.html", PAGE)])
        .unwrap();
    let build = "head -c 30000000 /dev/zero | tr '\\0' 'x' | fold -w 1000; printf 'bell\\007 \\033[31mred\\033[0m \\377\\n'; head -c 3000000 /dev/zero | tr '\\0' 'y'; echo; echo the end";
    let project = world.project_with("hello", &built(build, "."), None).await;
    let worker = world.worker().await;
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    let log = world.log(id).await;
    let bytes: usize = log.iter().map(|line| line.text.len()).sum();
    assert!(bytes < 11 << 20, "{bytes} bytes");
    assert!(log.iter().any(|line| line.text == "the end"));
    assert!(
        log.iter()
            .any(|line| line.text.contains("only the last lines are kept"))
    );
    assert!(log.iter().any(|line| line.text.contains("left out of this log")));
    support::invariants::check(&world, &project, &[id]).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_beyond_retention_are_removed_with_their_contents() {
    let world = World::start().await;
    let repo = world.git.create_repo("hello").unwrap();
    let project = world.project("hello").await;
    let mut settings = world.settings();
    settings.keep_releases = 1;
    settings.timing.cleanup = std::time::Duration::from_millis(300);
    let worker = world.worker_with(settings).await;
    let mut ids = Vec::new();
    for number in 0..4 {
        repo.commit_files(&[("index.html", &format!("<h1>{number}</h1>"))])
            .unwrap();
        let id = world.deploy(&project).await;
        world.ready(&project, id).await;
        ids.push(id);
    }
    support::eventually("old releases to go", || async {
        let there: Vec<bool> = ids
            .iter()
            .map(|id| world.folders().release(*id).exists())
            .collect();
        (there == [false, false, true, true]).then_some(())
    })
    .await;
    let outcome = world
        .store
        .switch_release(project.team, project.id, ids[0], None)
        .await
        .unwrap();
    assert_eq!(outcome, Some(aether_store::SwitchOutcome::ArtifactGone));
    assert_eq!(world.file(ids[2], "index.html"), "<h1>2</h1>");

    // What was live most recently is kept, not what was built last.
    let outcome = world
        .store
        .switch_release(project.team, project.id, ids[2], None)
        .await
        .unwrap();
    assert_eq!(outcome, Some(aether_store::SwitchOutcome::Switched));
    repo.commit_files(&[("index.html", "<h1>4</h1>")]).unwrap();
    let id = world.deploy(&project).await;
    world.ready(&project, id).await;
    support::eventually("the release that was not live last to go", || async {
        (!world.folders().release(ids[3]).exists()).then_some(())
    })
    .await;
    assert!(world.folders().release(ids[2]).exists() && world.folders().release(id).exists());
    worker.stop().await;
}
