//! What can go wrong in a store, as callers need to tell it apart.

/// A query or an event could not be done.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Postgres does not answer; worth another try later (503 with `Retry-After` in the API).
    #[error("the database does not answer")]
    Unavailable(#[source] sqlx::Error),
    /// Somebody else has that name, host or role already.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The lease was lost: another worker has the deployment, or it has ended. Stop all side effects.
    #[error("the lease on the deployment was lost")]
    Fenced,
    /// A row says something that this version cannot read.
    #[error("a stored {what} cannot be read: {detail}")]
    Corrupt {
        /// Which column or type.
        what: &'static str,
        /// Why not.
        detail: String,
    },
    /// Redis does not answer; only live events and counters need it.
    #[error("redis does not answer")]
    Redis(#[from] redis::RedisError),
    /// A sealed value cannot be opened.
    #[error(transparent)]
    Secrets(#[from] crate::SecretsError),
    /// The migrations could not be applied.
    #[error("the database schema could not be brought up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Anything else the database refused.
    #[error("the database refused a query")]
    Database(#[source] sqlx::Error),
}

/// A named constraint was violated, in the words of the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The address has an account.
    #[error("an account with this email address exists")]
    EmailTaken,
    /// The instance has an owner.
    #[error("this instance has an owner already")]
    OwnerExists,
    /// Another project has the slug, or a deployment answers on its host.
    #[error("this project name is taken")]
    SlugTaken,
    /// Another project has the domain.
    #[error("this domain belongs to another project")]
    DomainTaken,
    /// The delivery was received before.
    #[error("this delivery was received before")]
    DeliveryKnown,
    /// The GitHub App is connected already.
    #[error("this GitHub App is connected already")]
    GitHubAppKnown,
    /// The row it refers to is gone.
    #[error("what it belongs to was deleted meanwhile")]
    ParentGone,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let Some(conflict) = named_conflict(&error) {
            return Self::Conflict(conflict);
        }
        if is_unavailable(&error) {
            Self::Unavailable(error)
        } else {
            Self::Database(error)
        }
    }
}

impl StoreError {
    /// Trying again may help.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Redis(_))
    }

    pub(crate) fn corrupt(what: &'static str, detail: impl std::fmt::Display) -> Self {
        Self::Corrupt {
            what,
            detail: detail.to_string(),
        }
    }
}

fn named_conflict(error: &sqlx::Error) -> Option<Conflict> {
    let database = error.as_database_error()?;
    if database.is_foreign_key_violation() {
        return Some(Conflict::ParentGone);
    }
    match database.constraint()? {
        "users_email_key" => Some(Conflict::EmailTaken),
        "users_one_instance_owner" => Some(Conflict::OwnerExists),
        "projects_slug_key" | "routes_pkey" => Some(Conflict::SlugTaken),
        "domains_hostname_key" => Some(Conflict::DomainTaken),
        "github_apps_known" => Some(Conflict::GitHubAppKnown),
        "webhook_deliveries_delivery_key" => Some(Conflict::DeliveryKnown),
        _ => None,
    }
}

fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
            true
        }
        // A connection that was cut while its answer was being read.
        sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        // SQLSTATE classes 08 (connection), 53 (resources), 57 (operator intervention), 40 (roll back, try again).
        sqlx::Error::Database(database) => database.code().is_some_and(|code| {
            ["08", "53", "57", "40"]
                .iter()
                .any(|class| code.starts_with(class))
        }),
        _ => false,
    }
}
