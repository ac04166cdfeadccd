-- Accounts at GitHub on whose repositories an App is installed, as GitHub tells of them.
create table github_installations (
    app_id uuid not null constraint github_installations_app_fkey references github_apps (id) on delete cascade,
    installation_id bigint not null,
    account text not null,
    account_kind text not null,
    repository_selection text not null,
    html_url text not null,
    suspended_at timestamptz,
    -- GitHub's own time of the last change: what comes late and is older changes nothing.
    changed_at timestamptz not null,
    -- Kept as a mark, so that a late delivery does not bring it back: GitHub uses no id twice.
    deleted_at timestamptz,
    constraint github_installations_pkey primary key (app_id, installation_id)
);
