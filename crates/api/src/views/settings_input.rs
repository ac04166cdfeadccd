//! A project's settings as they come in, flat beside the project's other fields, at creation and later.
//!
//! A field that is left out stays as it is; null puts it back to detection or to its default.

use aether_models::{PlanKind, ProjectSettings, ResourceLimits, RuntimeName, VolumeMount};
use indexmap::IndexMap;
use serde::{Deserialize, Deserializer};

use crate::validate::Faults;

/// A project's network has 28 addresses: for the live release, the one before it and the next one.
const REPLICAS_MAX: u32 = 8;

/// Not given, given as null, or given.
pub(crate) type Given<T> = Option<Option<T>>;

/// Settings that a request gives.
#[derive(Debug, Default)]
pub(crate) struct SettingsInput {
    pub(crate) root_dir: Given<String>,
    pub(crate) kind: Given<PlanKind>,
    pub(crate) framework: Given<String>,
    pub(crate) install_command: Given<String>,
    pub(crate) build_command: Given<String>,
    pub(crate) start_command: Given<String>,
    pub(crate) output_directory: Given<String>,
    pub(crate) port: Given<u16>,
    pub(crate) runtime_version: Given<IndexMap<String, String>>,
    pub(crate) spa: Given<bool>,
    pub(crate) health_check_path: Given<String>,
    pub(crate) health_check_timeout_seconds: Given<u32>,
    pub(crate) build_limits: Given<ResourceLimits>,
    pub(crate) build_timeout_seconds: Given<u32>,
    pub(crate) app_limits: Given<ResourceLimits>,
    pub(crate) replicas: Given<u32>,
    pub(crate) runtime: Given<RuntimeName>,
    pub(crate) volumes: Given<Vec<VolumeMount>>,
    pub(crate) auto_deploy: Given<bool>,
    pub(crate) access_log_percent: Given<u8>,
    pub(crate) watch_paths: Given<Vec<String>>,
    pub(crate) preview_branches: Given<Vec<String>>,
    pub(crate) preview_pull_requests: Given<bool>,
    pub(crate) preview_max: Given<u32>,
    pub(crate) preview_days: Given<u32>,
    pub(crate) poll_minutes: Given<u32>,
    pub(crate) submodules: Given<bool>,
    pub(crate) lfs: Given<bool>,
}

