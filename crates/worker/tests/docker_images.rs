//! Images of Dockerfile projects, built by a real engine with both of its builders.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

mod docker_support;
#[path = "docker_support/scan.rs"]
mod scan;

use std::collections::BTreeMap;
use std::time::Duration;

use aether_models::{DeploymentId, LogStream, ProjectId};
use aether_worker::runtime::Runtime;
use aether_worker::runtime::docker::{BuildKitMode, BuiltImage, ImageBuild, ImageReport, Needed};
use docker_support::{Bench, docker, get_when_ready, limits, write};
use scan::{Findings, HostServices, put_scan};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const SERVER: &str = "require('http').createServer((q,r)=>r.end('uid '+process.getuid()+' '+process.env.GREETING)).listen(8080,'0.0.0.0',()=>console.log('up'))";

fn image(bench: &Bench, files: &[(&str, &str)]) -> ImageBuild {
    let context = tempfile::tempdir_in(bench.folder.path()).unwrap().keep();
    write(&context, files);
    let mut limits = limits();
    limits.disk_mb = 2048;
    ImageBuild {
        deployment_id: DeploymentId::generate(),
        project_id: ProjectId::generate(),
        context,
        dockerfile: "Dockerfile".to_owned(),
        target: None,
        args: BTreeMap::new(),
        secrets: BTreeMap::new(),
        limits,
        timeout: Duration::from_secs(60),
    }
}

async fn build(bench: &Bench, build: ImageBuild) -> (ImageReport, String) {
    let (sink, mut lines) = tokio::sync::mpsc::channel::<(LogStream, String)>(64);
    let collect = tokio::spawn(async move {
        let mut text = String::new();
        while let Some((_, line)) = lines.recv().await {
            text = text + &line + "\n";
        }
        text
    });
    let report = bench
        .runtime
        .build_image(build, sink, CancellationToken::new())
        .await
        .unwrap();
    (report, collect.await.unwrap())
}

async fn built(bench: &Bench, wanted: ImageBuild) -> (BuiltImage, String) {
    match build(bench, wanted).await {
        (ImageReport::Built(image), text) => (image, text),
        (other, text) => panic!("{other:?}\n{text}"),
    }
}

async fn failure(bench: &Bench, wanted: ImageBuild) -> (String, String) {
    match build(bench, wanted).await {
        (ImageReport::Failed(error), text) => (error.code, format!("{} {text}", error.detail)),
        (other, text) => panic!("{other:?}\n{text}"),
    }
}

async fn assert_clean(bench: &Bench) {
    bench.runtime.cleanup(&Needed::default()).await.unwrap();
    bench.assert_nothing_left();
}

