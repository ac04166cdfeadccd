//! The command line: every command and flag, with the help people read.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Deploys Git repositories to your own machine, and runs the platform that does it.
#[derive(Debug, Parser)]
#[command(name = "aether", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Write JSON for machines to standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: Server,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which platform to talk to.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Server {
    /// Address of the platform; by default the one you logged in to last.
    #[arg(long, global = true, env = "AETHER_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// API token, for machines. People use `aether login`.
    #[arg(
        long,
        global = true,
        env = "AETHER_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub(crate) token: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the whole platform on this machine, with a private Postgres and Redis.
    Up,
    /// Sign in and keep an API token on this machine.
    Login(Login),
    /// Link this folder to a project, making the project when there is none.
    Init(Init),
    /// Deploy, and follow the deployment until it is live.
    Deploy(Deploy),
    /// Show the log of the app, or of a deployment.
    Logs(Logs),
    /// Open the live site in the browser.
    Open(Open),
    /// Show and change environment variables.
    Env(Env),
    /// Make an earlier deployment live again.
    Rollback(Rollback),
    /// List projects, or a project's deployments.
    List(List),
    /// Show how a folder would be built, without a platform.
    Detect(Detect),
    /// Say what this machine can do, and what is missing.
    Doctor,
}

/// Which project to work on.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Project {
    /// Slug or id of the project; by default the one this folder is linked to.
    #[arg(long, short, env = "AETHER_PROJECT", value_name = "PROJECT")]
    pub(crate) project: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Address of the platform.
    #[arg(value_name = "URL")]
    pub(crate) address: Option<String>,
    /// E-mail address of the account.
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// Read the password from standard input.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Read an API token from standard input instead of signing in.
    #[arg(long, conflicts_with_all = ["email", "password_stdin"])]
    pub(crate) token_stdin: bool,
    /// Make the owner's account of a new platform, with the token of its set-up link.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "AETHER_SETUP_TOKEN",
        hide_env_values = true
    )]
    pub(crate) setup_token: Option<String>,
    /// Name for people, with --setup-token.
    #[arg(long, requires = "setup_token")]
    pub(crate) name: Option<String>,
}

/// How to make a project when there is none.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct NewProject {
    /// Address of the repository; by default the remote `origin` of this folder. Without either the folder is sent.
    #[arg(long, value_name = "URL")]
    pub(crate) repo: Option<String>,
    /// Name of a new project; by default the repository's or the folder's.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Branch that production follows; by default the repository's own.
    #[arg(long)]
    pub(crate) branch: Option<String>,
    /// Folder of the app inside the repository.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) root_dir: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    #[command(flatten)]
    pub(crate) project: Project,
    #[command(flatten)]
    pub(crate) new: NewProject,
}

#[derive(Debug, Args)]
pub(crate) struct Deploy {
    #[command(flatten)]
    pub(crate) project: Project,
    #[command(flatten)]
    pub(crate) new: NewProject,
    /// Branch, tag or commit to deploy; by default the production branch.
    #[arg(long = "ref", value_name = "REF")]
    pub(crate) git_ref: Option<String>,
    /// Send this folder as it is instead of a commit, without what .gitignore and .aetherignore name. A folder without
    /// a Git remote is always sent.
    #[arg(long, conflicts_with_all = ["git_ref", "repo", "preview"])]
    pub(crate) local: bool,
    /// Deploy the branch given by --ref to a preview of its own instead of production.
    #[arg(long, requires = "git_ref")]
    pub(crate) preview: bool,
    /// Do not follow: print the deployment's id and end.
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Id of a deployment: shows its build log.
    pub(crate) deployment: Option<String>,
    #[command(flatten)]
    pub(crate) project: Project,
    /// Show the newest deployment's build log instead of what the app prints.
    #[arg(long, conflicts_with = "deployment")]
    pub(crate) build: bool,
    /// Go on with what comes.
    #[arg(long, short)]
    pub(crate) follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Open {
    #[command(flatten)]
    pub(crate) project: Project,
    /// Only print the address.
    #[arg(long)]
    pub(crate) print: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Env {
    #[command(flatten)]
    pub(crate) project: Project,
    #[command(subcommand)]
    pub(crate) action: EnvAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EnvAction {
    /// List the variables; values of secrets are never shown.
    List,
    /// Set variables. A name without a value is asked for, or read from standard input.
    Set {
        /// `NAME=VALUE`, or `NAME`.
        #[arg(required = true, value_name = "NAME[=VALUE]")]
        variables: Vec<String>,
        /// The value may be read back and shows in logs.
        #[arg(long)]
        public: bool,
        /// Where it is seen.
        #[arg(long, value_enum, default_value_t = Scope::All)]
        scope: Scope,
    },
    /// Remove variables.
    Unset {
        /// Their names.
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Set every variable of a `.env` file.
    Import {
        /// The file.
        file: PathBuf,
        /// Where they are seen.
        #[arg(long, value_enum, default_value_t = Scope::All)]
        scope: Scope,
    },
}

/// Where a variable is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scope {
    Build,
    Runtime,
    All,
}

impl Scope {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Runtime => "runtime",
            Self::All => "all",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// Id or number of the deployment; by default the one that was live before.
    pub(crate) deployment: Option<String>,
    #[command(flatten)]
    pub(crate) project: Project,
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) project: Project,
    /// List the deployments of the project instead of the projects.
    #[arg(long, short)]
    pub(crate) deployments: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Detect {
    /// Folder of the repository.
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Folder of the app inside it.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) root_dir: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
