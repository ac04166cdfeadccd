//! GitHub Apps of teams: those somebody is about to make, those there are, and where they are installed.

use aether_models::{GitHubAppId, ProjectId, SessionId, TeamId};
use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use crate::{Keyring, SealContext, SecretsError, Store, StoreError};

/// Drafts of one session at a time; each click on "Connect" makes one.
const DRAFTS_MAX: i64 = 20;

/// A GitHub App that somebody is about to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHubAppDraft {
    /// For which team.
    pub team_id: TeamId,
    /// By whom: nobody else can finish it.
    pub session_id: SessionId,
    /// At which GitHub.
    pub base_url: String,
    /// For which organisation there; none for the person's own account.
    pub organization: Option<String>,
    /// Its name.
    pub name: String,
}

/// A secret of a GitHub App.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitHubSecret {
    /// Proves it as an OAuth client.
    Client,
    /// Its key, as PEM.
    PrivateKey,
    /// Signs its deliveries.
    Webhook,
}

/// A GitHub App, its secrets sealed.
#[derive(Debug, Clone)]
pub struct GitHubAppRecord {
    /// Our id of it.
    pub id: GitHubAppId,
    /// Whose it is.
    pub team_id: TeamId,
    /// At which GitHub.
    pub base_url: String,
    /// GitHub's id of it.
    pub github_id: i64,
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub owner: String,
    /// Its page.
    pub html_url: String,
    /// Names it as an OAuth client.
    pub client_id: String,
    /// [`GitHubSecret::Client`], sealed.
    pub client_secret: Vec<u8>,
    /// [`GitHubSecret::PrivateKey`], sealed.
    pub private_key: Vec<u8>,
    /// [`GitHubSecret::Webhook`], sealed; none without a webhook.
    pub webhook_secret: Option<Vec<u8>>,
    /// When it was connected.
    pub created_at: DateTime<Utc>,
}

/// An account on whose repositories an App is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHubInstallation {
    /// GitHub's id of it.
    pub installation_id: i64,
    /// The account.
    pub account: String,
    /// `User` or `Organization`.
    pub account_kind: String,
    /// `all` or `selected`.
    pub repository_selection: String,
    /// Where the account manages it.
    pub html_url: String,
    /// Since when it is suspended.
    pub suspended_at: Option<DateTime<Utc>>,
    /// When it changed last, by GitHub's clock.
    pub changed_at: DateTime<Utc>,
}

impl GitHubSecret {
    const fn name(self) -> &'static str {
        match self {
            Self::Client => "github_client_secret",
            Self::PrivateKey => "github_private_key",
            Self::Webhook => "github_webhook_secret",
        }
    }

    /// Seals it for an App of a team.
    ///
    /// # Errors
    /// [`SecretsError`].
    pub fn seal(
        self,
        keyring: &Keyring,
        team: TeamId,
        app: GitHubAppId,
        plain: &[u8],
    ) -> Result<Vec<u8>, SecretsError> {
        keyring.seal(&self.context(team, app), plain)
    }

    /// The App stands where a project's id usually does: ids are unique across kinds, and the name tells them apart.
    const fn context(self, team: TeamId, app: GitHubAppId) -> SealContext<'static> {
        SealContext {
            team,
            project: ProjectId::from_uuid(app.uuid()),
            name: self.name(),
        }
    }
}

impl GitHubAppRecord {
    /// One of its secrets in the clear.
    ///
    /// # Errors
    /// [`SecretsError`], also when it has none.
    pub fn open(&self, keyring: &Keyring, secret: GitHubSecret) -> Result<Zeroizing<Vec<u8>>, SecretsError> {
        let sealed = match secret {
            GitHubSecret::Client => &self.client_secret,
            GitHubSecret::PrivateKey => &self.private_key,
            GitHubSecret::Webhook => self.webhook_secret.as_ref().ok_or(SecretsError::Damaged)?,
        };
        keyring.open(&secret.context(self.team_id, self.id), sealed)
    }
}

