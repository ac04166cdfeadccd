-- Append-only: who did what, when, from where, and whether it was allowed. Never a secret value.
create table audit_log (
    id bigint generated always as identity constraint audit_log_pkey primary key,
    at timestamptz not null default now(),
    team_id uuid,
    user_id uuid,
    action text not null,
    target text not null,
    outcome text not null constraint audit_log_outcome_known check (outcome in ('allowed', 'refused')),
    remote_address text not null default '',
    detail jsonb not null default '{}'
);
create index audit_log_team on audit_log (team_id, id);

-- Facts about this instance as a whole (the digest of its one-time set-up token).
create table instance_facts (
    name text constraint instance_facts_pkey primary key,
    value bytea not null,
    created_at timestamptz not null default now()
);