/// Declares a request body: its own fields, then the settings, flat. (`serde(flatten)` would let unknown fields through.)
macro_rules! settings_fields {
    ($(#[$meta:meta])* pub(crate) struct $name:ident { $($(#[$own_meta:meta])* pub $own:ident: $own_type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            $($(#[$own_meta])* pub $own: $own_type,)*
            /// Folder of the app, relative to the repository.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<String>)]
            pub root_dir: Option<Option<String>>,
            /// Fixes the kind.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<aether_models::PlanKind>)]
            pub kind: Option<Option<aether_models::PlanKind>>,
            /// Fixes the framework.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<String>)]
            pub framework: Option<Option<String>>,
            /// Fixes the install command; empty skips the step.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<String>)]
            pub install_command: Option<Option<String>>,
            /// Fixes the build command; empty skips the step.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<String>)]
            pub build_command: Option<Option<String>>,
            /// Fixes the start command.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<String>)]
            pub start_command: Option<Option<String>>,
            /// Fixes the output directory.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<String>)]
            pub output_directory: Option<Option<String>>,
            /// Fixes the port.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<u16>)]
            pub port: Option<Option<u16>>,
            /// Fixes runtime versions (`node: "22"`).
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<std::collections::HashMap<String, String>>)]
            pub runtime_version: Option<Option<indexmap::IndexMap<String, String>>>,
            /// Fixes the single-page-app decision.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<bool>)]
            pub spa: Option<Option<bool>>,
            /// HTTP path that must answer before an app goes live.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<String>)]
            pub health_check_path: Option<Option<String>>,
            /// Seconds an app may take until it is healthy.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<u32>)]
            pub health_check_timeout_seconds: Option<Option<u32>>,
            /// Limits of a build.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<aether_models::ResourceLimits>)]
            pub build_limits: Option<Option<aether_models::ResourceLimits>>,
            /// Seconds a whole build may take.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<u32>)]
            pub build_timeout_seconds: Option<Option<u32>>,
            /// Limits of the running app.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<aether_models::ResourceLimits>)]
            pub app_limits: Option<Option<aether_models::ResourceLimits>>,
            /// Copies of the running app.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<u32>)]
            pub replicas: Option<Option<u32>>,
            /// Fixes the isolation of builds and apps.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<aether_models::RuntimeName>)]
            pub runtime: Option<Option<aether_models::RuntimeName>>,
            /// Storage of the app that outlives deployments; in containers only.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<Vec<aether_models::VolumeMount>>)]
            pub volumes: Option<Option<Vec<aether_models::VolumeMount>>>,
            /// A push through the webhook deploys.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<bool>)]
            pub auto_deploy: Option<Option<bool>>,
            /// Share of the visitors' requests that get a line in the proxy's access log, in percent; 0 by default.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<u8>)]
            pub access_log_percent: Option<Option<u8>>,
            /// Globs of paths in the repository (`apps/web/**`); a push that changes none of them does not deploy.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<Vec<String>>)]
            pub watch_paths: Option<Option<Vec<String>>>,
            /// Globs of branches that get a preview each (`feature/*`, `**` for all).
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<Vec<String>>)]
            pub preview_branches: Option<Option<Vec<String>>>,
            /// Pull requests get a preview each; those of forks after a member's approval.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<bool>)]
            pub preview_pull_requests: Option<Option<bool>>,
            /// Most previews at a time.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<u32>)]
            pub preview_max: Option<Option<u32>>,
            /// Days without a deployment after which a preview is removed.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<u32>)]
            pub preview_days: Option<Option<u32>>,
            /// Minutes between two looks at the repository for a push that was never told of; 0 leaves it to webhooks.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<u32>)]
            pub poll_minutes: Option<Option<u32>>,
            /// Fetch the repository's submodules too.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<bool>)]
            pub submodules: Option<Option<bool>>,
            /// Fetch files that the repository keeps in Git LFS too.
            #[serde(default, deserialize_with = "crate::views::given")]
            #[schema(value_type = Option<bool>)]
            pub lfs: Option<Option<bool>>,
        }

        impl $name {
            /// Takes the settings out of the body.
            fn take_settings(&mut self) -> crate::views::SettingsInput {
                crate::views::SettingsInput {
                    root_dir: self.root_dir.take(),
                    kind: self.kind.take(),
                    framework: self.framework.take(),
                    install_command: self.install_command.take(),
                    build_command: self.build_command.take(),
                    start_command: self.start_command.take(),
                    output_directory: self.output_directory.take(),
                    port: self.port.take(),
                    runtime_version: self.runtime_version.take(),
                    spa: self.spa.take(),
                    health_check_path: self.health_check_path.take(),
                    health_check_timeout_seconds: self.health_check_timeout_seconds.take(),
                    build_limits: self.build_limits.take(),
                    build_timeout_seconds: self.build_timeout_seconds.take(),
                    app_limits: self.app_limits.take(),
                    replicas: self.replicas.take(),
                    runtime: self.runtime.take(),
                    volumes: self.volumes.take(),
                    auto_deploy: self.auto_deploy.take(),
                    access_log_percent: self.access_log_percent.take(),
                    watch_paths: self.watch_paths.take(),
                    preview_branches: self.preview_branches.take(),
                    preview_pull_requests: self.preview_pull_requests.take(),
                    preview_max: self.preview_max.take(),
                    preview_days: self.preview_days.take(),
                    poll_minutes: self.poll_minutes.take(),
                    submodules: self.submodules.take(),
                    lfs: self.lfs.take(),
                }
            }
        }
    };
}
pub(crate) use settings_fields;

