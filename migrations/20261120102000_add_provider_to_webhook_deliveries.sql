-- Which provider's form a delivery has, so that a replay reads it the same way; and verdicts about previews.
alter table webhook_deliveries
    add column forge text not null default 'github',
    drop constraint webhook_deliveries_verdict_known,
    add constraint webhook_deliveries_verdict_known
        check (verdict in ('deployed', 'ignored', 'waiting', 'removed'));
