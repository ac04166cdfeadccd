//! Looks at the DNS of domains: who is due, and what a finding changes.

use std::time::Duration;

use aether_models::{
    AppHosts, DomainFinding, DomainId, EnvironmentId, Hostname, PlatformPage, ProjectId, ProofFinding,
    RouteKind, RouteTarget,
};
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};

use crate::{Conflict, Store, StoreError, routes};

/// A look that was begun and never ended is due again after so long.
const LEASE_SECONDS: f64 = 120.0;

/// A domain whose DNS is to be looked at.
#[derive(Debug, Clone)]
pub struct DueDomain {
    /// Its id.
    pub id: DomainId,
    /// The domain.
    pub hostname: Hostname,
    /// What must stand in its DNS.
    pub verification_token: String,
    /// The project's own host, whose addresses the domain should have.
    pub target: Hostname,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it was taken, which is when the look begins.
    pub taken_at: DateTime<Utc>,
}

/// The result of a look.
#[derive(Debug, Clone)]
pub struct DomainCheck {
    /// The domain looked at.
    pub id: DomainId,
    /// When the look began: somebody who asked for one later gets another.
    pub taken_at: DateTime<Utc>,
    /// What was found.
    pub finding: DomainFinding,
    /// When to look again.
    pub next: Duration,
    /// How long a domain goes on answering after its proof has gone.
    pub grace: Duration,
}

/// What a look has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainOutcome {
    /// Nothing.
    Same,
    /// It answers from now on.
    Verified,
    /// It no longer answers.
    Withdrawn,
    /// It was removed meanwhile, or a look that began later was quicker; the finding is not kept.
    Outdated,
}

struct Judged {
    project_id: ProjectId,
    hostname: Hostname,
    was_verified: bool,
    is_verified: bool,
}

impl Store {
    /// Takes domains that are due, those waiting longest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_due_domains(&self, hosts: &AppHosts, most: i64) -> Result<Vec<DueDomain>, StoreError> {
        let rows = sqlx::query!(
            r#"update domains d set next_check_at = now() + make_interval(secs => $2)
            from (
                select w.id, p.slug from domains w join projects p on p.id = w.project_id
                where w.next_check_at <= now() and p.deleted_at is null
                order by w.next_check_at limit $1 for update of w skip locked
            ) due
            where d.id = due.id
            returning d.id, d.hostname, d.verification_token, d.created_at, due.slug, now() as "taken_at!""#,
            most,
            LEASE_SECONDS
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let slug = row
                    .slug
                    .parse()
                    .map_err(|error| StoreError::corrupt("slug", error))?;
                Ok(DueDomain {
                    id: row.id.into(),
                    hostname: hostname(&row.hostname)?,
                    verification_token: row.verification_token,
                    target: hosts.production(&slug),
                    created_at: row.created_at,
                    taken_at: row.taken_at,
                })
            })
            .collect()
    }

    /// Keeps what was found, and lets the domain answer from now on, or no longer, where that follows.
    ///
    /// # Errors
    /// [`StoreError`]; [`Conflict::DomainTaken`] when another project answers for the host.
    pub async fn record_domain_check(&self, check: &DomainCheck) -> Result<DomainOutcome, StoreError> {
        let mut tx = self.pool.begin().await?;
        // Held to the end: a project that is being deleted must not get a route after its routes were taken away.
        let environment = sqlx::query_scalar!(
            "select e.id from projects p join environments e on e.project_id = p.id and e.kind = 'production'
            where p.id = (select project_id from domains where id = $1) and p.deleted_at is null for share of p",
            check.id.uuid()
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(environment) = environment.map(EnvironmentId::from_uuid) else {
            return Ok(DomainOutcome::Outdated);
        };
        let Some(judged) = judge(&mut tx, check).await? else {
            return Ok(DomainOutcome::Outdated);
        };
        let (outcome, version) = match (judged.was_verified, judged.is_verified) {
            (false, true) => (
                DomainOutcome::Verified,
                Some(answer(&mut tx, environment, &judged).await?),
            ),
            (true, false) => (
                DomainOutcome::Withdrawn,
                Some(routes::remove_route(&mut tx, judged.project_id, &judged.hostname).await?),
            ),
            _ => (DomainOutcome::Same, None),
        };
        tx.commit().await?;
        if let Some(version) = version {
            self.announce_routes(version).await;
        }
        Ok(outcome)
    }
}

/// Writes the finding down. A proof that is gone is forgiven for a while, and DNS that gives no answer says nothing.
async fn judge(
    tx: &mut Transaction<'_, Postgres>,
    check: &DomainCheck,
) -> Result<Option<Judged>, StoreError> {
    let found = check.finding.proof == ProofFinding::Found;
    let gone = matches!(
        check.finding.proof,
        ProofFinding::Missing | ProofFinding::Different { .. }
    );
    let row = sqlx::query!(
        r#"update domains d set finding = $2, checked_at = $7,
            next_check_at = case when d.next_check_at = $7::timestamptz + make_interval(secs => $8)
                then now() + make_interval(secs => $3) else d.next_check_at end,
            verified_at = case when $4 then coalesce(old.verified_at, now()) when old.overdue then null
                else old.verified_at end,
            proof_missing_since = case when $4 or old.overdue or old.verified_at is null then null
                when $5 then coalesce(old.proof_missing_since, now()) else old.proof_missing_since end
        from (
            select id, verified_at, proof_missing_since,
                coalesce($5 and proof_missing_since <= now() - make_interval(secs => $6), false) as overdue
            from domains where id = $1 and (checked_at is null or checked_at <= $7) for update
        ) old
        where d.id = old.id
        returning d.project_id, d.hostname, old.verified_at is not null as "was_verified!",
            d.verified_at is not null as "is_verified!""#,
        check.id.uuid(),
        Json(&check.finding) as _,
        check.next.as_secs_f64(),
        found,
        gone,
        check.grace.as_secs_f64(),
        check.taken_at,
        LEASE_SECONDS
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| {
        Ok(Judged {
            project_id: row.project_id.into(),
            hostname: hostname(&row.hostname)?,
            was_verified: row.was_verified,
            is_verified: row.is_verified,
        })
    })
    .transpose()
}

/// Lets the domain answer with what production shows. The version is taken first: nobody can switch production between
/// the look at its target and the end of the transaction.
async fn answer(
    tx: &mut Transaction<'_, Postgres>,
    environment: EnvironmentId,
    domain: &Judged,
) -> Result<i64, StoreError> {
    let version = routes::next_version(tx).await?;
    let target = sqlx::query_scalar!(
        r#"select target as "target: Json<RouteTarget>" from routes
        where environment_id = $1 and kind = 'production' and not removed limit 1"#,
        environment.uuid()
    )
    .fetch_optional(&mut **tx)
    .await?;
    let not_deployed = RouteTarget::Page {
        page: PlatformPage::NotDeployed,
    };
    let target = target.map_or(not_deployed, |target| target.0);
    let put = routes::put_route(
        tx,
        domain.project_id,
        Some(environment),
        &domain.hostname,
        RouteKind::Domain,
        &target,
        version,
    );
    if put.await? {
        Ok(version)
    } else {
        Err(Conflict::DomainTaken.into())
    }
}

fn hostname(text: &str) -> Result<Hostname, StoreError> {
    text.parse()
        .map_err(|error| StoreError::corrupt("host name", error))
}
