//! What a build sees and may do inside the sandbox of the process runtime.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

mod runtime_support;

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use aether_worker::runtime::{
    ExitReport, HostAccess, ProcessRuntime, ProcessRuntimeSettings, Runtime, RuntimeError,
};
use runtime_support::{Setup, eventually, processes_with, text};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn input_54_a_build_sees_nothing_of_the_machine_but_its_own_folders() {
    let setup = Setup::new().await;
    let other = setup.workspace().await;
    std::fs::write(other.join("secret"), "canary").unwrap();
    let script = format!(
        "for path in /root /work /srv /sys /boot /mnt /etc/shadow /etc/ssh /var/run/docker.sock /run/docker.sock \
         /var/lib {other} {data}; do [ -e \"$path\" ] && echo \"sees $path\"; done; \
         ls -A /; echo --; ls -A /home /var /cache 2>/dev/null",
        other = other.display(),
        data = setup.folder.path().display(),
    );
    let (report, output) = setup.run(&script).await;
    assert_eq!(report, ExitReport::Exited(2), "/cache does not exist here");
    let lines = text(&output);
    let top: BTreeSet<&str> = lines.iter().take_while(|line| **line != "--").copied().collect();
    let allowed = BTreeSet::from([
        "bin",
        "dev",
        "etc",
        "home",
        "lib",
        "lib32",
        "lib64",
        "libx32",
        "proc",
        "run",
        "sbin",
        "tmp",
        "usr",
        "var",
        "workspace",
    ]);
    assert!(top.is_subset(&allowed), "{top:?}");
    assert!(top.contains("workspace"));
}

#[tokio::test]
async fn a12_a_build_has_no_capabilities_and_cannot_gain_any() {
    let setup = Setup::new().await;
    let (_, output) = setup.run("cat /proc/self/status; id -u").await;
    let lines = text(&output);
    for expected in [
        "CapInh:\t0000000000000000",
        "CapPrm:\t0000000000000000",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        "1000",
    ] {
        assert!(lines.contains(&expected), "{expected:?} is missing in {lines:#?}");
    }
}

#[tokio::test]
async fn a12_dangerous_system_calls_are_refused() {
    let setup = Setup::new().await;
    let (_, output) = setup
        .run(
            "for what in -U -m -p -n; do unshare $what true 2>/dev/null && echo \"unshare $what worked\"; done; \
             mount -t tmpfs none /tmp 2>/dev/null && echo mount worked; \
             dmesg >/dev/null 2>&1 && echo dmesg worked; echo done",
        )
        .await;
    assert_eq!(text(&output), ["done"]);
}

/// By number, because no common tool makes these calls: EPERM is 1, ENOSYS is 38.
#[cfg(target_arch = "x86_64")]
#[tokio::test]
async fn a12_system_calls_without_a_tool_are_refused() {
    let setup = Setup::new().await;
    let call = |name: &str, number: i64, arguments: &str| {
        format!("perl -e 'my $r = syscall({number}{arguments}); print \"{name} $r \", $!+0, \"\\n\"'; ")
    };
    let script = [
        call("keyctl", 250, ", 0, -3, 0"),
        call("bpf", 321, ", 0, 0, 0"),
        call("perf_event_open", 298, ", 0, 0, 0, 0, 0"),
        call("ptrace", 101, ", 0, 0, 0, 0"),
        call("vsock", 41, ", 40, 1, 0"),
        call("clone3", 435, ", 0, 0"),
        call("io_uring_setup", 425, ", 1, 0"),
        call("clone_newuser", 56, ", 0x10000011, 0, 0, 0, 0"),
        call("x32_getpid", 0x4000_0000 + 39, ""),
        call("inet_socket", 41, ", 2, 1, 0"),
    ]
    .concat();
    let (_, output) = setup.run(&script).await;
    assert_eq!(
        text(&output),
        [
            "keyctl -1 1",
            "bpf -1 1",
            "perf_event_open -1 1",
            "ptrace -1 1",
            "vsock -1 1",
            "clone3 -1 38",
            "io_uring_setup -1 38",
            "clone_newuser -1 1",
            "x32_getpid -1 38",
            "inet_socket 3 0",
        ]
    );
}