#[tokio::test]
async fn a_dockerfile_project_is_built_run_and_collected() {
    let bench = Bench::new().await;
    let dockerfile = "ARG V=22\nFROM node:${V}-bookworm-slim AS build\nARG GREETING\nRUN echo $GREETING > /greeting\n\
                      FROM node:22-bookworm-slim\nCOPY --from=build /greeting /greeting\nCOPY . /srv\nEXPOSE 8080\nUSER 0\n\
                      HEALTHCHECK CMD forkbomb\nSTOPSIGNAL SIGCONT\nVOLUME /cache\nENV GREETING=image\nCMD [\"node\", \"/srv/server.js\"]\n";
    let mut wanted = image(
        &bench,
        &[
            ("Dockerfile", dockerfile),
            ("server.js", SERVER),
            ("secret.txt", "no"),
            (".dockerignore", "secret.txt"),
        ],
    );
    wanted
        .args
        .insert("GREETING".to_owned(), "hello from an argument".to_owned());
    wanted.args.insert("UNUSED".to_owned(), "x".to_owned());
    let (built, text) = built(&bench, wanted.clone()).await;
    assert!(
        text.contains("Building Dockerfile with the engine's builder") && text.contains("COPY --from=build"),
        "{text}"
    );
    assert_eq!(built.exposed_port, Some(8080));
    assert!(built.size_bytes > 50_000_000);
    let mut app = bench.app("", None);
    app.project_id = wanted.project_id;
    app.container.image = Some(built.id.clone());
    app.container.port = built.exposed_port;
    app.env.insert("GREETING".to_owned(), "input 66".to_owned());
    let handle = bench.runtime.start_app(app).await.unwrap();
    bench.wait_for_line(handle.instance_id, "up").await;
    // USER 0 does not count (input 62), and variables win over ENV.
    assert!(
        get_when_ready(handle.address, "/")
            .await
            .ends_with("uid 10001 input 66")
    );
    let show = |what: &str| {
        docker(
            &bench.settings.socket,
            &["run", "--rm", "--entrypoint", "sh", &built.id, "-c", what],
        )
    };
    assert_eq!(
        show("cat /greeting; ls /srv").trim(),
        "hello from an argument\nDockerfile\nserver.js"
    );
    let stopping = Instant::now();
    bench
        .runtime
        .stop_app(handle.instance_id, Duration::from_secs(2))
        .await
        .unwrap();
    assert!(stopping.elapsed() < Duration::from_secs(6));
    let needed = Needed {
        images: [wanted.deployment_id].into(),
        ..Needed::default()
    };
    assert_eq!(bench.runtime.cleanup(&needed).await.unwrap().images, 0);
    docker(&bench.settings.socket, &["image", "inspect", &built.id]);
    assert!(bench.runtime.cleanup(&Needed::default()).await.unwrap().images >= 1);
    assert_clean(&bench).await;
    docker(
        &bench.settings.socket,
        &["image", "inspect", docker_support::NODE],
    );
}

/// The template of this kind, deployed as its users get it; `tests/templates.rs` has the others.
#[tokio::test]
async fn the_dockerfile_template_is_built_and_answers() {
    let bench = Bench::new().await;
    let wanted = image(&bench, &[]);
    let template = aether_templates::template("dockerfile").unwrap();
    template.write_to(&wanted.context).unwrap();
    let (built, _) = built(&bench, wanted.clone()).await;
    let mut app = bench.app("", None);
    app.project_id = wanted.project_id;
    app.container.image = Some(built.id.clone());
    app.container.port = built.exposed_port;
    let handle = bench.runtime.start_app(app).await.unwrap();
    let page = get_when_ready(handle.address, "/").await;
    assert!(page.contains("<h1>Dockerfile</h1>"), "{page}");
    bench
        .runtime
        .stop_app(handle.instance_id, Duration::from_secs(2))
        .await
        .unwrap();
    assert_clean(&bench).await;
}

#[tokio::test]
async fn buildkit_takes_what_only_it_can_and_secrets_stay_out_of_the_image() {
    let bench = Bench::new().await;
    let dockerfile = "# syntax=docker/dockerfile:1\nFROM debian:bookworm-slim\n\
                      RUN --mount=type=secret,id=TOKEN wc -c < /run/secrets/TOKEN > /length && echo stepped\n\
                      RUN --mount=type=cache,target=/cache echo here > /cache/x && cp /cache/x /doc\nCMD cat /length /doc\n";
    let mut wanted = image(&bench, &[("Dockerfile", dockerfile)]);
    wanted
        .secrets
        .insert("TOKEN".to_owned(), "canary-of-input-61".to_owned());
    let (built, text) = built(&bench, wanted).await;
    assert!(
        text.contains("with BuildKit") && text.contains("stepped"),
        "{text}"
    );
    let run = docker(&bench.settings.socket, &["run", "--rm", &built.id]);
    assert_eq!(run.trim(), "18\nhere");
    let history = docker(&bench.settings.socket, &["history", "--no-trunc", &built.id]);
    let shown = docker(&bench.settings.socket, &["image", "inspect", &built.id]);
    assert!(!history.contains("canary") && !shown.contains("canary") && !text.contains("canary"));
    assert_clean(&bench).await;
}

