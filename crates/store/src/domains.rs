//! Domains of projects' own: added and removed by their users, looked at in [`checks`], answering while they are proven.

mod checks;

use aether_models::{DomainFinding, DomainId, Hostname, ProjectId, TeamId};
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

pub use checks::{DomainCheck, DomainOutcome, DueDomain};

use crate::{Store, StoreError, routes};

/// A claim nobody proved for so long no longer keeps others from the domain.
const UNPROVEN_DAYS: i32 = 7;

/// A domain to add.
#[derive(Debug, Clone)]
pub struct NewDomain {
    /// Owner of the project.
    pub team_id: TeamId,
    /// The project.
    pub project_id: ProjectId,
    /// The domain.
    pub hostname: Hostname,
    /// What must stand in its DNS before it gets traffic.
    pub verification_token: String,
}

/// A domain as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainRecord {
    /// Its id.
    pub id: DomainId,
    /// The domain.
    pub hostname: Hostname,
    /// What must stand in its DNS.
    pub verification_token: String,
    /// When it was found there; the domain answers since.
    pub verified_at: Option<DateTime<Utc>>,
    /// Since when it is no longer there, of a domain that still answers.
    pub proof_missing_since: Option<DateTime<Utc>>,
    /// What the last look at its DNS found.
    pub finding: Option<DomainFinding>,
    /// When that began.
    pub checked_at: Option<DateTime<Utc>>,
    /// When the next one is due.
    pub next_check_at: DateTime<Utc>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

struct DomainRow {
    id: Uuid,
    hostname: String,
    verification_token: String,
    verified_at: Option<DateTime<Utc>>,
    proof_missing_since: Option<DateTime<Utc>>,
    finding: Option<Json<DomainFinding>>,
    checked_at: Option<DateTime<Utc>>,
    next_check_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

impl TryFrom<DomainRow> for DomainRecord {
    type Error = StoreError;

    fn try_from(row: DomainRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            hostname: row
                .hostname
                .parse()
                .map_err(|error| StoreError::corrupt("host name", error))?,
            verification_token: row.verification_token,
            verified_at: row.verified_at,
            proof_missing_since: row.proof_missing_since,
            finding: row.finding.map(|finding| finding.0),
            checked_at: row.checked_at,
            next_check_at: row.next_check_at,
            created_at: row.created_at,
        })
    }
}

impl Store {
    /// Adds a domain. Returns none when the project has `most` already.
    ///
    /// # Errors
    /// [`crate::Conflict::DomainTaken`].
    pub async fn create_domain(
        &self,
        new: &NewDomain,
        most: i64,
    ) -> Result<Option<DomainRecord>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let count = sqlx::query_scalar!(
            r#"with project as (select id from projects where id = $1 for update)
            select count(d.id) as "count!" from project left join domains d on d.project_id = project.id"#,
            new.project_id.uuid()
        )
        .fetch_one(&mut *tx)
        .await?;
        if count >= most {
            return Ok(None);
        }
        sqlx::query!(
            "delete from domains where hostname = $1 and project_id <> $2 and verified_at is null
                and created_at < now() - make_interval(days => $3)",
            new.hostname.as_str(),
            new.project_id.uuid(),
            UNPROVEN_DAYS
        )
        .execute(&mut *tx)
        .await?;
        let record = sqlx::query_as!(
            DomainRow,
            r#"insert into domains (id, team_id, project_id, hostname, verification_token) values ($1, $2, $3, $4, $5)
            returning id, hostname, verification_token, verified_at, proof_missing_since,
                finding as "finding: Json<DomainFinding>", checked_at, next_check_at, created_at"#,
            DomainId::generate().uuid(),
            new.team_id.uuid(),
            new.project_id.uuid(),
            new.hostname.as_str(),
            new.verification_token
        )
        .fetch_one(&mut *tx)
        .await?
        .try_into()?;
        tx.commit().await?;
        self.announce_domains().await;
        Ok(Some(record))
    }

    /// A team's project's domains, newest first, those added before `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn domains(
        &self,
        team: TeamId,
        project: ProjectId,
        before: Option<DomainId>,
        limit: i64,
    ) -> Result<Vec<DomainRecord>, StoreError> {
        sqlx::query_as!(
            DomainRow,
            r#"select id, hostname, verification_token, verified_at, proof_missing_since,
                finding as "finding: Json<DomainFinding>", checked_at, next_check_at, created_at
            from domains
            where team_id = $1 and project_id = $2 and ($3::uuid is null or id < $3) order by id desc limit $4"#,
            team.uuid(),
            project.uuid(),
            before.map(DomainId::uuid),
            limit
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// Has a domain looked at now, also when a look is under way: what it asked DNS may be what was changed since. The look
    /// is that whose `checked_at` is not before the `next_check_at` returned.
    /// None when the project has no such domain.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ask_domain_check(
        &self,
        team: TeamId,
        project: ProjectId,
        hostname: &Hostname,
    ) -> Result<Option<DomainRecord>, StoreError> {
        let row = sqlx::query_as!(
            DomainRow,
            r#"update domains set next_check_at = now() where team_id = $1 and project_id = $2 and hostname = $3
            returning id, hostname, verification_token, verified_at, proof_missing_since,
                finding as "finding: Json<DomainFinding>", checked_at, next_check_at, created_at"#,
            team.uuid(),
            project.uuid(),
            hostname.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        self.announce_domains().await;
        row.map(TryInto::try_into).transpose()
    }

    /// Removes a domain and its route. Returns whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete_domain(
        &self,
        team: TeamId,
        project: ProjectId,
        hostname: &Hostname,
    ) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let deleted = sqlx::query!(
            "delete from domains where team_id = $1 and project_id = $2 and hostname = $3",
            team.uuid(),
            project.uuid(),
            hostname.as_str()
        )
        .execute(&mut *tx)
        .await?;
        if deleted.rows_affected() == 0 {
            return Ok(false);
        }
        let version = routes::remove_route(&mut tx, project, hostname).await?;
        tx.commit().await?;
        self.announce_routes(version).await;
        Ok(true)
    }
}
