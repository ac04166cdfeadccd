create table projects (
    id uuid constraint projects_pkey primary key,
    team_id uuid not null constraint projects_team_fkey references teams (id),
    slug text not null,
    name text not null,
    repo_url text not null,
    -- User name and password of the repository, sealed (see store/src/secrets.rs).
    repo_credentials bytea,
    branch text,
    settings jsonb not null,
    webhook_secret bytea not null,
    -- Last number given to a deployment; a deployment's host carries it.
    deployment_number integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    -- A deleted project keeps its row until its releases are gone, and its slug is not given to anybody else for a while.
    deleted_at timestamptz
);
create unique index projects_slug_key on projects (slug) where deleted_at is null;
create index projects_team on projects (team_id, id) where deleted_at is null;

create table environments (
    id uuid constraint environments_pkey primary key,
    project_id uuid not null constraint environments_project_fkey references projects (id) on delete cascade,
    kind text not null constraint environments_kind_known check (kind in ('production', 'preview')),
    name text not null,
    live_deployment_id uuid,
    -- Grows with every switch of the live release: the fence of concurrent switches.
    live_version bigint not null default 0,
    created_at timestamptz not null default now(),
    constraint environments_name_key unique (project_id, name)
);
create unique index environments_one_production on environments (project_id) where kind = 'production';

create table env_vars (
    id uuid constraint env_vars_pkey primary key,
    team_id uuid not null constraint env_vars_team_fkey references teams (id),
    project_id uuid not null constraint env_vars_project_fkey references projects (id) on delete cascade,
    name text not null,
    value bytea not null,
    secret boolean not null,
    scope text not null constraint env_vars_scope_known check (scope in ('build', 'runtime', 'all')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint env_vars_name_key unique (project_id, name)
);

create table domains (
    id uuid constraint domains_pkey primary key,
    team_id uuid not null constraint domains_team_fkey references teams (id),
    project_id uuid not null constraint domains_project_fkey references projects (id) on delete cascade,
    hostname text not null constraint domains_hostname_key unique,
    verification_token text not null,
    verified_at timestamptz,
    created_at timestamptz not null default now()
);
create index domains_project on domains (project_id, id);
