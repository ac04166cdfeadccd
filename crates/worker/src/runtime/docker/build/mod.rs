//! One command of a build in a container of its own: image, network, container, output, verdict, and the container gone.
//! The commands of one build share a home, a `/tmp` and a network, which go when the build is over.

mod output;
mod verdict;

use std::collections::BTreeMap;
use std::path::PathBuf;

use aether_models::DeploymentId;
use bollard::models::{ContainerCreateBody, HostConfigLogConfig, Mount, RestartPolicyNameEnum};
use bollard::query_parameters::{AttachContainerOptionsBuilder, CreateContainerOptionsBuilder};
use tokio_util::sync::CancellationToken;

use self::output::Transcript;
use self::verdict::End;
use super::DockerRuntime;
use super::container::{Confinement, Disposable, bind, exit_code};
use super::engine::EngineError;
use super::folder::{self, HOME};
use super::labels;
use super::network::NetworkOf;
use super::pull::ensure_image;
use super::stack::image_for;
use crate::runtime::process::disk::DiskWatch;
use crate::runtime::process::limits::Exceeded;
use crate::runtime::{BuildCommand, ExitReport, OutputSink, RuntimeError, WORKSPACE};

/// Reads the variables, runs the command as a child, and then says how often the kernel refused a process or ended
/// one for memory. The counters are read without starting a process, of which there may be none left. Arguments: the
/// word that marks the report, the user's command.
const RUNNER: &str = r#". /.aether.env
/bin/sh -c "$2"
code=$?
refused=0 killed=0
for file in /sys/fs/cgroup/pids.events /sys/fs/cgroup/pids/pids.events; do
  [ -r "$file" ] && while read -r key count; do [ "$key" = max ] && refused=$count; done <"$file"
done
for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
  [ -r "$file" ] && while read -r key count; do [ "$key" = oom_kill ] && killed=$count; done <"$file"
done
printf '\n%s %s %s\n' "$1" "$refused" "$killed" >&2
exit "$code"
"#;

/// A build whose container is there.
struct Running<'a> {
    runtime: &'a DockerRuntime,
    command: &'a BuildCommand,
    name: String,
    /// Its home and its `/tmp`, on disk: installers unpack gigabytes there.
    scratch: PathBuf,
    marker: String,
}

impl DockerRuntime {
    pub(super) async fn build_command(
        &self,
        command: BuildCommand,
        output: OutputSink,
        cancel: CancellationToken,
    ) -> Result<ExitReport, RuntimeError> {
        let image = image_for(command.stack.as_ref(), &self.settings.images)?;
        let pulled = ensure_image(&self.engine, &image, self.settings.pull_timeout, Some(&output));
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(ExitReport::Cancelled),
            pulled = pulled => pulled?,
        }
        self.firewall.ensure(&self.engine).await?;
        let of = NetworkOf::Build(command.deployment_id);
        let network = self.networks.ensure(&self.engine, of).await?;
        let prefix = self.build_prefix(command.deployment_id);
        let name = format!("{prefix}{:08x}", rand::random::<u32>());
        let scratch = self
            .scratch_folder()
            .join(command.deployment_id.uuid().to_string());
        let running = Running {
            runtime: self,
            command: &command,
            name,
            scratch,
            marker: marker(),
        };
        let report = running.run(&image, &network.name, output, cancel).await;
        self.env_files.forget(&running.name);
        report
    }

    /// How the names of a build's containers begin.
    pub(super) fn build_prefix(&self, deployment: DeploymentId) -> String {
        format!("{}-build-{}-", self.settings.owner, deployment.uuid().simple())
    }

    /// Removes what the commands of one build shared: home, `/tmp`, network.
    pub(super) async fn end_of_build(&self, deployment: DeploymentId) -> Result<(), RuntimeError> {
        folder::remove(self.scratch_folder().join(deployment.uuid().to_string())).await;
        self.networks
            .remove_with_members(&self.engine, NetworkOf::Build(deployment))
            .await
    }
}

