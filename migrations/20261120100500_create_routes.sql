-- Which release answers for which host. `version` is taken from the one row of route_version under its lock, so it grows
-- in commit order and a reader that has version n has seen everything up to n.
create table route_version (
    singleton boolean constraint route_version_pkey primary key default true check (singleton),
    version bigint not null
);
insert into route_version (version) values (0);

create table routes (
    host text constraint routes_pkey primary key,
    project_id uuid not null,
    environment_id uuid,
    -- The release that a host of kind 'deployment' belongs to for ever, also while it shows a page.
    deployment_id uuid,
    kind text not null constraint routes_kind_known check (kind in ('production', 'deployment', 'preview', 'domain')),
    target jsonb not null,
    version bigint not null,
    -- A removed host stays as a tombstone, so that readers learn of the removal.
    removed boolean not null default false,
    updated_at timestamptz not null default now(),
    constraint routes_deployment check ((kind = 'deployment') = (deployment_id is not null))
);
create index routes_version on routes (version);
create index routes_project on routes (project_id);
create index routes_environment on routes (environment_id);
create index routes_deployment on routes (deployment_id) where deployment_id is not null;
