-- The truth about every deployment, and the queue of the workers: Redis only wakes them.
create table deployments (
    id uuid constraint deployments_pkey primary key,
    team_id uuid not null constraint deployments_team_fkey references teams (id),
    project_id uuid not null constraint deployments_project_fkey references projects (id) on delete cascade,
    environment_id uuid not null constraint deployments_environment_fkey references environments (id) on delete cascade,
    number integer not null,
    status text not null default 'QUEUED' constraint deployments_status_known
        check (status in ('QUEUED', 'BUILDING', 'DEPLOYING', 'READY', 'FAILED', 'CANCELLED', 'SUPERSEDED')),
    trigger text not null constraint deployments_trigger_known check (trigger in ('manual', 'webhook', 'redeploy')),
    git_ref text not null,
    commit_sha text,
    commit_message text,
    commit_author text,
    commit_authored_at timestamptz,
    plan jsonb,
    error jsonb,
    -- What it was made with: the project's settings, and its variables, each value sealed as it was.
    settings jsonb not null,
    env_snapshot jsonb not null,
    idempotency_key text,
    created_by uuid constraint deployments_created_by_fkey references users (id) on delete set null,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    -- The worker that holds it, until when (the database's clock), and the token every write of that worker must show.
    lease_owner text,
    lease_until timestamptz,
    fencing_token bigint not null default 0,
    attempt integer not null default 0,
    cancel_requested boolean not null default false,
    -- When it last began or ceased to be what visitors get; retention keeps those that were live most recently.
    last_live_at timestamptz,
    -- Its files are gone; it can no longer be rolled back to.
    artifact_deleted_at timestamptz,
    constraint deployments_number_key unique (project_id, number),
    constraint deployments_idempotency_key unique (project_id, idempotency_key)
);

-- One deployment at a time builds for an environment.
create unique index deployments_one_running on deployments (environment_id) where status in ('BUILDING', 'DEPLOYING');
create index deployments_queue on deployments (team_id, id) where status = 'QUEUED';
create index deployments_queue_environment on deployments (environment_id, id) where status = 'QUEUED';
create index deployments_lease on deployments (lease_until) where status in ('BUILDING', 'DEPLOYING');
create index deployments_project on deployments (project_id, id);

alter table environments add constraint environments_live_deployment_fkey
    foreign key (live_deployment_id) references deployments (id) on delete set null;

create table deployment_steps (
    deployment_id uuid not null constraint deployment_steps_deployment_fkey references deployments (id) on delete cascade,
    step text not null constraint deployment_steps_step_known
        check (step in ('clone', 'detect', 'install', 'build', 'deploy', 'route')),
    position smallint not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    outcome text constraint deployment_steps_outcome_known
        check (outcome in ('succeeded', 'skipped', 'failed', 'cancelled')),
    error jsonb,
    constraint deployment_steps_pkey primary key (deployment_id, step)
);

create table build_logs (
    deployment_id uuid not null constraint build_logs_deployment_fkey references deployments (id) on delete cascade,
    seq bigint not null,
    at timestamptz not null,
    step text,
    stream text not null constraint build_logs_stream_known check (stream in ('stdout', 'stderr', 'system')),
    text text not null,
    constraint build_logs_pkey primary key (deployment_id, seq)
);