#[tokio::test]
async fn steps_of_buildkit_outlive_a_clean_up() {
    let bench = Bench::new().await;
    let dockerfile = format!(
        "FROM debian:bookworm-slim\nRUN --mount=type=cache,target=/c date +%s%N > /{0}\nCMD cat /{0}\n",
        rand::random::<u32>()
    );
    let mut stamps = Vec::new();
    for _ in 0..2 {
        let (built, _) = built(&bench, image(&bench, &[("Dockerfile", &dockerfile)])).await;
        stamps.push(docker(&bench.settings.socket, &["run", "--rm", &built.id]));
        assert_clean(&bench).await;
    }
    assert_eq!(stamps[0], stamps[1], "the step was run again");
}

#[tokio::test]
async fn a_step_that_fails_is_told_by_both_builders() {
    let bench = Bench::new().await;
    for (flag, builder) in [
        ("", "engine's builder"),
        ("--mount=type=cache,target=/c ", "BuildKit"),
    ] {
        let dockerfile = format!(
            "FROM debian:bookworm-slim\nRUN {flag}echo before && ls /nowhere-{} && echo after\nCMD x\n",
            rand::random::<u32>()
        );
        let (code, text) = failure(&bench, image(&bench, &[("Dockerfile", &dockerfile)])).await;
        assert_eq!(code, "image_build_failed");
        assert!(
            text.contains(builder) && text.contains("before\n") && text.contains("No such file"),
            "{text}"
        );
    }
    assert_clean(&bench).await;
}

/// Builds each Dockerfile, which must fail with its code.
async fn assert_fails(bench: &Bench, cases: &[(&str, &str)]) {
    for (dockerfile, code) in cases {
        let (found, text) = failure(bench, image(bench, &[("Dockerfile", dockerfile)])).await;
        assert_eq!(found, *code, "{dockerfile}: {text}");
    }
    assert_clean(bench).await;
}

#[tokio::test]
async fn input_59_foreign_bases_and_frontends_are_refused() {
    let bench = Bench::new().await;
    let cases = [
        ("FROM scratch\nCOPY . /\n", "image_without_command"),
        ("FROM host:5000/x\n", "dockerfile_refused"),
        ("FROM 127.0.0.1/x\n", "dockerfile_refused"),
        ("FROM localhost/x\n", "dockerfile_refused"),
        ("ARG R=169.254.169.254\nFROM ${R}/x\n", "dockerfile_refused"),
        (
            "FROM debian:bookworm-slim\nCOPY --from=10.0.0.1/x / /x\n",
            "dockerfile_refused",
        ),
        (
            "# syntax=evil/x\nFROM debian:bookworm-slim\n",
            "dockerfile_refused",
        ),
    ];
    assert_fails(&bench, &cases).await;
}

#[tokio::test]
async fn input_60_flags_that_open_the_sandbox_are_refused() {
    let bench = Bench::new().await;
    for flag in [
        "RUN --security=insecure id",
        "RUN --network=host id",
        "RUN --mount=type=ssh id",
        "RUN --mount=type=bind,from=node:22-bookworm-slim,target=/x id",
        "RUN --device=/dev/kvm id",
        "ONBUILD RUN --network=host id",
        "RUN cat <<EOF\nRUN --network=host x\nEOF",
    ] {
        let dockerfile = format!("FROM debian:bookworm-slim\n{flag}\nCMD x\n");
        assert_fails(&bench, &[(&dockerfile, "dockerfile_refused")]).await;
    }
}

