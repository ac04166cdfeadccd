-- A preview follows one branch or one pull request at a host of its own. A removed one keeps its row, because its
-- deployments and their logs refer to it; the same branch or request takes the row up again.
alter table environments
    add column preview_host text,
    add column branch text,
    add column pull_request integer,
    add column title text,
    add column page_url text,
    -- What a deployment of it builds.
    add column git_ref text,
    -- Head that the provider named last; a fork's request is built at exactly the head that a member approved.
    add column head_sha text,
    add column from_fork boolean not null default false,
    add column approved_sha text,
    add column approved_by uuid constraint environments_approved_by_fkey references users (id) on delete set null,
    add column updated_at timestamptz not null default now(),
    add column removed_at timestamptz,
    add column removed_because text constraint environments_removed_because_known
        check (removed_because in ('closed', 'expired', 'asked')),
    add constraint environments_preview_whole
        check (kind = 'production' or (preview_host is not null and git_ref is not null and (branch is null) <> (pull_request is null)));

create unique index environments_host_key on environments (preview_host) where removed_at is null;
create index environments_previews on environments (project_id, updated_at) where kind = 'preview' and removed_at is null;
create index deployments_environment on deployments (environment_id, id);
