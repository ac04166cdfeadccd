-- A project may have its repository looked at from time to time, for pushes that were never delivered.
alter table projects
    add column polled_at timestamptz,
    -- Head of the production branch at the last look.
    add column polled_sha text;
create index projects_polled on projects (polled_at) where deleted_at is null and (settings ->> 'poll_minutes')::integer > 0;
alter table deployments
    drop constraint deployments_trigger_known,
    add constraint deployments_trigger_known check (trigger in ('manual', 'webhook', 'redeploy', 'poll'));
