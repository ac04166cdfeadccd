-- A project's own SSH key, and the key by which its Git server was known at the first visit.
create table deploy_keys (
    project_id uuid constraint deploy_keys_pkey primary key
        constraint deploy_keys_project_fkey references projects (id) on delete cascade,
    team_id uuid not null constraint deploy_keys_team_fkey references teams (id),
    public_key text not null,
    -- In OpenSSH's form, sealed (see store/src/secrets.rs).
    private_key bytea not null,
    host_key text,
    host_key_learned_at timestamptz,
    created_at timestamptz not null default now()
);