/// The columns of every query that reads whole Apps; `$rest` continues after `from github_apps a`.
macro_rules! query_apps {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            GitHubAppRecord,
            r#"select a.id as "id: uuid::Uuid", a.team_id as "team_id: uuid::Uuid", a.base_url, a.github_id, a.slug, a.name,
                a.owner, a.html_url, a.client_id, a.client_secret, a.private_key, a.webhook_secret, a.created_at
            from github_apps a "# + $rest
            $(, $argument)*
        )
    };
}
pub(crate) use query_apps;

impl Store {
    /// Keeps a draft under the digest of its state for `seconds`. Returns whether there was room.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_github_app(
        &self,
        state_sha256: &[u8; 32],
        draft: &GitHubAppDraft,
        seconds: f64,
    ) -> Result<bool, StoreError> {
        let result = sqlx::query!(
            "with old as (delete from github_app_drafts where expires_at <= now())
            insert into github_app_drafts (state_sha256, team_id, session_id, base_url, organization, name, expires_at)
            select $1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7)
            where (select count(*) from github_app_drafts where session_id = $3 and expires_at > now()) < $8",
            state_sha256.as_slice(),
            draft.team_id.uuid(),
            draft.session_id.uuid(),
            draft.base_url,
            draft.organization,
            draft.name,
            seconds,
            DRAFTS_MAX
        )
        .execute(&self.pool)
        .await?;
        Ok(result.rows_affected() > 0)
    }

    /// The draft of a state, which stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn github_app_draft(
        &self,
        state_sha256: &[u8; 32],
    ) -> Result<Option<GitHubAppDraft>, StoreError> {
        let row = sqlx::query!(
            "select team_id, session_id, base_url, organization, name from github_app_drafts
            where state_sha256 = $1 and expires_at > now()",
            state_sha256.as_slice()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| GitHubAppDraft {
            team_id: row.team_id.into(),
            session_id: row.session_id.into(),
            base_url: row.base_url,
            organization: row.organization,
            name: row.name,
        }))
    }

    /// Takes the draft of a state: of many who ask, one gets it, and only who began it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_github_app_draft(
        &self,
        state_sha256: &[u8; 32],
        team: TeamId,
        session: SessionId,
    ) -> Result<Option<GitHubAppDraft>, StoreError> {
        let row = sqlx::query!(
            "delete from github_app_drafts
            where state_sha256 = $1 and team_id = $2 and session_id = $3 and expires_at > now()
            returning base_url, organization, name",
            state_sha256.as_slice(),
            team.uuid(),
            session.uuid()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| GitHubAppDraft {
            team_id: team,
            session_id: session,
            base_url: row.base_url,
            organization: row.organization,
            name: row.name,
        }))
    }

    /// Keeps a new App.
    ///
    /// # Errors
    /// [`crate::Conflict::GitHubAppKnown`].
    pub async fn create_github_app(&self, app: &GitHubAppRecord) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into github_apps (id, team_id, base_url, github_id, slug, name, owner, html_url, client_id,
                client_secret, private_key, webhook_secret)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            app.id.uuid(),
            app.team_id.uuid(),
            app.base_url,
            app.github_id,
            app.slug,
            app.name,
            app.owner,
            app.html_url,
            app.client_id,
            app.client_secret,
            app.private_key,
            app.webhook_secret
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A team's Apps, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn github_apps(&self, team: TeamId) -> Result<Vec<GitHubAppRecord>, StoreError> {
        Ok(query_apps!("where a.team_id = $1 order by a.id", team.uuid())
            .fetch_all(&self.pool)
            .await?)
    }

    /// One App of a team.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn github_app(
        &self,
        team: TeamId,
        app: GitHubAppId,
    ) -> Result<Option<GitHubAppRecord>, StoreError> {
        Ok(
            query_apps!("where a.team_id = $1 and a.id = $2", team.uuid(), app.uuid())
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    /// Apps that GitHub calls by this id, whosever they are: one at each GitHub. The signature tells which one it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn github_apps_of_webhook(&self, github_id: i64) -> Result<Vec<GitHubAppRecord>, StoreError> {
        Ok(query_apps!(
            "where a.github_id = $1 and a.webhook_secret is not null order by a.id",
            github_id
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Forgets an App with its secrets, its installations and what projects reported through it. The projects stay, and
    /// their repositories are then reached like any other. Returns whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete_github_app(&self, team: TeamId, app: GitHubAppId) -> Result<bool, StoreError> {
        let deleted = sqlx::query_scalar!(
            r#"with app as (
                delete from github_apps where team_id = $1 and id = $2 returning id
            ), silenced as (
                delete from provider_connections c using github_repositories r, app
                where c.project_id = r.project_id and r.app_id = app.id and c.token = ''
            )
            select count(*) as "count!" from app"#,
            team.uuid(),
            app.uuid()
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(deleted > 0)
    }

    /// Where a team's Apps are installed, by App and account.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn github_installations(
        &self,
        team: TeamId,
    ) -> Result<Vec<(GitHubAppId, GitHubInstallation)>, StoreError> {
        let rows = sqlx::query!(
            "select i.app_id, i.installation_id, i.account, i.account_kind, i.repository_selection, i.html_url,
                i.suspended_at, i.changed_at
            from github_installations i join github_apps a on a.id = i.app_id
            where a.team_id = $1 and i.deleted_at is null order by i.app_id, lower(i.account)",
            team.uuid()
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let installation = GitHubInstallation {
                    installation_id: row.installation_id,
                    account: row.account,
                    account_kind: row.account_kind,
                    repository_selection: row.repository_selection,
                    html_url: row.html_url,
                    suspended_at: row.suspended_at,
                    changed_at: row.changed_at,
                };
                (row.app_id.into(), installation)
            })
            .collect())
    }

    /// Notes how an installation stands, unless something newer is known. An App has one installation per account: when it
    /// was taken away and made again, the projects of that account go on with the new one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_github_installation(
        &self,
        app: GitHubAppId,
        installation: &GitHubInstallation,
    ) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        let stored = sqlx::query!(
            "insert into github_installations as i (app_id, installation_id, account, account_kind, repository_selection,
                html_url, suspended_at, changed_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict on constraint github_installations_pkey do update set account = excluded.account,
                account_kind = excluded.account_kind, repository_selection = excluded.repository_selection,
                html_url = excluded.html_url, suspended_at = excluded.suspended_at, changed_at = excluded.changed_at
                where i.deleted_at is null and i.changed_at <= excluded.changed_at",
            app.uuid(),
            installation.installation_id,
            installation.account,
            installation.account_kind,
            installation.repository_selection,
            installation.html_url,
            installation.suspended_at,
            installation.changed_at
        )
        .execute(&mut *tx)
        .await?;
        if stored.rows_affected() > 0 {
            sqlx::query!(
                "update github_repositories set installation_id = $2
                where app_id = $1 and installation_id <> $2 and lower(split_part(full_name, '/', 1)) = lower($3)",
                app.uuid(),
                installation.installation_id,
                installation.account
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Marks an installation as gone for good.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete_github_installation(
        &self,
        app: GitHubAppId,
        installation: i64,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into github_installations (app_id, installation_id, account, account_kind, repository_selection,
                html_url, changed_at, deleted_at)
            values ($1, $2, '', '', '', '', now(), now())
            on conflict on constraint github_installations_pkey do update set deleted_at = now()",
            app.uuid(),
            installation
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Makes the installations of an App those that GitHub has just listed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn replace_github_installations(
        &self,
        app: GitHubAppId,
        installations: &[GitHubInstallation],
    ) -> Result<(), StoreError> {
        for installation in installations {
            self.put_github_installation(app, installation).await?;
        }
        let ids: Vec<i64> = installations
            .iter()
            .map(|installation| installation.installation_id)
            .collect();
        sqlx::query!(
            "update github_installations set deleted_at = now()
            where app_id = $1 and deleted_at is null and installation_id <> all($2)",
            app.uuid(),
            &ids
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