impl SettingsInput {
    /// Puts what was given over `settings`, noting what is wrong with it.
    pub(crate) fn apply(mut self, settings: &mut ProjectSettings, faults: &mut Faults) {
        self.apply_sources(settings, faults);
        let defaults = ProjectSettings::default();
        let overrides = &mut settings.overrides;
        put(&mut overrides.kind, self.kind);
        put(
            &mut overrides.framework,
            faults.slug_like("framework", self.framework),
        );
        put(
            &mut overrides.install_command,
            faults.command("install_command", self.install_command),
        );
        put(
            &mut overrides.build_command,
            faults.command("build_command", self.build_command),
        );
        put(
            &mut overrides.start_command,
            faults.command("start_command", self.start_command),
        );
        put(
            &mut overrides.output_directory,
            faults.folder("output_directory", self.output_directory),
        );
        put(&mut overrides.port, faults.range("port", self.port, 1..=u16::MAX));
        put(&mut overrides.spa, self.spa);
        put(
            &mut settings.health_check_path,
            faults.url_path("health_check_path", self.health_check_path),
        );
        let versions = faults.versions("runtime_version", self.runtime_version);
        put_or(&mut overrides.runtime_version, versions, IndexMap::new());
        put_or(
            &mut settings.root_dir,
            faults.folder("root_dir", self.root_dir),
            defaults.root_dir,
        );
        put_or(
            &mut settings.health_check_timeout_seconds,
            faults.range(
                "health_check_timeout_seconds",
                self.health_check_timeout_seconds,
                1..=600,
            ),
            defaults.health_check_timeout_seconds,
        );
        put_or(
            &mut settings.build_timeout_seconds,
            faults.range("build_timeout_seconds", self.build_timeout_seconds, 10..=14_400),
            defaults.build_timeout_seconds,
        );
        let build_limits = faults.limits("build_limits", self.build_limits);
        put_or(&mut settings.build_limits, build_limits, defaults.build_limits);
        put_or(
            &mut settings.app_limits,
            faults.limits("app_limits", self.app_limits),
            defaults.app_limits,
        );
        put_or(
            &mut settings.replicas,
            faults.range("replicas", self.replicas, 1..=REPLICAS_MAX),
            defaults.replicas,
        );
        put(&mut settings.runtime, self.runtime);
        put_or(
            &mut settings.volumes,
            faults.volumes("volumes", self.volumes),
            defaults.volumes,
        );
        put_or(&mut settings.auto_deploy, self.auto_deploy, defaults.auto_deploy);
        put_or(
            &mut settings.access_log_percent,
            faults.range("access_log_percent", self.access_log_percent, 0..=100),
            defaults.access_log_percent,
        );
    }

    /// Settings about what deploys, and where from.
    fn apply_sources(&mut self, settings: &mut ProjectSettings, faults: &mut Faults) {
        let defaults = ProjectSettings::default();
        put_or(
            &mut settings.watch_paths,
            faults.globs("watch_paths", self.watch_paths.take()),
            defaults.watch_paths,
        );
        put_or(
            &mut settings.preview_branches,
            faults.globs("preview_branches", self.preview_branches.take()),
            defaults.preview_branches,
        );
        put_or(
            &mut settings.preview_pull_requests,
            self.preview_pull_requests.take(),
            defaults.preview_pull_requests,
        );
        put_or(
            &mut settings.preview_max,
            faults.range("preview_max", self.preview_max.take(), 0..=100),
            defaults.preview_max,
        );
        put_or(
            &mut settings.preview_days,
            faults.range("preview_days", self.preview_days.take(), 1..=365),
            defaults.preview_days,
        );
        put_or(
            &mut settings.poll_minutes,
            faults.range("poll_minutes", self.poll_minutes.take(), 0..=1440),
            defaults.poll_minutes,
        );
        put_or(
            &mut settings.submodules,
            self.submodules.take(),
            defaults.submodules,
        );
        put_or(&mut settings.lfs, self.lfs.take(), defaults.lfs);
    }
}

/// Tells null from a field that is not there (serde alone would read both as none).
pub(crate) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Given<T>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn put<T>(setting: &mut Option<T>, given: Given<T>) {
    if let Some(value) = given {
        *setting = value;
    }
}

fn put_or<T>(setting: &mut T, given: Given<T>, default: T) {
    if let Some(value) = given {
        *setting = value.unwrap_or(default);
    }
}
