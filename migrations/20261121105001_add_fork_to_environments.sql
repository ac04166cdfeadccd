-- Some providers have no ref for the head of a fork's request, and shorten its object id: the fork's own branch is looked at
-- for the whole id before anybody can approve it.
alter table environments
    add column fork_url text,
    add column head_start text,
    add column head_looked_at timestamptz;
