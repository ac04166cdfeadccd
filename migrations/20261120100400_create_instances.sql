-- Running copies of server apps. The worker keeps them as the desired state says and adopts them after its own restart.
create table instances (
    id uuid constraint instances_pkey primary key,
    team_id uuid not null constraint instances_team_fkey references teams (id),
    project_id uuid not null constraint instances_project_fkey references projects (id) on delete cascade,
    deployment_id uuid not null constraint instances_deployment_fkey references deployments (id) on delete cascade,
    -- The machine that runs it.
    node text not null,
    runtime text not null constraint instances_runtime_known check (runtime in ('process', 'docker')),
    address text not null,
    port integer not null,
    state text not null constraint instances_state_known
        check (state in ('starting', 'healthy', 'unhealthy', 'crash_looping', 'draining', 'stopped')),
    restarts integer not null default 0,
    last_exit text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    -- Since when no route points at it; it is stopped some time later.
    unrouted_at timestamptz,
    stopped_at timestamptz
);
create unique index instances_port_key on instances (node, port) where stopped_at is null;
create index instances_deployment on instances (deployment_id) where stopped_at is null;

create table runtime_logs (
    id bigint generated always as identity constraint runtime_logs_pkey primary key,
    project_id uuid not null constraint runtime_logs_project_fkey references projects (id) on delete cascade,
    deployment_id uuid not null constraint runtime_logs_deployment_fkey references deployments (id) on delete cascade,
    instance_id uuid not null,
    seq bigint not null,
    at timestamptz not null,
    stream text not null constraint runtime_logs_stream_known check (stream in ('stdout', 'stderr', 'system')),
    text text not null,
    constraint runtime_logs_seq_key unique (instance_id, seq)
);
create index runtime_logs_project on runtime_logs (project_id, id);
