-- What the last look at a domain's DNS found, when the next one is due, and since when a proof that was there is gone.
alter table domains
    add column finding jsonb,
    add column checked_at timestamptz,
    add column next_check_at timestamptz not null default now(),
    add column proof_missing_since timestamptz;
create index domains_due on domains (next_check_at);