#[tokio::test]
async fn a_build_has_the_given_environment_and_no_other() {
    let setup = Setup::with(|settings| {
        settings
            .build_access
            .env
            .insert("MIRROR".to_owned(), "inside".to_owned());
    })
    .await;
    let mut command = setup.command("env").await;
    command.env.insert("GIVEN".to_owned(), "value".to_owned());
    let (_, output) = setup
        .run_command(command, CancellationToken::new())
        .await
        .unwrap();
    let names: BTreeSet<&str> = text(&output)
        .iter()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .collect();
    let expected = [
        "CI", "GIVEN", "HOME", "LANG", "MIRROR", "PATH", "PWD", "TMPDIR", "USER",
    ];
    assert_eq!(names, BTreeSet::from(expected));
}

#[tokio::test]
async fn input_64_values_arrive_byte_for_byte() {
    let setup = Setup::new().await;
    let values = [
        "line\nline",
        "quote \" ' ` $HOME $(id) \\",
        "ünï ☃",
        "",
        "x".repeat(100_000).leak(),
    ];
    for value in values {
        let mut command = setup
            .command("printf %s \"$VALUE\" > value; printf %s \"$value\" > lower")
            .await;
        command.env.insert("VALUE".to_owned(), value.to_owned());
        command.env.insert("value".to_owned(), "lower".to_owned());
        let workspace = command.workspace.clone();
        let (report, _) = setup
            .run_command(command, CancellationToken::new())
            .await
            .unwrap();
        assert_eq!(report, ExitReport::Exited(0));
        assert_eq!(std::fs::read_to_string(workspace.join("value")).unwrap(), value);
        assert_eq!(std::fs::read_to_string(workspace.join("lower")).unwrap(), "lower");
    }
}

#[tokio::test]
async fn input_66_values_of_the_environment_are_in_no_command_line() {
    let setup = Setup::new().await;
    let mut command = setup
        .command("echo started; while [ ! -e go ]; do sleep 0.05; done")
        .await;
    command
        .env
        .insert("TOKEN".to_owned(), "canary-value-of-the-environment".to_owned());
    let workspace = command.workspace.clone();
    let marker = workspace.join("go");
    let look = async {
        eventually("the script", || async {
            (!processes_with("while [ ! -e go ]").is_empty()).then_some(())
        })
        .await;
        let found = processes_with("canary-value");
        std::fs::write(marker, "").unwrap();
        found
    };
    let (outcome, found) = tokio::join!(setup.run_command(command, CancellationToken::new()), look);
    assert_eq!(outcome.unwrap().0, ExitReport::Exited(0));
    assert_eq!(found, Vec::<i32>::new());
}

#[tokio::test]
async fn a_build_writes_its_workspace_and_caches_and_nothing_else() {
    let setup = Setup::new().await;
    let cache = setup.workspace().await;
    let mut command = setup
        .command("touch made /cache/npm/made; for path in / /usr /etc /bin /workspace/..; do touch $path/x 2>/dev/null && echo wrote $path; done; true")
        .await;
    command.caches = vec![(cache.clone(), "/cache/npm".to_owned())];
    let workspace = command.workspace.clone();
    let (report, output) = setup
        .run_command(command, CancellationToken::new())
        .await
        .unwrap();
    assert_eq!((report, text(&output)), (ExitReport::Exited(0), vec![]));
    let made = std::fs::metadata(workspace.join("made")).unwrap();
    assert!(cache.join("made").exists());
    assert_eq!(made.uid(), std::fs::metadata(&workspace).unwrap().uid());
    if nix::unistd::Uid::effective().is_root() {
        assert_ne!(made.uid(), 0, "root's builds run as another account");
    }
}

