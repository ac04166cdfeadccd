-- Deployment objects at GitHub, and what they were last said to be.
create table github_deployments (
    deployment_id uuid constraint github_deployments_pkey primary key
        constraint github_deployments_deployment_fkey references deployments (id) on delete cascade,
    -- GitHub's id of the object; none while there is none.
    github_id bigint,
    told text,
    attempts integer not null default 0,
    next_at timestamptz not null default now()
);
create index github_deployments_live on github_deployments (deployment_id) where told = 'success';
