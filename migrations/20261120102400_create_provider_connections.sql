-- How a project reports to its Git provider, and what it has reported. What should be reported is read from deployments and
-- environments themselves, so nothing is lost when a worker ends at any moment; a report sent twice does no harm.
create table provider_connections (
    project_id uuid constraint provider_connections_pkey primary key
        constraint provider_connections_project_fkey references projects (id) on delete cascade,
    team_id uuid not null constraint provider_connections_team_fkey references teams (id),
    forge text not null constraint provider_connections_forge_known check (forge in ('github', 'gitlab', 'gitea', 'bitbucket')),
    api_url text not null,
    -- Access token, sealed (see store/src/secrets.rs).
    token bytea not null,
    -- The provider asked for a pause (rate limit), or nothing goes until then after failures.
    paused_until timestamptz,
    last_error text,
    last_error_at timestamptz,
    created_at timestamptz not null default now()
);

create table deployment_reports (
    deployment_id uuid constraint deployment_reports_pkey primary key
        constraint deployment_reports_deployment_fkey references deployments (id) on delete cascade,
    -- Status of the deployment that the provider was told last.
    reported text,
    attempts integer not null default 0,
    next_at timestamptz not null default now()
);

create table preview_comments (
    environment_id uuid constraint preview_comments_pkey primary key
        constraint preview_comments_environment_fkey references environments (id) on delete cascade,
    -- The provider's id of the comment; none while there is none.
    comment_id text,
    -- Deployment and status that the comment tells of.
    told text,
    attempts integer not null default 0,
    next_at timestamptz not null default now()
);
create index deployments_recent on deployments (created_at);
