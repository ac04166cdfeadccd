//! Domains of projects' own.

use aether_models::{DomainId, Hostname, ProjectId, TeamId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

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
    /// When it was found there.
    pub verified_at: Option<DateTime<Utc>>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

struct DomainRow {
    id: Uuid,
    hostname: String,
    verification_token: String,
    verified_at: Option<DateTime<Utc>>,
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
            "insert into domains (id, team_id, project_id, hostname, verification_token) values ($1, $2, $3, $4, $5)
            returning id, hostname, verification_token, verified_at, created_at",
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
            "select id, hostname, verification_token, verified_at, created_at from domains
            where team_id = $1 and project_id = $2 and ($3::uuid is null or id < $3) order by id desc limit $4",
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
