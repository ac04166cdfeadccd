-- A sign-in. The access token names it, so ending the session ends the token; the refresh secret rotates, and using an
-- old one again ends the session (it was stolen).
create table sessions (
    id uuid constraint sessions_pkey primary key,
    user_id uuid not null constraint sessions_user_fkey references users (id) on delete cascade,
    refresh_sha256 bytea not null constraint sessions_refresh_key unique,
    previous_refresh_sha256 bytea,
    user_agent text not null default '',
    created_at timestamptz not null default now(),
    rotated_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index sessions_user on sessions (user_id);
create index sessions_previous_refresh on sessions (previous_refresh_sha256);

create table api_tokens (
    id uuid constraint api_tokens_pkey primary key,
    user_id uuid not null constraint api_tokens_user_fkey references users (id) on delete cascade,
    team_id uuid not null constraint api_tokens_team_fkey references teams (id) on delete cascade,
    name text not null,
    scopes text[] not null,
    secret_sha256 bytea not null constraint api_tokens_secret_key unique,
    hint text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    last_used_at timestamptz
);
create index api_tokens_user on api_tokens (user_id, id);