#[tokio::test]
async fn the_home_folder_lives_as_long_as_the_build() {
    let setup = Setup::new().await;
    let mut command = setup.command("echo tool > ~/tool; echo $HOME").await;
    let (_, output) = setup
        .run_command(command.clone(), CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(text(&output), ["/home/aether"]);
    command.script = "cat ~/tool; mkdir -p ~/locked/in; chmod 0 ~/locked".to_owned();
    let (_, output) = setup
        .run_command(command.clone(), CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(text(&output), ["tool"]);
    setup.runtime.end_build(command.deployment_id).await.unwrap();
    assert_eq!(
        std::fs::read_dir(setup.folder.path().join("run/builds"))
            .unwrap()
            .count(),
        0
    );
    command.script = "cat ~/tool".to_owned();
    let (report, _) = setup
        .run_command(command, CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(report, ExitReport::Exited(1));
}

#[tokio::test]
async fn configuration_of_the_machine_is_mounted_read_only_where_the_operator_says() {
    let folder = tempfile::tempdir().unwrap();
    let npmrc = folder.path().join("npmrc");
    std::fs::write(&npmrc, "registry=somewhere\n").unwrap();
    let tools = folder.path().join("tools");
    std::fs::create_dir(&tools).unwrap();
    std::os::unix::fs::symlink("/bin/echo", tools.join("say")).unwrap();
    let setup = Setup::with(|settings| {
        settings.build_access = HostAccess {
            files: vec![(npmrc.clone(), "/home/aether/.npmrc".to_owned())],
            ..HostAccess::default()
        };
        settings.extra_read_only = vec![tools.clone()];
        settings.toolchain_path = vec![tools.clone()];
    })
    .await;
    let (_, output) = setup
        .run("cat ~/.npmrc; { echo x > ~/.npmrc; } 2>/dev/null || echo read-only; say hello")
        .await;
    assert_eq!(text(&output), ["registry=somewhere", "read-only", "hello"]);
}

#[tokio::test]
async fn input_49_a_directory_outside_the_workspace_is_refused() {
    let setup = Setup::new().await;
    let mut command = setup.command("pwd").await;
    command.directory = "../..".to_owned();
    let error = setup
        .run_command(command, CancellationToken::new())
        .await
        .unwrap_err();
    assert!(matches!(error, RuntimeError::User(error) if error.code == "directory_outside_repository"));
}

#[tokio::test]
async fn input_48_a_link_in_the_workspace_leads_nowhere_on_the_machine() {
    let setup = Setup::new().await;
    let mut command = setup.command("pwd").await;
    std::os::unix::fs::symlink(setup.folder.path(), command.workspace.join("out")).unwrap();
    command.directory = "out".to_owned();
    let error = setup
        .run_command(command, CancellationToken::new())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("sandbox did not start"), "{error}");
}

#[tokio::test]
async fn a_machine_that_cannot_make_sandboxes_is_found_out_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = ProcessRuntimeSettings::new(folder.path());
    settings.executable = "/bin/false".into();
    let error = ProcessRuntime::new(settings).await.unwrap_err();
    let RuntimeError::User(error) = error else {
        panic!("{error}")
    };
    assert_eq!(error.code, "sandbox_unavailable");
}

#[tokio::test]
async fn the_report_says_what_isolates() {
    let setup = Setup::new().await;
    let report = setup.runtime.report();
    assert!(report.seccomp);
    assert!(report.lines()[0].contains(&report.bubblewrap));
    assert!(report.notes[0].contains("share this machine's network"));
    let without = Setup::with(|settings| settings.use_cgroups = false).await;
    assert!(without.runtime.report().lines()[1].contains("memory by limits of each process"));
}

/// The parent of a sandbox is a thread (PR_SET_PDEATHSIG): one of tokio's that ends must not take the build with it.
#[test]
fn a_build_outlives_the_thread_that_asked_for_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_keep_alive(Duration::from_millis(1))
        .enable_all()
        .build()
        .unwrap();
    let report = runtime.block_on(async {
        let setup = Setup::new().await;
        let command = setup.command("sleep 1; echo alive").await;
        let handle = tokio::runtime::Handle::current();
        // Polled first on a thread of the blocking pool, which ends right after.
        let started = tokio::task::spawn_blocking(move || {
            let (sink, lines) = tokio::sync::mpsc::channel(16);
            let mut build = Box::pin(async move {
                let report = setup
                    .runtime
                    .run_build(command, sink, CancellationToken::new())
                    .await;
                (report, setup)
            });
            handle.block_on(async {
                let _ = tokio::time::timeout(Duration::from_millis(300), &mut build).await;
            });
            (build, lines)
        });
        let (build, mut lines) = started.await.unwrap();
        let (report, _setup) = build.await;
        assert_eq!(lines.recv().await.unwrap().1, "alive");
        report.unwrap()
    });
    assert_eq!(report, ExitReport::Exited(0));
}