#[tokio::test]
async fn input_61_ways_out_of_the_build_are_refused_or_contained() {
    let bench = Bench::new().await;
    let cases = [
        (
            "FROM debian:bookworm-slim\nADD http://169.254.169.254/ /x\n",
            "dockerfile_refused",
        ),
        (
            "FROM debian:bookworm-slim\nWORKDIR /proc/self/fd/8\nCMD x\n",
            "dockerfile_refused",
        ),
        (
            "FROM debian:bookworm-slim\nENV D=/proc/self\nWORKDIR $D\nCMD x\n",
            "dockerfile_refused",
        ),
        (
            "FROM debian:bookworm-slim\nCOPY ../.. /x\nCMD x\n",
            "image_build_failed",
        ),
    ];
    assert_fails(&bench, &cases).await;

    // A context of 5 GB, which takes no disk here.
    let large = image(
        &bench,
        &[("Dockerfile", "FROM debian:bookworm-slim\nCOPY . /x\nCMD x\n")],
    );
    let file = std::fs::File::create(large.context.join("large")).unwrap();
    file.set_len(5 << 30).unwrap();
    assert_eq!(failure(&bench, large).await.0, "build_context_too_large");

    // An archive that is unpacked to more than an image may have.
    let mut bomb = image(
        &bench,
        &[(
            "Dockerfile",
            "FROM debian:bookworm-slim\nADD bomb.tar.gz /\nCMD x\n",
        )],
    );
    let make = "truncate -s 600M zeros && tar -czf bomb.tar.gz zeros && rm zeros";
    let made = std::process::Command::new("sh")
        .args(["-c", make])
        .current_dir(&bomb.context)
        .status();
    assert!(made.unwrap().success());
    bomb.limits.disk_mb = 512;
    assert_eq!(failure(&bench, bomb).await.0, "image_too_large");

    let layers = format!(
        "FROM debian:bookworm-slim\n{}CMD x\n",
        "COPY Dockerfile /x\n".repeat(500)
    );
    let mut layers = image(&bench, &[("Dockerfile", &layers)]);
    layers.timeout = Duration::from_secs(120);
    let (code, text) = failure(&bench, layers).await;
    assert!(
        code == "image_build_failed" && text.contains("max depth"),
        "{code}: {text}"
    );
    assert_clean(&bench).await;
}

#[tokio::test]
async fn input_61_a_secret_is_no_argument_and_in_no_layer() {
    let bench = Bench::new().await;
    let dockerfile = "FROM debian:bookworm-slim\nARG TOKEN\nARG PLAIN\nRUN echo \"token [$TOKEN] plain [$PLAIN]\" > /said\nCMD cat /said\n";
    let mut wanted = image(&bench, &[("Dockerfile", dockerfile)]);
    wanted
        .secrets
        .insert("TOKEN".to_owned(), "canary-of-input-61".to_owned());
    wanted.args.insert("PLAIN".to_owned(), "visible".to_owned());
    let (built, text) = built(&bench, wanted).await;
    assert!(text.contains("Warning: TOKEN is a secret"), "{text}");
    let run = docker(&bench.settings.socket, &["run", "--rm", &built.id]);
    assert_eq!(run.trim(), "token [] plain [visible]");
    let history = docker(&bench.settings.socket, &["history", "--no-trunc", &built.id]);
    assert!(
        history.contains("PLAIN=visible") && !history.contains("canary"),
        "{history}"
    );
    assert_clean(&bench).await;
}

#[tokio::test]
async fn input_62_what_an_image_says_of_itself_gives_way_to_the_runtime() {
    let bench = Bench::new().await;
    assert_fails(
        &bench,
        &[(
            "FROM debian:bookworm-slim\nVOLUME /\nCMD x\n",
            "dockerfile_refused",
        )],
    )
    .await;
    let dockerfile = "FROM debian:bookworm-slim\nUSER 0\nEXPOSE 22\nSTOPSIGNAL SIGCONT\nVOLUME /cache\n\
                      HEALTHCHECK --interval=1s CMD f() { f | f & }; f; touch /tmp/checked\n\
                      ENTRYPOINT [\"sh\", \"-c\", \"trap '' TERM; id -u; ls /tmp; echo up; while :; do sleep 1; ls /tmp; done\"]\n";
    let (built, _) = built(&bench, image(&bench, &[("Dockerfile", dockerfile)])).await;
    let mut app = bench.app("", None);
    app.container.image = Some(built.id.clone());
    let handle = bench.runtime.start_app(app).await.unwrap();
    bench.wait_for_line(handle.instance_id, "up").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let lines = bench.wait_for_line(handle.instance_id, "up").await;
    assert_eq!(lines[0], "10001", "USER 0 is another account's");
    assert!(
        !lines.contains(&"checked".to_owned()),
        "the image's own check does not run: {lines:?}"
    );
    let filter = format!("label=aether.owner={}", bench.settings.owner);
    let id = docker(&bench.settings.socket, &["ps", "-q", "--filter", &filter]);
    let format = "{{.HostConfig.Privileged}} {{.HostConfig.PortBindings}} {{.State.Health}}";
    let shown = docker(
        &bench.settings.socket,
        &["inspect", "--format", format, id.trim()],
    );
    assert_eq!(shown.trim(), "false map[] <nil>");
    // It ignores TERM, and its own stop signal ends nothing: it is killed when the grace is over.
    let stopping = Instant::now();
    bench
        .runtime
        .stop_app(handle.instance_id, Duration::from_secs(2))
        .await
        .unwrap();
    let took = stopping.elapsed();
    assert!(
        took > Duration::from_millis(1900) && took < Duration::from_secs(6),
        "{took:?}"
    );
    assert_clean(&bench).await;
}

