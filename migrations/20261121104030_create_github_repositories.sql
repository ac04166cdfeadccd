-- Repositories of projects that were picked through a GitHub App: it clones them, hears of their pushes and reports on them.
create table github_repositories (
    project_id uuid constraint github_repositories_pkey primary key
        constraint github_repositories_project_fkey references projects (id) on delete cascade,
    app_id uuid not null constraint github_repositories_app_fkey references github_apps (id) on delete cascade,
    installation_id bigint not null,
    repository_id bigint not null,
    full_name text not null,
    created_at timestamptz not null default now()
);
create index github_repositories_by_repository on github_repositories (app_id, repository_id);
create index github_repositories_by_installation on github_repositories (app_id, installation_id);
comment on column provider_connections.token is 'Access token, sealed; empty when the project''s GitHub App speaks for it.';
