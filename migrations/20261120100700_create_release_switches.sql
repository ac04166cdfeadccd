-- A wish to make an earlier deployment live whose app is not running: a worker starts it, waits until it is healthy and
-- switches. Static releases and running apps are switched at once and need no row here.
create table release_switches (
    id uuid constraint release_switches_pkey primary key,
    team_id uuid not null constraint release_switches_team_fkey references teams (id),
    environment_id uuid not null constraint release_switches_environment_fkey references environments (id) on delete cascade,
    deployment_id uuid not null constraint release_switches_deployment_fkey references deployments (id) on delete cascade,
    requested_by uuid constraint release_switches_requested_by_fkey references users (id) on delete set null,
    requested_at timestamptz not null default now(),
    -- The environment's live_version when it was asked for: a later switch by somebody else wins.
    live_version bigint not null,
    finished_at timestamptz,
    error jsonb
);
create unique index release_switches_one_open on release_switches (environment_id) where finished_at is null;

-- Dry runs of detection, asked for by the API and done by a worker, which alone may fetch repositories.
create table detections (
    id uuid constraint detections_pkey primary key,
    team_id uuid not null constraint detections_team_fkey references teams (id),
    repo_url text not null,
    repo_credentials bytea,
    -- The credentials belong to this project (part of what they were sealed for).
    project_id uuid constraint detections_project_fkey references projects (id) on delete cascade,
    git_ref text,
    root_dir text not null default '.',
    lease_until timestamptz,
    attempt integer not null default 0,
    result jsonb,
    error jsonb,
    created_at timestamptz not null default now(),
    finished_at timestamptz
);
create index detections_queue on detections (created_at) where finished_at is null;