impl Running<'_> {
    async fn run(
        &self,
        image: &str,
        network: &str,
        output: OutputSink,
        cancel: CancellationToken,
    ) -> Result<ExitReport, RuntimeError> {
        let user = self.runtime.settings.user();
        for folder in ["home", "tmp"] {
            folder::make_private(&self.scratch.join(folder), user)?;
        }
        for path in
            std::iter::once(&self.command.workspace).chain(self.command.caches.iter().map(|cache| &cache.0))
        {
            folder::give(path.clone(), user, false).await?;
        }
        let body = self.body(image, network)?;
        let engine = &self.runtime.engine;
        let options = CreateContainerOptionsBuilder::new().name(&self.name).build();
        engine
            .call("making a build container", |docker| {
                docker.create_container(Some(options), body)
            })
            .await?;
        let container = Disposable::new(engine, &self.name);
        let end = self.watch(output, cancel).await;
        let killed_for_memory = match &end {
            Ok(End::Exited { .. }) => self.killed_for_memory().await,
            _ => false,
        };
        // With an engine in trouble, the removal is tried in the background and again by the clean-up.
        let end = end?;
        container.remove().await?;
        Ok(verdict::judge(end, killed_for_memory, self.command))
    }

    /// Starts it and follows it to its end, whoever brings that about.
    async fn watch(&self, output: OutputSink, cancel: CancellationToken) -> Result<End, EngineError> {
        let engine = &self.runtime.engine;
        let name = self.name.as_str();
        let attach = AttachContainerOptionsBuilder::new()
            .stream(true)
            .stdout(true)
            .stderr(true)
            .build();
        let attached = engine
            .call("attaching to a build", |docker| {
                docker.attach_container(name, Some(attach))
            })
            .await?;
        engine
            .call("starting a build", |docker| docker.start_container(name, None))
            .await?;
        let transcript = Transcript::new(output, self.marker.clone());
        let follow = async {
            let transcript = transcript.follow(attached.output).await?;
            let code = exit_code(engine, name).await?;
            Ok(End::Exited {
                code,
                facts: transcript,
            })
        };
        let caches = self.command.caches.iter().map(|cache| cache.0.clone()).collect();
        let disk = DiskWatch::new(
            vec![self.command.workspace.clone(), self.scratch.clone()],
            caches,
            self.command.limits.disk_mb,
        );
        tokio::select! {
            biased;
            () = cancel.cancelled() => Ok(End::Cancelled),
            end = follow => end,
            () = tokio::time::sleep(self.command.timeout) => Ok(End::Stopped(Exceeded::Time)),
            exceeded = disk.exceeded() => Ok(End::Stopped(exceeded)),
            error = self.runtime.engine_lost() => Err(error),
        }
    }

    async fn killed_for_memory(&self) -> bool {
        let inspected = self
            .runtime
            .engine
            .call("looking at a build", |docker| {
                docker.inspect_container(&self.name, None)
            })
            .await;
        inspected
            .ok()
            .and_then(|container| container.state?.oom_killed)
            .unwrap_or(false)
    }

    fn body(&self, image: &str, network: &str) -> Result<ContainerCreateBody, RuntimeError> {
        let settings = &self.runtime.settings;
        let user = settings.user();
        let deployment = self.command.deployment_id.uuid().to_string();
        let limits = self.command.limits;
        let words = ["-c", RUNNER, "build", &self.marker, &self.command.script];
        let confinement = Confinement {
            limits,
            facts: &self.runtime.engine.facts,
            network,
            mounts: self.mounts()?,
            tmpfs: Vec::new(),
            // Its lines are in the deployment's log; the engine keeps no copy.
            log: HostConfigLogConfig {
                typ: Some("none".to_owned()),
                config: None,
            },
            restart: RestartPolicyNameEnum::NO,
        };
        Ok(ContainerCreateBody {
            image: Some(image.to_owned()),
            user: Some(format!("{}:{}", user.uid, user.gid)),
            entrypoint: Some(vec!["/bin/sh".to_owned()]),
            cmd: Some(words.map(str::to_owned).into()),
            working_dir: Some(inside(&self.command.directory)),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            labels: Some(labels::labels(
                &settings.owner,
                labels::BUILD,
                &[(labels::DEPLOYMENT, deployment)],
            )),
            host_config: Some(settings.with_dns(confinement.host_config())),
            ..ContainerCreateBody::default()
        })
    }

    fn mounts(&self) -> Result<Vec<Mount>, RuntimeError> {
        let settings = &self.runtime.settings;
        let mut mounts = vec![
            bind(&self.command.workspace, WORKSPACE, false),
            bind(&self.scratch.join("home"), HOME, false),
            bind(&self.scratch.join("tmp"), "/tmp", false),
        ];
        mounts.extend(
            self.command
                .caches
                .iter()
                .map(|(source, target)| bind(source, target, false)),
        );
        mounts.extend(
            settings
                .build_access
                .files
                .iter()
                .map(|(source, target)| bind(source, target, true)),
        );
        mounts.extend(folder::account_files(
            &settings.data_dir.join("docker"),
            settings.user(),
        )?);
        mounts.push(self.runtime.env_files.write(&self.name, &self.environment())?);
        Ok(mounts)
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let own = [
            ("HOME", HOME),
            ("USER", "aether"),
            ("TMPDIR", "/tmp"),
            ("CI", "true"),
        ];
        let mut env: BTreeMap<String, String> = own
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        env.extend(self.runtime.settings.build_access.env.clone());
        env.extend(self.command.env.clone());
        env
    }
}

/// A folder of the working tree as it is seen inside.
pub(super) fn inside(directory: &str) -> String {
    match directory.trim_matches('/') {
        "" | "." => WORKSPACE.to_owned(),
        directory => format!("{WORKSPACE}/{directory}"),
    }
}

/// Marks the runner's report; a command cannot know it before it runs.
fn marker() -> String {
    format!("aether-{:032x}", rand::random::<u128>())
}
