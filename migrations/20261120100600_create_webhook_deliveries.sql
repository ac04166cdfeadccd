-- Every push that arrived with a valid signature, and what was made of it. The delivery's own id is unique per project and
-- stored in the transaction of the deployment it caused, so a repeated delivery is a no-op and a failed one can be repeated.
create table webhook_deliveries (
    id uuid constraint webhook_deliveries_pkey primary key,
    team_id uuid not null constraint webhook_deliveries_team_fkey references teams (id),
    project_id uuid not null constraint webhook_deliveries_project_fkey references projects (id) on delete cascade,
    delivery_id text not null,
    event text not null,
    payload_sha256 bytea not null,
    payload bytea not null,
    verdict text not null constraint webhook_deliveries_verdict_known check (verdict in ('deployed', 'ignored')),
    reason text not null,
    deployment_id uuid constraint webhook_deliveries_deployment_fkey references deployments (id) on delete set null,
    received_at timestamptz not null default now(),
    constraint webhook_deliveries_delivery_key unique (project_id, delivery_id)
);
create index webhook_deliveries_project on webhook_deliveries (project_id, id);
