//! Images of Dockerfile projects, built by the engine.
//!
//! The Dockerfile is read first: what would reach outside of the build is refused, and it is decided which builder takes
//! it. The classic builder is given limits and the build's own network; BuildKit takes what only BuildKit can, within
//! what the packet filter leaves of the default bridge. Secrets are handed to BuildKit over a session and mounted for
//! one step; they are never arguments, which stay in the image's history.

mod context;
mod dockerfile;
mod ignore_file;
mod instructions;
mod messages;
mod refusals;
mod secrets;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use aether_models::{DeploymentId, LogStream, ProjectId, ResourceLimits, UserError};
use bollard::models::ImageInspect;
use bollard::query_parameters::RemoveImageOptionsBuilder;
use http_body_util::BodyExt;
use tokio_util::sync::CancellationToken;
use url::form_urlencoded::Serializer;

use self::context::Context;
use self::dockerfile::Dockerfile;
use self::messages::{Messages, Outcome};
use self::secrets::Session;
use super::engine::{EngineError, found};
use super::network::NetworkOf;
use super::settings::BuildKitMode;
use super::{DockerRuntime, labels, wire};
use crate::runtime::process::limits::Exceeded;
use crate::runtime::{OutputSink, RuntimeError};

/// The longest Dockerfile that is read.
const DOCKERFILE_MAX: u64 = 1024 * 1024;
/// The engine whose BuildKit reads here-documents (23.0).
const HERE_DOCUMENTS_API: (usize, usize) = (1, 42);
/// Period of the kernel's processor quota, in microseconds.
const CPU_PERIOD: u64 = 100_000;
const MIB: u64 = 1024 * 1024;

/// An image to build.
#[derive(Debug, Clone)]
pub struct ImageBuild {
    /// The deployment that it is for.
    pub deployment_id: DeploymentId,
    /// The project, for labels and for keeping build steps apart.
    pub project_id: ProjectId,
    /// Folder on this machine that is the build's context.
    pub context: PathBuf,
    /// The Dockerfile within it.
    pub dockerfile: String,
    /// The stage to build; the last one when none is named.
    pub target: Option<String>,
    /// Build arguments: variables of the build that are no secrets. Those that the Dockerfile does not name are left out.
    pub args: BTreeMap<String, String>,
    /// Secrets, by the name under which `RUN --mount=type=secret,id=NAME` asks for them.
    pub secrets: BTreeMap<String, String>,
    /// What the build may use.
    pub limits: ResourceLimits,
    /// Time it may take.
    pub timeout: Duration,
}

/// An image that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// Its id (`sha256:…`), for [`crate::runtime::AppContainer::image`].
    pub id: String,
    /// The port it says it listens on, when it says exactly one, or 80 or 8080 or 3000 among several.
    pub exposed_port: Option<u16>,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// How an image build ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageReport {
    /// There is an image.
    Built(BuiltImage),
    /// There is none, and why.
    Failed(UserError),
    /// It was cancelled.
    Cancelled,
}

impl DockerRuntime {
    /// Builds the image of a Dockerfile project. Nothing of the build is left but the image and steps worth keeping.
    ///
    /// # Errors
    /// [`RuntimeError`] when the engine is in trouble; a build that failed is an [`ImageReport`].
    pub async fn build_image(
        &self,
        build: ImageBuild,
        output: OutputSink,
        cancel: CancellationToken,
    ) -> Result<ImageReport, RuntimeError> {
        let prepared = self.prepare_image_build(&build);
        let (dockerfile, context) = match prepared.await {
            Ok(prepared) => prepared,
            Err(RuntimeError::User(error)) => return Ok(ImageReport::Failed(error)),
            Err(error) => return Err(error),
        };
        self.firewall.ensure(&self.engine).await?;
        let of = NetworkOf::Build(build.deployment_id);
        let network = self.networks.ensure(&self.engine, of).await?;
        // Secrets can be mounted by it alone; a Dockerfile that mounts none gets none.
        let buildkit = dockerfile.needs_buildkit.is_some();
        if buildkit {
            self.firewall.watch_default_bridge(&self.engine).await?;
        }
        let say = |line: String| output.send((LogStream::System, line));
        let builder = if buildkit {
            "BuildKit"
        } else {
            "the engine's builder"
        };
        let _ = say(format!("Building {} with {builder}", build.dockerfile)).await;
        for name in build
            .secrets
            .keys()
            .filter(|name| dockerfile.args.contains(*name))
        {
            let _ = say(format!(
                "Warning: {name} is a secret, and build arguments stay in the image; it is left empty. Take it by \
                 `RUN --mount=type=secret,id={name}` from /run/secrets/{name}"
            ))
            .await;
        }
        let outcome = tokio::select! {
            biased;
            () = cancel.cancelled() => Ok(Ended::Cancelled),
            outcome = self.send_build(&build, &dockerfile, context, buildkit, &network.name, &output) => outcome,
            () = tokio::time::sleep(build.timeout) => Ok(Ended::TimedOut),
            error = self.engine_lost() => Err(error),
        };
        if buildkit {
            self.firewall.unwatch_default_bridge(&self.engine).await?;
        }
        // A step that the engine has not noticed to be unwanted is in the build's network.
        let ended = outcome?;
        self.networks.remove_with_members(&self.engine, of).await?;
        self.report(&build, ended).await
    }

