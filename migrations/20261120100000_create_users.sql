-- People, the teams they share projects in, and how they prove who they are.
create table users (
    id uuid constraint users_pkey primary key,
    email text not null constraint users_email_is_lower check (email = lower(email)),
    name text not null,
    password_hash text not null,
    instance_owner boolean not null default false,
    created_at timestamptz not null default now(),
    constraint users_email_key unique (email)
);

-- Exactly one person can claim a fresh instance, however many try at once.
create unique index users_one_instance_owner on users (instance_owner) where instance_owner;

create table teams (
    id uuid constraint teams_pkey primary key,
    name text not null,
    created_at timestamptz not null default now()
);

create table team_members (
    team_id uuid not null constraint team_members_team_fkey references teams (id) on delete cascade,
    user_id uuid not null constraint team_members_user_fkey references users (id) on delete cascade,
    role text not null constraint team_members_role_known check (role in ('viewer', 'member', 'owner')),
    created_at timestamptz not null default now(),
    constraint team_members_pkey primary key (team_id, user_id)
);
create index team_members_user on team_members (user_id);

create table invitations (
    id uuid constraint invitations_pkey primary key,
    team_id uuid not null constraint invitations_team_fkey references teams (id) on delete cascade,
    email text not null,
    role text not null constraint invitations_role_known check (role in ('viewer', 'member', 'owner')),
    secret_sha256 bytea not null constraint invitations_secret_key unique,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    accepted_at timestamptz
);
