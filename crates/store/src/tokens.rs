//! API tokens: made for one user and one team, never able to do more than that user may at the moment.

use aether_models::{ApiToken, Scope, TeamId, TokenId, User, UserId};
use chrono::{DateTime, Utc};

use crate::users::parse_role;
use crate::{Principal, Store, StoreError};

/// A token to make.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Whose it is.
    pub user_id: UserId,
    /// The team it is for.
    pub team_id: TeamId,
    /// Name for people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// SHA-256 of its secret.
    pub secret_sha256: [u8; 32],
    /// Last characters of the secret.
    pub hint: String,
    /// When it stops working.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Who a token stands for, as of now.
#[derive(Debug, Clone)]
pub struct TokenPrincipal {
    /// The token.
    pub token_id: TokenId,
    /// What it is limited to.
    pub scopes: Vec<Scope>,
    /// Its user.
    pub principal: Principal,
}

struct TokenRow {
    id: uuid::Uuid,
    name: String,
    scopes: Vec<String>,
    hint: String,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
}

impl TryFrom<TokenRow> for ApiToken {
    type Error = StoreError;

    fn try_from(row: TokenRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            name: row.name,
            scopes: parse_scopes(&row.scopes)?,
            hint: row.hint,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        })
    }
}

impl Store {
    /// Makes a token.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_token(&self, new: &NewToken) -> Result<ApiToken, StoreError> {
        let scopes: Vec<String> = new.scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
        sqlx::query_as!(
            TokenRow,
            "insert into api_tokens (id, user_id, team_id, name, scopes, secret_sha256, hint, expires_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            returning id, name, scopes, hint, created_at, expires_at, last_used_at",
            TokenId::generate().uuid(),
            new.user_id.uuid(),
            new.team_id.uuid(),
            new.name,
            &scopes,
            new.secret_sha256.as_slice(),
            new.hint,
            new.expires_at
        )
        .fetch_one(&self.pool)
        .await?
        .try_into()
    }

    /// A user's tokens, newest first, those made before `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tokens(
        &self,
        user: UserId,
        before: Option<TokenId>,
        limit: i64,
    ) -> Result<Vec<ApiToken>, StoreError> {
        sqlx::query_as!(
            TokenRow,
            "select id, name, scopes, hint, created_at, expires_at, last_used_at from api_tokens
            where user_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3",
            user.uuid(),
            before.map(TokenId::uuid),
            limit
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// Deletes one of a user's tokens. Returns whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete_token(&self, user: UserId, id: TokenId) -> Result<bool, StoreError> {
        let result = sqlx::query!(
            "delete from api_tokens where user_id = $1 and id = $2",
            user.uuid(),
            id.uuid()
        )
        .execute(&self.pool)
        .await?;
        Ok(result.rows_affected() > 0)
    }

    /// Who a token stands for. Returns none when it does not exist, has expired, or its user has left the team. Notes its
    /// use, to the minute.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn token_principal(
        &self,
        secret_sha256: &[u8; 32],
    ) -> Result<Option<TokenPrincipal>, StoreError> {
        let Some(row) = sqlx::query!(
            r#"select t.id, t.scopes, t.team_id, m.role, u.id as user_id, u.email, u.name, u.instance_owner, u.created_at,
                (t.last_used_at is null or t.last_used_at < now() - interval '1 minute') as "use_is_news!"
            from api_tokens t join users u on u.id = t.user_id
                join team_members m on m.user_id = t.user_id and m.team_id = t.team_id
            where t.secret_sha256 = $1 and (t.expires_at is null or t.expires_at > now())"#,
            secret_sha256.as_slice()
        )
        .fetch_optional(&self.pool)
        .await?
        else {
            return Ok(None);
        };
        if row.use_is_news {
            sqlx::query!("update api_tokens set last_used_at = now() where id = $1", row.id)
                .execute(&self.pool)
                .await?;
        }
        Ok(Some(TokenPrincipal {
            token_id: row.id.into(),
            scopes: parse_scopes(&row.scopes)?,
            principal: Principal {
                user: User {
                    id: row.user_id.into(),
                    email: row.email,
                    name: row.name,
                    instance_owner: row.instance_owner,
                    created_at: row.created_at,
                },
                team_id: row.team_id.into(),
                role: parse_role(&row.role)?,
            },
        }))
    }
}

fn parse_scopes(texts: &[String]) -> Result<Vec<Scope>, StoreError> {
    let parse = |text: &String| text.parse().map_err(|error| StoreError::corrupt("scope", error));
    texts.iter().map(parse).collect()
}
