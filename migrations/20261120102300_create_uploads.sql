-- Folders that were sent instead of a repository. A file is kept once per project under its digest, so that only files the
-- project lacks travel; an upload is the list of a folder's files. Both are removed when no deployment needs them any more.
create table upload_files (
    project_id uuid not null constraint upload_files_project_fkey references projects (id) on delete cascade,
    sha256 bytea not null,
    size bigint not null,
    content bytea not null,
    used_at timestamptz not null default now(),
    constraint upload_files_pkey primary key (project_id, sha256)
);
alter table upload_files alter column content set storage external;

create table uploads (
    id uuid constraint uploads_pkey primary key,
    team_id uuid not null constraint uploads_team_fkey references teams (id),
    project_id uuid not null constraint uploads_project_fkey references projects (id) on delete cascade,
    -- SHA-256 of the list: the same folder again is the same upload.
    digest bytea not null,
    entries jsonb not null,
    size bigint not null,
    created_by uuid constraint uploads_created_by_fkey references users (id) on delete set null,
    created_at timestamptz not null default now(),
    used_at timestamptz not null default now(),
    constraint uploads_digest_key unique (project_id, digest)
);
create index uploads_used on uploads (used_at);

-- No foreign key: an old deployment still says that it was made of an upload when that is long gone.
alter table deployments add column upload_id uuid;
create index deployments_upload on deployments (upload_id) where upload_id is not null;
