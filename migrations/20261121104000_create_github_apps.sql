-- GitHub Apps of teams, made through the manifest flow. Secrets are sealed (see store/src/github_apps.rs).
create table github_apps (
    id uuid constraint github_apps_pkey primary key,
    team_id uuid not null constraint github_apps_team_fkey references teams (id) on delete cascade,
    -- https://github.com, or a GitHub Enterprise.
    base_url text not null,
    -- GitHub's id of the App, unique on its own GitHub only.
    github_id bigint not null,
    slug text not null,
    name text not null,
    owner text not null,
    html_url text not null,
    client_id text not null,
    client_secret bytea not null,
    private_key bytea not null,
    -- None when the App has no webhook, because GitHub cannot reach this instance.
    webhook_secret bytea,
    created_at timestamptz not null default now(),
    constraint github_apps_known unique (base_url, github_id)
);
create index github_apps_by_team on github_apps (team_id);
create index github_apps_by_github_id on github_apps (github_id);