    async fn prepare_image_build(&self, build: &ImageBuild) -> Result<(Dockerfile, Context), RuntimeError> {
        let text = context::read_within(&build.context, &build.dockerfile, DOCKERFILE_MAX).await?;
        let dockerfile = dockerfile::check(&text, &build.args)?;
        if dockerfile.here_documents && self.engine.facts.is_older_than(HERE_DOCUMENTS_API) {
            return Err(too_old_for("here-documents").into());
        }
        let wanted = dockerfile.needs_buildkit;
        if let (Some(feature), BuildKitMode::Never) = (wanted, self.settings.buildkit) {
            return Err(no_buildkit(feature).into());
        }
        let project = build.project_id.uuid().to_string();
        let text = if wanted.is_some() {
            dockerfile.text.clone()
        } else {
            let labels = [
                (labels::OWNER, self.settings.owner.as_str()),
                (labels::PROJECT, project.as_str()),
            ];
            dockerfile.with_labels(&labels)
        };
        let context = Context::scan(
            build.context.clone(),
            build.dockerfile.clone(),
            text,
            self.settings.context_mb,
        );
        Ok((dockerfile, context.await?))
    }

    async fn send_build(
        &self,
        build: &ImageBuild,
        dockerfile: &Dockerfile,
        context: Context,
        buildkit: bool,
        network: &str,
        output: &OutputSink,
    ) -> Result<Ended, EngineError> {
        let session = match buildkit {
            true => Some(Session::open(&self.engine, build.secrets.clone()).await?),
            false => None,
        };
        let query = self.query(build, dockerfile, session.as_ref(), network);
        let path = format!("/build?{query}");
        let mut answer = wire::post_tar(
            &self.engine,
            "starting an image build",
            &path,
            context.into_body(),
        )
        .await?;
        let mut messages = Messages::new(output.clone());
        while let Some(frame) = answer.frame().await {
            let frame = frame.map_err(|error| EngineError::Gone {
                context: "reading the output of an image build",
                message: error.to_string(),
            })?;
            if let Ok(data) = frame.into_data() {
                messages.take(&data).await;
            }
        }
        Ok(Ended::ByItself(messages.finish().await))
    }

    fn query(
        &self,
        build: &ImageBuild,
        dockerfile: &Dockerfile,
        session: Option<&Session>,
        network: &str,
    ) -> String {
        let limits = build.limits;
        let memory = u64::from(limits.memory_mb) * MIB;
        let cpus = u64::from(
            limits
                .cpus
                .millis
                .min(self.engine.facts.cpus.saturating_mul(1000))
                .max(10),
        );
        let known: BTreeMap<&String, &String> = build
            .args
            .iter()
            .filter(|(name, _)| dockerfile.args.contains(*name))
            .collect();
        let about = [
            (labels::PROJECT, build.project_id.uuid().to_string()),
            (labels::DEPLOYMENT, build.deployment_id.uuid().to_string()),
        ];
        let labels: HashMap<String, String> = labels::labels(&self.settings.owner, labels::IMAGE, &about);
        let file_limit = u64::from(limits.disk_mb) * MIB;
        let ulimits = serde_json::json!([{ "Name": "fsize", "Soft": file_limit, "Hard": file_limit }]);
        let mut query = Serializer::new(String::new());
        query
            .append_pair("dockerfile", context::DOCKERFILE)
            .append_pair("t", &self.image_tag(build))
            .append_pair("rm", "1")
            .append_pair("forcerm", "1")
            .append_pair("labels", &serde_json::json!(labels).to_string())
            .append_pair("buildargs", &serde_json::json!(known).to_string())
            .append_pair("ulimits", &ulimits.to_string());
        if let Some(target) = &build.target {
            query.append_pair("target", target);
        }
        match session {
            Some(session) => {
                query
                    .append_pair("version", "2")
                    .append_pair("session", session.id());
                query.append_pair("buildid", session.id());
            }
            None => {
                query
                    .append_pair("version", "1")
                    .append_pair("memory", &memory.to_string())
                    .append_pair("memswap", &memory.to_string())
                    .append_pair("cpuperiod", &CPU_PERIOD.to_string())
                    .append_pair("cpuquota", &(cpus * CPU_PERIOD / 1000).to_string())
                    .append_pair("networkmode", network);
            }
        }
        query.finish()
    }