#[tokio::test]
async fn limits_hold_while_an_image_is_built() {
    let bench = Bench::new().await;
    let mut hungry = image(
        &bench,
        &[(
            "Dockerfile",
            "FROM node:22-bookworm-slim\nRUN node -e 'const a=[];for(;;)a.push(Buffer.alloc(8e6,1))'\nCMD x\n",
        )],
    );
    hungry.limits.memory_mb = 128;
    assert_eq!(failure(&bench, hungry).await.0, "build_out_of_memory");
    for flag in ["", "--mount=type=cache,target=/c "] {
        let mut endless = image(
            &bench,
            &[(
                "Dockerfile",
                &format!(
                    "FROM debian:bookworm-slim\nRUN {flag}sleep 599.{}\nCMD x\n",
                    rand::random::<u16>()
                ),
            )],
        );
        endless.timeout = Duration::from_secs(4);
        let started = Instant::now();
        assert_eq!(failure(&bench, endless).await.0, "build_timed_out");
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "{:?}",
            started.elapsed()
        );
    }
    let mut large = image(&bench, &[("Dockerfile", "FROM debian:bookworm-slim\nCMD x\n")]);
    large.limits.disk_mb = 16;
    assert_eq!(failure(&bench, large).await.0, "image_too_large");
    assert_clean(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a9_steps_of_both_builders_reach_nothing_of_this_machine() {
    let bench = Bench::new().await;
    let host = HostServices::start().await;
    let targets = host.targets(&[]);
    for (flag, who) in [
        ("", "a step of the engine's builder"),
        ("--mount=type=cache,target=/c ", "a step of BuildKit"),
    ] {
        let dockerfile = format!(
            "FROM node:22-bookworm-slim\nCOPY scan.js targets.txt /\nRUN {flag}node /scan.js && echo {}\nCMD x\n",
            rand::random::<u32>()
        );
        let wanted = image(&bench, &[("Dockerfile", &dockerfile)]);
        put_scan(&wanted.context, &targets);
        let (_, text) = built(&bench, wanted).await;
        Findings::read(who, &targets, &text).assert_nothing_answered();
    }
    assert_clean(&bench).await;
}

#[tokio::test]
async fn buildkit_is_the_operators_choice() {
    let bench = Bench::with(|settings| settings.buildkit = BuildKitMode::Never).await;
    let wanted = image(
        &bench,
        &[(
            "Dockerfile",
            "FROM debian:bookworm-slim\nRUN --mount=type=cache,target=/c true\nCMD x\n",
        )],
    );
    assert_eq!(failure(&bench, wanted).await.0, "buildkit_disabled");
    assert_clean(&bench).await;
}

#[tokio::test]
async fn f34_an_image_build_is_cancelled() {
    let bench = Bench::new().await;
    let cancel = CancellationToken::new();
    let (sink, mut lines) = tokio::sync::mpsc::channel(64);
    let wanted = image(
        &bench,
        &[(
            "Dockerfile",
            "FROM debian:bookworm-slim\nRUN echo begun && sleep 600\nCMD x\n",
        )],
    );
    let runtime = bench.runtime.clone();
    let token = cancel.clone();
    let build = tokio::spawn(async move { runtime.build_image(wanted, sink, token).await });
    while lines.recv().await.unwrap().1 != "begun" {}
    let asked = Instant::now();
    cancel.cancel();
    assert_eq!(build.await.unwrap().unwrap(), ImageReport::Cancelled);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert_clean(&bench).await;
}
