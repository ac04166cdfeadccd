-- Several copies of one release, and where each is reached when that is not its reserved port on loopback: a container
-- has an address of its own.
alter table instances
    add column replica integer not null default 0,
    add column reached_at text;
create unique index instances_copy_key on instances (deployment_id, node, replica) where stopped_at is null;