    async fn report(&self, build: &ImageBuild, ended: Ended) -> Result<ImageReport, RuntimeError> {
        let outcome = match ended {
            Ended::Cancelled => return Ok(ImageReport::Cancelled),
            Ended::TimedOut => {
                return Ok(ImageReport::Failed(
                    Exceeded::Time.user_error(&build.limits, build.timeout),
                ));
            }
            Ended::ByItself(outcome) => outcome,
        };
        if let Some(message) = outcome.error {
            return Ok(ImageReport::Failed(explain(&message, build)));
        }
        let tag = self.image_tag(build);
        let inspected = self
            .engine
            .call("looking at an image", |docker| docker.inspect_image(&tag))
            .await;
        let Some(image) = found(inspected)? else {
            return Ok(ImageReport::Failed(explain(
                "the builder ended without an image",
                build,
            )));
        };
        let built = read(image);
        if let Err(error) = check_image(&built, build) {
            let options = RemoveImageOptionsBuilder::new().force(true).build();
            let removed = self.engine.call("removing an image", |docker| {
                docker.remove_image(&tag, Some(options), None)
            });
            found(removed.await)?;
            return Ok(ImageReport::Failed(error));
        }
        Ok(ImageReport::Built(built.image))
    }

    fn image_tag(&self, build: &ImageBuild) -> String {
        format!(
            "{}/{}:{}",
            self.settings.owner,
            build.project_id.uuid().simple(),
            build.deployment_id.uuid().simple()
        )
    }
}

/// How it came to an end.
enum Ended {
    ByItself(Outcome),
    Cancelled,
    TimedOut,
}

/// An image as the engine describes it.
struct Inspected {
    image: BuiltImage,
    /// Whether it has something to run.
    has_command: bool,
    working_dir: String,
}

fn read(image: ImageInspect) -> Inspected {
    let config = image.config.unwrap_or_default();
    let runs = |command: &Option<Vec<String>>| command.as_ref().is_some_and(|command| !command.is_empty());
    let mut ports: Vec<u16> = config
        .exposed_ports
        .iter()
        .flatten()
        .filter_map(|port| port.strip_suffix("/tcp")?.parse().ok())
        .collect();
    ports.sort_unstable();
    let usual = [80, 8080, 3000].into_iter().find(|port| ports.contains(port));
    let exposed_port = if ports.len() == 1 {
        ports.first().copied()
    } else {
        usual
    };
    let has_command = runs(&config.entrypoint) || runs(&config.cmd);
    let size_bytes = u64::try_from(image.size.unwrap_or(0)).unwrap_or(0);
    Inspected {
        image: BuiltImage {
            id: image.id.unwrap_or_default(),
            exposed_port,
            size_bytes,
        },
        has_command,
        working_dir: config.working_dir.unwrap_or_default(),
    }
}

fn check_image(inspected: &Inspected, build: &ImageBuild) -> Result<(), UserError> {
    let image = &inspected.image;
    // A variable or the base image may have hidden it from the look at the Dockerfile.
    if refusals::in_kernel_folder(&inspected.working_dir) {
        return Err(refusals::refused(
            0,
            "A working directory in /proc, /sys or /dev is not allowed.",
        ));
    }
    if image.size_bytes > u64::from(build.limits.disk_mb) * MIB {
        let limit = build.limits.disk_mb;
        return Err(UserError::new(
            "image_too_large",
            "The image is too large",
            format!("It has {} MiB; {limit} MiB are allowed.", image.size_bytes / MIB),
        )
        .hint("Raise it in Settings > Build > Disk, or copy less into the last stage."));
    }
    if !inspected.has_command {
        return Err(UserError::new(
            "image_without_command",
            "The image has nothing to run",
            "Its Dockerfile names neither ENTRYPOINT nor CMD.",
        )
        .hint("Add a CMD to the Dockerfile."));
    }
    Ok(())
}

fn explain(message: &str, build: &ImageBuild) -> UserError {
    let message = message.trim();
    // What the kernel's hand looks like from the builder: 128 + SIGKILL.
    if message.contains("non-zero code: 137") || message.contains("exit code: 137") {
        return Exceeded::Memory.user_error(&build.limits, build.timeout);
    }
    if message.contains("File size limit exceeded") || message.contains("code: 153") {
        return Exceeded::Disk.user_error(&build.limits, build.timeout);
    }
    if message.contains("could not find bridge") {
        return UserError::new(
            "docker_bridge_missing",
            "The Docker engine has lost its network",
            message,
        )
        .hint("Let the operator restart the Docker engine: it makes its default bridge at its start.");
    }
    UserError::new("image_build_failed", "The image could not be built", message)
        .hint("Look at the lines above in the log: the last step that was begun is the one that failed.")
}

fn too_old_for(feature: &str) -> UserError {
    UserError::new(
        "docker_too_old",
        "The Docker engine is too old for this Dockerfile",
        format!("It uses {feature}, which need Docker 23 or newer."),
    )
    .hint("Write it without, or ask the operator to upgrade the engine.")
}

fn no_buildkit(feature: &str) -> UserError {
    UserError::new(
        "buildkit_disabled",
        "The Dockerfile needs BuildKit",
        format!("It uses {feature}, and the operator of this instance does not allow BuildKit."),
    )
    .hint("Write it without, or ask the operator to set AETHER_BUILDKIT=auto.")
}
