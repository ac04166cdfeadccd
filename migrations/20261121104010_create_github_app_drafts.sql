-- GitHub Apps that somebody is about to make: the `state` that GitHub brings back, good once, for one session, for a while.
create table github_app_drafts (
    state_sha256 bytea constraint github_app_drafts_pkey primary key,
    team_id uuid not null constraint github_app_drafts_team_fkey references teams (id) on delete cascade,
    session_id uuid not null constraint github_app_drafts_session_fkey references sessions (id) on delete cascade,
    base_url text not null,
    organization text,
    name text not null,
    expires_at timestamptz not null
);
create index github_app_drafts_by_session on github_app_drafts (session_id);
